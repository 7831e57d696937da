"""What a command would do and what that would cost; nothing is run but a few timed steps, nothing is kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lrlab.config.load import LoadedConfig
from lrlab.launch.conduct import RunOptions
from lrlab.launch.experiment import Experiment
from lrlab.launch.first_batch import check_first_batch
from lrlab.launch.policies_fit import check_policies, updates_of
from lrlab.launch.predict import Prediction, Predictor, total
from lrlab.launch.resume import Changes, compare, find_unfinished
from lrlab.launch.spec import TrialSpec
from lrlab.launch.stand_in import Rehearsal, rehearse
from lrlab.launch.timing import Cost
from lrlab.runs.folder import JOURNAL_NAME
from lrlab.runs.journal import Journal


@dataclass(frozen=True)
class Plan:
    """A dry run's answer.

    Attributes:
        trials: those to run; an experiment that looks at its results may propose more after them.
        done: how many trials of the run to resume have their result.
        changes: what an edited config changes of that run.
        outlook: what an experiment that looks at its results means to propose after these trials; a sentence.
        jobs: trials at once.
        rehearsal: the first trial, built.
        lengths: updates of each trial, at most.
        predictions: what each costs.
        total: what all cost. The start of worker processes, a few seconds each, is not in it.
    """

    experiment: str
    trials: tuple[TrialSpec, ...]
    jobs: int
    rehearsal: Rehearsal
    lengths: tuple[int, ...]
    predictions: tuple[Prediction, ...]
    total: Cost
    done: int = 0
    changes: Changes = ()
    outlook: str = ""

    @property
    def steps(self) -> int:
        """Updates of the first trial, at most."""
        return self.rehearsal.trial.policy.total

    @property
    def batches(self) -> int:
        """Batches of the first trial."""
        return self.steps * self.rehearsal.trial.task.accumulate

    def to_json(self) -> dict[str, Any]:
        """Everything, with stable keys."""
        trial, config = self.rehearsal.trial, self.rehearsal.spec.config
        assert trial.facts is not None
        first = self.predictions[0]
        stored = sum(prediction.checkpoint_bytes for prediction in self.predictions[: len(self.trials)])
        return {
            "experiment": self.experiment,
            "trials": [{"id": spec.id, "seed": spec.seed, "label": spec.label} for spec in self.trials],
            "done": self.done,
            "outlook": self.outlook,
            "changes": {change.key: [change.old, change.new] for change in self.changes},
            "jobs": self.jobs,
            "device": str(trial.task.device),
            "data": {
                "name": config["data"]["name"],
                "present": self.rehearsal.data_present,
                "shape": list(trial.facts.shape),
                "classes": trial.facts.classes,
                **asdict(self.rehearsal.sizes),
            },
            "model": {
                "name": config["model"]["name"],
                "parameters": sum(parameter.numel() for parameter in trial.task.model.parameters()),
            },
            "policy": {
                "name": config["policy"]["name"],
                "knots": [asdict(knot) for knot in trial.policy.knots()],
            },
            "steps": self.steps,
            "lengths": [{"steps": steps, "trials": count} for steps, count in Counter(self.lengths).items()],
            "batches": self.batches,
            "batch_size": config["data"]["batch_size"],
            "images": self.batches * config["data"]["batch_size"],
            "epochs": self.batches / self.rehearsal.sizes.batches,
            "cost": {
                "step": asdict(first.step),
                "trial": asdict(first.trial),
                "total": asdict(self.total),
                "checkpoint_bytes": {"trial": first.checkpoint_bytes, "total": stored},
            },
        }


def make_plan(experiment: Experiment, loaded: LoadedConfig, options: RunOptions) -> Plan:
    """Plan what `execute` would do with the same arguments, and check what it would check.

    Raises:
        LrlabError: what would go wrong before the first trial.
    """
    trials, done, changes = _trials(experiment, loaded, options)
    planned = trials or experiment.propose([])[:1]
    rehearsal = rehearse(planned[0])
    check_first_batch(rehearsal.trial)
    check_policies(planned, rehearsal.sizes.batches)
    lengths = tuple(updates_of(spec, rehearsal.sizes.batches) for spec in planned)
    predictions = tuple(map(Predictor(rehearsal).of, lengths))
    threads = loaded.config.train.threads if rehearsal.trial.task.device.type == "cpu" else None
    costs = [prediction.trial for prediction in predictions[: len(trials)]]
    whole = total(costs, options.jobs, cpu_threads=threads)
    outlook = getattr(experiment, "outlook", "")
    return Plan(
        experiment.name, tuple(trials), options.jobs, rehearsal, lengths, predictions, whole, done, changes, outlook
    )


def _trials(
    experiment: Experiment, loaded: LoadedConfig, options: RunOptions
) -> tuple[Sequence[TrialSpec], int, Changes]:
    """The trials to run, how many are done, and what is edited; reads the run to resume without holding it."""
    if options.resume is None:
        return experiment.propose([]), 0, ()
    found = find_unfinished(experiment.name, loaded, options.root, options.resume)
    changes, remaining = compare(experiment, loaded, found, Journal(found.path / JOURNAL_NAME))
    return remaining.missing, remaining.kept, changes

"""What a command would do and what that would cost; nothing is run but a few timed steps, nothing is kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lrlab.config.load import LoadedConfig
from lrlab.launch.conduct import RunOptions
from lrlab.launch.experiment import Experiment
from lrlab.launch.first_batch import check_first_batch
from lrlab.launch.predict import Prediction, predict, total
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
        prediction: what it costs.
        total: what all cost. The start of worker processes, a few seconds each, is not in it.
    """

    experiment: str
    trials: tuple[TrialSpec, ...]
    jobs: int
    rehearsal: Rehearsal
    prediction: Prediction
    total: Cost
    done: int = 0
    changes: Changes = ()
    outlook: str = ""

    @property
    def steps(self) -> int:
        """Updates of a trial, at most."""
        return self.rehearsal.trial.policy.total

    @property
    def batches(self) -> int:
        """Batches of a trial."""
        return self.steps * self.rehearsal.trial.task.accumulate

    def to_json(self) -> dict[str, Any]:
        """Everything, with stable keys."""
        trial, config = self.rehearsal.trial, self.rehearsal.spec.config
        assert trial.facts is not None
        size = self.prediction.checkpoint_bytes
        return {
            "experiment": self.experiment,
            "trials": [{"id": spec.id, "seed": spec.seed} for spec in self.trials],
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
            "batches": self.batches,
            "batch_size": config["data"]["batch_size"],
            "images": self.batches * config["data"]["batch_size"],
            "epochs": self.batches / self.rehearsal.sizes.batches,
            "cost": {
                "step": asdict(self.prediction.step),
                "trial": asdict(self.prediction.trial),
                "total": asdict(self.total),
                "checkpoint_bytes": {"trial": size, "total": size * len(self.trials)},
            },
        }


def make_plan(experiment: Experiment, loaded: LoadedConfig, options: RunOptions) -> Plan:
    """Plan what `execute` would do with the same arguments, and check what it would check.

    Raises:
        LrlabError: what would go wrong before the first trial.
    """
    trials, done, changes = _trials(experiment, loaded, options)
    rehearsal = rehearse((trials or experiment.propose([]))[0])
    check_first_batch(rehearsal.trial)
    prediction, train = predict(rehearsal), loaded.config.train
    threads = train.threads if rehearsal.trial.task.device.type == "cpu" else None
    whole = total(prediction.trial, len(trials), options.jobs, cpu_threads=threads)
    outlook = getattr(experiment, "outlook", "")
    return Plan(experiment.name, tuple(trials), options.jobs, rehearsal, prediction, whole, done, changes, outlook)


def _trials(
    experiment: Experiment, loaded: LoadedConfig, options: RunOptions
) -> tuple[Sequence[TrialSpec], int, Changes]:
    """The trials to run, how many are done, and what is edited; reads the run to resume without holding it."""
    if options.resume is None:
        return experiment.propose([]), 0, ()
    found = find_unfinished(experiment.name, loaded, options.root, options.resume)
    changes, remaining = compare(experiment, loaded, found, Journal(found.path / JOURNAL_NAME))
    return remaining.missing, remaining.kept, changes

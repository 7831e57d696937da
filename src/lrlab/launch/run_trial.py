"""Run one trial inside a run folder: its rows, its checkpoints, its TensorBoard sub-run."""

import json
import sys
from functools import partial

from lrlab.engine.checkpoint import CheckpointStore
from lrlab.engine.interrupt import StopRequest
from lrlab.errors import InterruptedRunError
from lrlab.launch.assemble import Trial, assemble
from lrlab.launch.progress import StepProgress
from lrlab.launch.recording import RowRecorder, curve_rows
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.sweep import run_sweep
from lrlab.launch.training import Training
from lrlab.optim.form import momentum_form
from lrlab.policies.effective import effective_lr
from lrlab.runs.atomic import write_json
from lrlab.runs.folder import RunFolder
from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import JsonlSink, truncate_after
from lrlab.track.tensorboard import tensorboard_sink


class TrialRunner:
    """Callable on a spec; the driver's way to run a trial in this process.

    Attributes:
        lost: sinks that gave up (a full disk), each a sentence.
    """

    def __init__(self, folder: RunFolder, request: StopRequest, *, quiet: bool = False, resume: bool = False) -> None:
        self._folder, self._request, self._quiet, self._resume = folder, request, quiet, resume
        self.lost: list[str] = []

    def __call__(self, spec: TrialSpec) -> TrialResult:
        """Build the trial and run it.

        Raises:
            InterruptedRunError: the user asked to stop; a training is saved, a sweep starts over on resume.
        """
        trial = assemble(spec)
        write_json(self._folder.trial(spec.id) / "spec.json", spec.to_json())
        result = self._sweep(trial) if spec.sweep else self._train(trial)
        if result.status == "interrupted":
            done = "the sweep of this seed starts over" if spec.sweep else f"saved at step {result.steps}"
            raise InterruptedRunError(
                f"stopped by {self._request.signal.name if self._request.signal else 'request'}: {done}",
                terminated=self._request.terminated,
                hint=f"continue with: lrlab {spec.experiment} --resume {self._folder.path.name}",
            )
        write_json(self._folder.trial(spec.id) / "result.json", result.to_json())
        return result

    def _sweep(self, trial: Trial) -> TrialResult:
        with self._progress(f"range test, seed {trial.spec.seed}", trial) as bar:
            result = run_sweep(trial, observers=[bar], interrupted=self._request)
        if result.status != "interrupted":
            truncate_after(self._folder.trial(trial.spec.id) / "metrics.jsonl", 0)  # left by a sitting cut short
            sinks = self._sinks(trial.spec, None)
            series = result.series
            sinks.rows(curve_rows(series["lr"], series["loss"], series.get("val_loss", [])))
            _describe(sinks, trial, result)
            sinks.close()
        return result

    def _train(self, trial: Trial) -> TrialResult:
        train = trial.train
        assert train is not None
        folder = self._folder.trial(trial.spec.id)
        training = Training(trial, CheckpointStore(folder / "checkpoints", train.checkpoint.keep))
        problems = training.resume() if self._resume else []
        start = training.progress.step
        for problem in problems:
            sys.stderr.write(f"note: {problem}; an older checkpoint is used\n")
        if self._resume:
            truncate_after(folder / "metrics.jsonl", start)
            if not self._quiet and start:
                sys.stderr.write(f"seed {trial.spec.seed}: resumed at step {start} of {trial.policy.total}\n")
        sinks = self._sinks(trial.spec, start + 1 if start else None)
        effective = partial(effective_lr, form=momentum_form(trial.task.optimizer))
        rows = RowRecorder(sinks, "train", train.log_every, effective=effective)
        training.before_save = rows.flush
        try:
            with self._progress(f"seed {trial.spec.seed}", trial) as bar:
                training.observers = [rows, bar]
                result = training.run(self._request)
            if result.status != "interrupted":
                _describe(sinks, trial, result)
        finally:
            rows.flush()
            sinks.close()
        return result

    def _progress(self, label: str, trial: Trial) -> StepProgress:
        return StepProgress(label, trial.policy.total, quiet=self._quiet)

    def _sinks(self, spec: TrialSpec, purge_step: int | None) -> GuardedSinks:
        """The trial's rows as JSON lines (the truth) and in TensorBoard (a view)."""
        jsonl = JsonlSink(self._folder.trial(spec.id) / "metrics.jsonl")
        return GuardedSinks([jsonl, tensorboard_sink(self._folder.tb(spec.id), purge_step)], self._on_lost)

    def _on_lost(self, sentence: str) -> None:
        self.lost.append(sentence)
        sys.stderr.write(f"warning: {sentence}\n")


def _describe(sinks: GuardedSinks, trial: Trial, result: TrialResult) -> None:
    """Config as text, and what TensorBoard's hparams page shows of the trial."""
    config = trial.spec.config
    sinks.text("config", "```json\n" + json.dumps(config, indent=2, default=str) + "\n```")
    shown = {name: config[name] for name in ("data", "model", "init", "optimizer", "policy") if name in config}
    sinks.hparams(
        {**shown, "seed": trial.spec.seed},
        {name: value for name, value in result.metrics.items() if value - value == 0},
    )

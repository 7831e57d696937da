"""Run one trial inside a run folder: its rows, its checkpoints, its TensorBoard sub-run."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lrlab.analysis.climb import smoothed
from lrlab.engine.checkpoint import CheckpointStore
from lrlab.engine.memory import memory_explained
from lrlab.errors import RunBusyError
from lrlab.launch.assemble import Trial, assemble
from lrlab.launch.progress import Listener, trial_label
from lrlab.launch.recording import RowRecorder, curve_rows
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.sweep import run_sweep
from lrlab.launch.training import Training
from lrlab.optim.form import momentum_form
from lrlab.policies.effective import effective_lr
from lrlab.runs.atomic import write_json
from lrlab.runs.folder import RESULT_NAME, RunPaths, read_object
from lrlab.runs.lock import FolderLock
from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import JsonlSink, truncate_after
from lrlab.track.sink import Row
from lrlab.track.tensorboard import tensorboard_sink

_PATIENCE = 30.0  # seconds; a worker whose parent was killed finishes its step, saves, and lets go


class TrialRunner:
    """Callable on a spec; the way to run a trial in this process, whichever that is.

    A training goes on from the newest checkpoint in its folder, if there is one. A trial whose result is there, since
    only its driver was killed, is not run again.
    """

    def __init__(
        self, run: RunPaths, listener: Listener, interrupted: Callable[[], bool], *, strict: bool = False
    ) -> None:
        self._run, self._listener, self._interrupted, self._strict = run, listener, interrupted, strict

    def __call__(self, spec: TrialSpec) -> TrialResult:
        """Build the trial and run it. When the user stops it, a training is saved and a sweep starts over on resume.

        Raises:
            ResourceError: out of memory.
            RunBusyError: a process that an earlier sitting left behind still works on this trial.
        """
        folder = self._run.trial(spec.id)
        with _held(folder):
            if (kept := self._kept(folder)) is not None:
                return kept
            trial = assemble(spec)
            write_json(folder / "spec.json", spec.to_json())
            with memory_explained(trial.task.device, int(spec.config["data"]["batch_size"])):
                result = self._sweep(trial, folder) if spec.sweep else self._train(trial, folder)
            if result.status != "interrupted":
                write_json(folder / RESULT_NAME, result.to_json())
        return result

    def _kept(self, folder: Path) -> TrialResult | None:
        """The result an earlier sitting left; None where there is none, or only a damaged one."""
        try:
            found = read_object(folder / RESULT_NAME)
            return TrialResult.from_json(found) if found else None
        except (ValueError, KeyError, TypeError) as error:
            self._listener.warn(f"note: the result of {folder.name} is damaged ({error}); the trial is run again")
            return None

    def _sweep(self, trial: Trial, folder: Path) -> TrialResult:
        with self._listener.progress(trial.spec, trial.policy.total) as bar:
            result = run_sweep(trial, observers=[bar], interrupted=self._interrupted)
        if result.status != "interrupted":
            truncate_after(folder / "metrics.jsonl", 0)  # left by a sitting cut short
            sinks = self._sinks(trial.spec, 0)
            sinks.rows(_curves(trial.spec, result))
            _describe(sinks, trial, result)
            sinks.close()
        return result

    def _train(self, trial: Trial, folder: Path) -> TrialResult:
        train = trial.train
        assert train is not None
        training = Training(trial, CheckpointStore(folder / "checkpoints", train.checkpoint.keep))
        for note in training.resume(strict=self._strict):
            self._listener.warn(f"note: {note}")
        start = training.progress.step
        truncate_after(folder / "metrics.jsonl", start)
        if start:
            self._listener.say(f"{trial_label(trial.spec)}: resumed at step {start} of {trial.policy.total}")
        sinks = self._sinks(trial.spec, start)
        effective = partial(effective_lr, form=momentum_form(trial.task.optimizer))
        rows = RowRecorder(sinks, "train", train.log_every, effective=effective)
        training.before_save = rows.flush
        try:
            with self._listener.progress(trial.spec, trial.policy.total) as bar:
                training.observers = [rows, bar]
                result = training.run(self._interrupted)
            if result.status != "interrupted":
                _describe(sinks, trial, result)
        finally:
            rows.flush()
            sinks.close()
        return result

    def _sinks(self, spec: TrialSpec, start: int) -> GuardedSinks:
        """The trial's rows as JSON lines (the truth) and in TensorBoard (a view), from step `start` on."""
        jsonl = JsonlSink(self._run.trial(spec.id) / "metrics.jsonl")
        board = self._run.tb(spec.id)
        purge_step = start + 1 if any(board.iterdir()) else None  # an earlier attempt may have got further
        return GuardedSinks([jsonl, tensorboard_sink(board, purge_step)], self._listener.lost)


def _curves(spec: TrialSpec, result: TrialResult) -> list[Row]:
    """A sweep's rows; a climb's also have the smoothed loss, which is what it is judged by."""
    if not spec.climb:
        return curve_rows(result.series)
    return curve_rows({**result.series, "smoothed": smoothed(result.series["loss"])}, "climb")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Be the only process that works on a trial."""
    patience = time.monotonic() + _PATIENCE
    while True:
        try:
            lock = FolderLock(folder)
            break
        except RunBusyError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.release()


def _describe(sinks: GuardedSinks, trial: Trial, result: TrialResult) -> None:
    """Config as text, and what TensorBoard's hparams page shows of the trial."""
    config = trial.spec.config
    sinks.text("config", "```json\n" + json.dumps(config, indent=2, default=str) + "\n```")
    shown = {name: config[name] for name in ("data", "model", "init", "optimizer", "policy") if name in config}
    sinks.hparams(
        {**shown, "seed": trial.spec.seed},
        {name: value for name, value in result.metrics.items() if value - value == 0},
    )

"""One training: the loop with validation, checkpoints, resume and a test at the end."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from lrlab.analysis.divergence import StopReason
from lrlab.engine.actions import At, Every
from lrlab.engine.batches import EpochSource, EpochStream
from lrlab.engine.checkpoint import CheckpointStore
from lrlab.engine.early_stop import EarlyStop
from lrlab.engine.evaluate import evaluate
from lrlab.engine.loop import Action, LoopEnd, run_loop
from lrlab.engine.records import EvalRecord, Observer
from lrlab.engine.state import Progress, capture_state, restore_state, weights
from lrlab.errors import CheckpointError
from lrlab.launch.assemble import Trial
from lrlab.launch.cadence import steps_between
from lrlab.launch.origin import STRICT_HINT, check_origin, origin_of
from lrlab.launch.outcome import training_result
from lrlab.launch.saving import Saver
from lrlab.launch.spec import TrialResult

_EARLY = (StopReason.TARGET, StopReason.EARLY_STOP)  # ends that a validation decides


def stop_on_non_finite(loss: float) -> StopReason | None:
    """A NaN or an infinite loss never comes back."""
    return None if math.isfinite(loss) else StopReason.NON_FINITE


@dataclass
class Training:
    """A trial being trained.

    Attributes:
        store: where checkpoints go; None keeps none.
        observers: see every record; `before_save` is called before each checkpoint, so that what they buffer is
            on disk first.
    """

    trial: Trial
    store: CheckpointStore | None = None
    observers: Sequence[Observer] = ()
    before_save: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        assert self.trial.train is not None, "a training needs the train section of its config"
        self.train = self.trial.train
        early = self.train.early_stop
        self.progress = Progress(early_stop=EarlyStop(early.patience, early.min_delta))
        self.saver = Saver(self.store)
        self._began = time.perf_counter()

    def resume(self, *, strict: bool = False) -> list[str]:
        """Continue from the newest whole checkpoint, if there is one; returns what the user should know of it.

        Raises:
            CheckpointError: every checkpoint is damaged, or they are another config's or another model's. With
                `strict` also where an older one would have to do, or the bits may differ.
        """
        if self.store is None:
            return []
        notes = [f"{name}: left by a write that was cut short; removed" for name in self.store.clear()]
        found = self.store.latest()
        if found is None:
            return notes
        state, problems = found
        doubts = [f"{problem}; an older checkpoint is used" for problem in problems]
        doubts += check_origin(state.get("origin", {}), self.trial)
        if strict and doubts:
            raise CheckpointError("; ".join(doubts), hint=STRICT_HINT)
        restore_state(self.trial.task, self.progress, state)
        assert isinstance(self.trial.stream, EpochStream)
        self.trial.stream.seek(self.progress.batches)
        self.store.set_aside_after(self.progress.step)
        return notes + doubts

    def run(self, interrupted: Callable[[], bool] = lambda: False) -> TrialResult:
        """Train to the end of the policy, a target, the end of patience, a divergence or an interruption."""
        cpu, earlier = time.process_time(), self.progress.seconds
        self._began = time.perf_counter() - earlier
        if self.progress.step == 0:
            self.saver("the initial weights", lambda store: store.save_initial(weights(self.trial.task)))
        end = self._loop(interrupted)
        self.progress.step, self.progress.batches = end.step, self.trial.stream.consumed
        if end.reason in (StopReason.INTERRUPTED, *_EARLY) and self.saver.latest != end.step:
            self.save(end.step)
        if end.reason in (StopReason.END, *_EARLY) and self.trial.test is not None:
            self._evaluate(self.trial.test, "test", end.step)
        for observer in self.observers:
            observer.on_end(end.reason.value, self.trial.task)
        seconds = (time.perf_counter() - self._began, time.process_time() - cpu)
        return training_result(self.trial, self.progress, end.reason, self.saver, seconds)

    def save(self, step: int) -> StopReason | None:
        """Checkpoint, unless the weights are no longer finite: the last good one stays the last."""
        if self.store is None or not all(bool(p.isfinite().all()) for p in self.trial.task.model.parameters()):
            return None
        self.before_save()
        self.progress.step, self.progress.batches = step, self.trial.stream.consumed
        self.progress.seconds = time.perf_counter() - self._began
        state = capture_state(self.trial.task, self.progress, origin_of(self.trial))
        if self.saver(f"the checkpoint of step {step}", lambda store: store.save_step(step, state)):
            self.saver.latest = step
        return None

    def _loop(self, interrupted: Callable[[], bool]) -> LoopEnd:
        if self.progress.ended is not None:  # saved by a sitting that was killed after its last step
            return LoopEnd(self.progress.step, StopReason(self.progress.ended))
        return run_loop(
            self.trial.task,
            self.trial.policy,
            self.trial.stream,
            start=self.progress.step,
            rules=[stop_on_non_finite],
            actions=self._actions(),
            observers=self.observers,
            interrupted=interrupted,
        )

    def _actions(self) -> list[Action]:
        total, per_epoch = self.trial.policy.total, self._steps_per_epoch()
        often = partial(steps_between, total=total, steps_per_epoch=per_epoch)
        actions: list[Action] = []
        if self.trial.val is not None:
            actions.append(At(Every(often(self.train.validate_every), total).due, self._validate))
        if self.store is not None:
            checkpoint = self.train.checkpoint
            actions.append(At(Every(often(checkpoint.every), total).due, self.save))
            actions.append(At(set(checkpoint.snapshots).__contains__, self._snapshot))
        return actions

    def _steps_per_epoch(self) -> Fraction:
        return Fraction(self.trial.batches_per_epoch or 1, self.trial.task.accumulate)

    def _validate(self, step: int) -> StopReason | None:
        assert self.trial.val is not None
        record = self._evaluate(self.trial.val, "val", step)
        metric = record.accuracy if self.train.early_stop.metric == "accuracy" else None
        value = -record.loss if metric is None else metric
        if math.isfinite(value) and (self.progress.best is None or value > self.progress.best[1]):
            self.progress.best = (step, value)
            state = {"model": weights(self.trial.task), "metric": value}
            self.saver(f"the best weights, of step {step},", lambda store: store.save_best(step, state))
        reason = self._enough(record, value)
        self.progress.ended = reason.value if reason is not None else None
        return reason

    def _enough(self, record: EvalRecord, value: float) -> StopReason | None:
        waited_out = self.progress.early_stop.update(value)
        target = self.train.stop_at_accuracy
        if target is not None and record.accuracy is not None and record.accuracy >= target:
            return StopReason.TARGET
        return StopReason.EARLY_STOP if waited_out and record.step < self.trial.policy.total else None

    def _evaluate(self, source: EpochSource, split: str, step: int) -> EvalRecord:
        record = evaluate(self.trial.task, source, split=split, step=step, epoch=self.trial.stream.epoch)
        self.progress.extra[f"{split}_loss"] = record.loss
        if record.accuracy is not None:
            self.progress.extra[f"{split}_accuracy"] = record.accuracy
        for observer in self.observers:
            observer.on_evaluation(record, self.trial.task)
        return record

    def _snapshot(self, step: int) -> StopReason | None:
        self.saver(f"the snapshot of step {step}", lambda store: store.save_snapshot(step, weights(self.trial.task)))
        return None

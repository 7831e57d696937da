"""One training: the loop with validation, checkpoints, resume and a test at the end."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lrlab.analysis.divergence import StopReason
from lrlab.engine.batches import EpochSource, EpochStream
from lrlab.engine.checkpoint import CheckpointStore
from lrlab.engine.evaluate import EvaluateAction, Every, evaluate
from lrlab.engine.loop import Action, run_loop
from lrlab.engine.records import EvalRecord, Observer
from lrlab.engine.state import Progress, capture_state, restore_state, weights
from lrlab.launch.assemble import Trial
from lrlab.launch.spec import TrialResult


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
        self.progress = Progress()
        self._began = time.perf_counter()

    def resume(self) -> list[str]:
        """Continue from the newest whole checkpoint, if there is one; returns what was wrong with newer ones.

        Raises:
            CheckpointError: every checkpoint is damaged, or they are another model's.
        """
        found = self.store.latest() if self.store else None
        if found is None:
            return []
        state, problems = found
        restore_state(self.trial.task, self.progress, state)
        assert isinstance(self.trial.stream, EpochStream)
        self.trial.stream.seek(self.progress.step * self.trial.task.accumulate)
        return problems

    def run(self, interrupted: Callable[[], bool] = lambda: False) -> TrialResult:
        """Train to the end of the policy, a target, a divergence or an interruption."""
        cpu, earlier = time.process_time(), self.progress.seconds
        self._began = time.perf_counter() - earlier
        if self.store and self.progress.step == 0:
            self.store.save_initial(weights(self.trial.task))
        end = run_loop(
            self.trial.task,
            self.trial.policy,
            self.trial.stream,
            start=self.progress.step,
            rules=[stop_on_non_finite],
            actions=self._actions(),
            observers=self.observers,
            interrupted=interrupted,
        )
        self.progress.step = end.step
        if end.reason in (StopReason.INTERRUPTED, StopReason.TARGET):
            self.save(end.step)
        if end.reason in (StopReason.END, StopReason.TARGET) and self.trial.test is not None:
            self._evaluate(self.trial.test, "test", end.step)
        for observer in self.observers:
            observer.on_end(end.reason.value, self.trial.task)
        return self._result(end.reason, end.step, time.process_time() - cpu)

    def save(self, step: int) -> StopReason | None:
        """Checkpoint, unless the weights are no longer finite: the last good one stays the last."""
        if self.store is None or not all(bool(p.isfinite().all()) for p in self.trial.task.model.parameters()):
            return None
        self.before_save()
        self.progress.step = step
        self.progress.seconds = time.perf_counter() - self._began
        self.store.save_step(step, capture_state(self.trial.task, self.progress))
        return None

    def _actions(self) -> list[Action]:
        total, per_epoch = self.trial.policy.total, self._steps_per_epoch()
        actions: list[Action] = []
        if self.trial.val is not None:
            schedule = Every(self.train.validate_every or per_epoch, total)
            actions.append(EvaluateAction(schedule, self._validate, self.train.stop_at_accuracy))
        if self.store is not None:
            checkpoint = self.train.checkpoint
            actions.append(_At(Every(checkpoint.every or per_epoch, total).due, self.save))
            actions.append(_At(set(checkpoint.snapshots).__contains__, self._snapshot))
        return actions

    def _steps_per_epoch(self) -> int:
        return max(1, (self.trial.batches_per_epoch or 1) // self.trial.task.accumulate)

    def _validate(self, step: int) -> EvalRecord:
        assert self.trial.val is not None
        record = self._evaluate(self.trial.val, "val", step)
        metric = -record.loss if record.accuracy is None else record.accuracy
        if math.isfinite(metric) and (self.progress.best is None or metric > self.progress.best[1]):
            self.progress.best = (step, metric)
            if self.store is not None:
                self.store.save_best(step, {"model": weights(self.trial.task), "metric": metric})
        return record

    def _evaluate(self, source: EpochSource, split: str, step: int) -> EvalRecord:
        record = evaluate(self.trial.task, source, split=split, step=step, epoch=self.trial.stream.epoch)
        self.progress.extra[f"{split}_loss"] = record.loss
        if record.accuracy is not None:
            self.progress.extra[f"{split}_accuracy"] = record.accuracy
        for observer in self.observers:
            observer.on_evaluation(record, self.trial.task)
        return record

    def _snapshot(self, step: int) -> StopReason | None:
        assert self.store is not None
        self.store.save_snapshot(step, weights(self.trial.task))
        return None

    def _result(self, reason: StopReason, steps: int, cpu_seconds: float) -> TrialResult:
        metrics = dict(self.progress.extra)
        if self.progress.best is not None:
            metrics["best_val_step"], metrics["best_val_metric"] = map(float, self.progress.best)
        status = {StopReason.NON_FINITE: "diverged", StopReason.INTERRUPTED: "interrupted"}.get(reason, "completed")
        return TrialResult(
            id=self.trial.spec.id,
            seed=self.trial.spec.seed,
            status=status,  # type: ignore[arg-type]
            reason=reason.value,
            steps=steps,
            metrics=metrics,
            seconds=time.perf_counter() - self._began,
            cpu_seconds=cpu_seconds,
        )


@dataclass(frozen=True)
class _At:
    """Do something at some steps."""

    when: Callable[[int], bool]
    do: Callable[[int], StopReason | None]

    def due(self, step: int) -> bool:
        return self.when(step)

    def __call__(self, step: int) -> StopReason | None:
        return self.do(step)

"""One trial of a range test: lr rises, every loss is kept, the weights are thrown away."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lrlab.analysis.climb import ClimbRule
from lrlab.analysis.divergence import DivergenceRule, StopReason
from lrlab.engine.batches import BatchStream, LoaderStream
from lrlab.engine.evaluate import eval_mode
from lrlab.engine.loop import StopRule, run_loop
from lrlab.engine.records import Observer
from lrlab.engine.task import Task
from lrlab.launch.assemble import Trial
from lrlab.launch.critical import critical_lr_of
from lrlab.launch.recording import CurveRecorder
from lrlab.launch.spec import TrialResult, TrialSpec


@dataclass
class ValidationLoss:
    """After each update, the loss of the next validation mini-batch; read by the host when the sweep is over.

    One mini-batch, not the split: the cost stays that of a forward pass (fastai 0.7's `lr_find2`).
    """

    task: Task
    stream: BatchStream
    losses: list[Tensor] = field(default_factory=list)

    def due(self, step: int) -> bool:
        """After every update."""
        return True

    def __call__(self, step: int) -> StopReason | None:
        """Keep the loss on the device; the generators that dropout and shuffling use are left alone."""
        with torch.random.fork_rng(devices=[]), eval_mode(self.task):
            outputs, targets = self.task.forward(next(self.stream))
            self.losses.append(self.task.eval_loss(outputs, targets))
        return None

    def values(self) -> list[float]:
        """The losses as host numbers."""
        return torch.stack(self.losses).tolist() if self.losses else []


def run_sweep(
    trial: Trial, *, observers: Sequence[Observer] = (), interrupted: Callable[[], bool] = lambda: False
) -> TrialResult:
    """Run one sweep to its end, its divergence, its target, or the end of its data."""
    began, cpu = time.perf_counter(), time.process_time()
    metrics = {"critical_lr": critical_lr_of(trial)} if "critical_lr" in trial.spec.measures else {}
    curve = CurveRecorder()
    validation = ValidationLoss(trial.task, trial.val_stream) if trial.val_stream is not None else None
    end = run_loop(
        trial.task,
        trial.policy,
        trial.stream,
        rules=_rules(trial.spec),
        actions=[validation] if validation else [],
        observers=[curve, *observers],
        interrupted=interrupted,
    )
    for observer in observers:
        observer.on_end(end.reason.value, trial.task)
    series = curve.series | ({"val_loss": validation.values()} if validation else {})
    if curve.losses:
        metrics["best_loss"] = min(curve.losses)
    if trial.batches_per_epoch is not None and "epoch" in trial.spec.measures:
        metrics["steps_per_epoch"] = trial.batches_per_epoch / trial.task.accumulate
    if trial.chance is not None and trial.spec.climb:
        metrics["chance"] = trial.chance
    if trial.task.scaler is not None:
        metrics["overflows"] = float(trial.task.scaler.overflows)
    if isinstance(trial.stream, LoaderStream):
        metrics |= {"batches": float(trial.stream.consumed), "images": float(trial.stream.samples)}
    return TrialResult(
        id=trial.spec.id,
        seed=trial.spec.seed,
        status="interrupted" if end.reason is StopReason.INTERRUPTED else "completed",
        reason=end.reason.value,
        steps=len(curve.losses),
        metrics=metrics,
        series=series,
        seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - cpu,
    )


def _rules(spec: TrialSpec) -> list[StopRule]:
    """What ends the sweep before its policy does."""
    if not spec.climb:
        return [DivergenceRule(check_rise=spec.stop_on_rise).update]
    return [ClimbRule(spec.target).update, *([Cap(spec.cap).update] if spec.cap else [])]


class Cap:
    """Ends a sweep after so many updates."""

    def __init__(self, cap: int) -> None:
        self._left = cap

    def update(self, loss: float) -> StopReason | None:
        """Count one."""
        self._left -= 1
        return StopReason.END if self._left <= 0 else None

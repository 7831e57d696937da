"""One trial of a range test: lr rises, every loss is kept, the weights are thrown away."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lrlab.analysis.divergence import DivergenceRule, StopReason
from lrlab.engine.batches import BatchStream, LoaderStream
from lrlab.engine.evaluate import eval_mode
from lrlab.engine.loop import run_loop
from lrlab.engine.records import Observer
from lrlab.engine.task import Task
from lrlab.launch.assemble import Trial
from lrlab.launch.recording import CurveRecorder
from lrlab.launch.spec import TrialResult


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
    """Run one sweep to its end, its divergence, or the end of its data."""
    began, cpu = time.perf_counter(), time.process_time()
    curve, rule = CurveRecorder(), DivergenceRule(check_rise=trial.spec.stop_on_rise)
    validation = ValidationLoss(trial.task, trial.val_stream) if trial.val_stream is not None else None
    end = run_loop(
        trial.task,
        trial.policy,
        trial.stream,
        rules=[rule.update],
        actions=[validation] if validation else [],
        observers=[curve, *observers],
        interrupted=interrupted,
    )
    for observer in observers:
        observer.on_end(end.reason.value, trial.task)
    series = curve.series | ({"val_loss": validation.values()} if validation else {})
    metrics = {"best_loss": min(curve.losses)} if curve.losses else {}
    if trial.task.scaler is not None:
        metrics["overflows"] = float(trial.task.scaler.overflows)
    if isinstance(trial.stream, LoaderStream):
        metrics["batches"] = float(trial.stream.consumed)
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

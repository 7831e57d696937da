"""A short training on live parts: no checkpoints, no test, one number at the end."""

import statistics
import time
from collections.abc import Callable, Sequence

from lrlab.analysis.divergence import BROKEN, StopReason
from lrlab.engine.batches import LoaderStream
from lrlab.engine.evaluate import evaluate
from lrlab.engine.loop import run_loop
from lrlab.engine.records import Observer
from lrlab.launch.assemble import Trial
from lrlab.launch.recording import CurveRecorder
from lrlab.launch.spec import Status, TrialResult
from lrlab.launch.training import stop_on_non_finite

LAST = 10  # the mean loss of this share of the updates stands for the training where nothing is validated


def run_live_training(
    trial: Trial, *, observers: Sequence[Observer] = (), interrupted: Callable[[], bool] = lambda: False
) -> TrialResult:
    """Train to the end of the policy, then evaluate `trial.val`.

    The metrics are `val_loss` and, with a `correct_fn`, `val_accuracy`; without a split `train_loss`, the mean of the
    last tenth of the updates.
    """
    began, cpu = time.perf_counter(), time.process_time()
    curve = CurveRecorder()
    end = run_loop(
        trial.task,
        trial.policy,
        trial.stream,
        rules=[stop_on_non_finite],
        observers=[curve, *observers],
        interrupted=interrupted,
    )
    metrics = {"images": float(trial.stream.samples)} if isinstance(trial.stream, LoaderStream) else {}
    if end.reason is StopReason.END and trial.val is not None:
        record = evaluate(trial.task, trial.val, split="val", step=end.step, epoch=trial.stream.epoch)
        metrics["val_loss"] = record.loss
        if record.accuracy is not None:
            metrics["val_accuracy"] = record.accuracy
    elif end.reason is StopReason.END:
        metrics["train_loss"] = statistics.fmean(curve.losses[-max(1, len(curve.losses) // LAST) :])
    status: Status = "interrupted" if end.reason is StopReason.INTERRUPTED else "completed"
    return TrialResult(
        id=trial.spec.id,
        seed=trial.spec.seed,
        status="diverged" if end.reason in BROKEN else status,
        reason=end.reason.value,
        steps=len(curve.losses),
        metrics=metrics,
        seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - cpu,
    )

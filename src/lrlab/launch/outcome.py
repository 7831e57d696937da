"""What came of a training."""

from lrlab.analysis.divergence import BROKEN, StopReason
from lrlab.engine.state import Progress
from lrlab.launch.assemble import Trial
from lrlab.launch.saving import Saver
from lrlab.launch.spec import Status, TrialResult


def training_result(
    trial: Trial, progress: Progress, reason: StopReason, saver: Saver, seconds: tuple[float, float]
) -> TrialResult:
    """The result of a training that ended at `progress.step`; `seconds` are wall-clock and process time."""
    status: Status = "interrupted" if reason is StopReason.INTERRUPTED else "completed"
    return TrialResult(
        id=trial.spec.id,
        seed=trial.spec.seed,
        status="diverged" if reason in BROKEN else status,
        reason=reason.value,
        steps=progress.step,
        metrics=_metrics(trial, progress),
        seconds=seconds[0],
        cpu_seconds=seconds[1],
        notes=_notes(trial, progress.step, reason, saver),
        lost=saver.lost,
        val_size=trial.facts.val_size if trial.facts is not None and trial.val is not None else 0,
        test_size=trial.facts.test_size if trial.facts is not None and trial.test is not None else 0,
    )


def _metrics(trial: Trial, progress: Progress) -> dict[str, float]:
    """The last validation's numbers, the best one's, and the test's; the test is made with the last step's weights."""
    assert trial.train is not None
    metrics = dict(progress.extra)
    if progress.best is not None:
        step, value = progress.best
        name = trial.train.early_stop.metric
        metrics["best_val_step"] = float(step)
        metrics[f"best_val_{name}"] = -value if name == "loss" else value
    if trial.task.scaler is not None:
        metrics["overflows"] = float(trial.task.scaler.overflows)
    return metrics


def _notes(trial: Trial, step: int, reason: StopReason, saver: Saver) -> tuple[str, ...]:
    train = trial.train
    assert train is not None
    where = f"at step {step} of {trial.policy.total}"
    if reason is StopReason.INTERRUPTED:
        if saver.latest == step:
            return (f"saved at step {step}",)
        return tuple(saver.failures[-1:]) or (f"not saved {where}: the weights are not finite",)
    if reason is StopReason.OVERFLOW:
        return (f"gradients overflowed fp16 {where}, batch after batch",)
    if reason is StopReason.EARLY_STOP:
        early = train.early_stop
        why = f"{early.patience} validations in a row without a better {early.metric}"
    elif reason is StopReason.TARGET:
        why = f"validation accuracy reached {train.stop_at_accuracy}"
    else:
        return ()
    return (f"stopped {where}{', before the end of its policy' if step < trial.policy.total else ''}: {why}",)

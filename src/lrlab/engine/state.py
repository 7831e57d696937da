"""The whole state of a training between two updates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lrlab.engine.early_stop import EarlyStop
from lrlab.engine.seeding import capture_rng, restore_rng
from lrlab.engine.task import Task
from lrlab.errors import CheckpointError


@dataclass
class Progress:
    """What a training knows of itself beside its tensors.

    Attributes:
        step: updates done.
        batches: batches consumed; more than `step` times the micro-batches of an update where fp16 overflowed.
        best: (step, value) of the best validation metric so far, higher is better.
        early_stop: the best validation it knows, and how many have passed since.
        ended: why it ended before the policy did; None while it has not.
        seconds: time spent training, over all its sittings.
        extra: the latest validation and test numbers by name.
    """

    step: int = 0
    batches: int = 0
    best: tuple[int, float] | None = None
    early_stop: EarlyStop = field(default_factory=EarlyStop)
    ended: str | None = None
    seconds: float = 0.0
    extra: dict[str, float] = field(default_factory=dict)


def capture_state(task: Task, progress: Progress, origin: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Model (all buffers, also non-persistent ones), optimizer, loss scaler, generators and progress.

    Tensors and plain data only, safe for `weights_only`. `origin` says where the state comes from.
    """
    return {
        "model": weights(task),
        "optimizer": task.optimizer.state_dict(),
        "scaler": task.scaler.state_dict() if task.scaler is not None else None,
        "progress": {
            "step": progress.step,
            "batches": progress.batches,
            "best": list(progress.best) if progress.best else None,
            "early_stop": [progress.early_stop.best, progress.early_stop.waited],
            "ended": progress.ended,
            "seconds": progress.seconds,
            "extra": dict(progress.extra),
        },
        "origin": dict(origin or {}),
        "rng": capture_rng(),
    }


def weights(task: Task) -> dict[str, Tensor]:
    """Parameters and all buffers by name."""
    tensors = dict(task.model.state_dict())
    tensors.update({name: buffer for name, buffer in task.model.named_buffers() if name not in tensors})
    return tensors


def restore_state(task: Task, progress: Progress, state: Mapping[str, Any]) -> None:
    """Put a captured state back; the generators come last, after everything that might draw from them.

    A state of checkpoint format 1 has no scaler, early stop or count of batches: it knew of none, and each of its
    updates took its share of batches.

    Raises:
        CheckpointError: the state belongs to another model or optimizer; names the first tensors that differ.
    """
    load_weights(task, state["model"])
    try:
        task.optimizer.load_state_dict(state["optimizer"])
    except (ValueError, KeyError) as error:
        raise CheckpointError(
            f"the checkpoint is of another optimizer: {error}", hint="use the config it was made with"
        ) from error
    if task.scaler is not None and state.get("scaler"):
        task.scaler.load_state_dict(state["scaler"])
    saved = state["progress"]
    progress.step, progress.seconds = saved["step"], saved["seconds"]
    progress.batches = saved.get("batches", saved["step"] * task.accumulate)
    progress.best = (int(saved["best"][0]), float(saved["best"][1])) if saved["best"] else None
    if "early_stop" in saved:
        progress.early_stop.best, progress.early_stop.waited = saved["early_stop"]
    progress.ended = saved.get("ended")
    progress.extra = dict(saved["extra"])
    restore_rng(state["rng"])


def load_weights(task: Task, tensors: Mapping[str, Tensor]) -> None:
    """Copy parameters and buffers into the model by name.

    Raises:
        CheckpointError: names or shapes differ; nothing was copied.
    """
    own = weights(task)
    wrong = [f"{name}: only in the checkpoint" for name in tensors.keys() - own.keys()]
    wrong += [f"{name}: missing in the checkpoint" for name in own.keys() - tensors.keys()]
    wrong += [
        f"{name}: {tuple(tensors[name].shape)} in the checkpoint, {tuple(own[name].shape)} in the model"
        for name in own.keys() & tensors.keys()
        if own[name].shape != tensors[name].shape
    ]
    if wrong:
        shown = "; ".join(sorted(wrong)[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise CheckpointError(f"the checkpoint is of another model: {shown}", hint="use the config it was made with")
    for name, tensor in own.items():
        tensor.data.copy_(tensors[name])

"""The whole state of a training between two updates."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lrlab.engine.seeding import capture_rng, restore_rng
from lrlab.engine.task import Task
from lrlab.errors import CheckpointError


@dataclass
class Progress:
    """What a training knows of itself beside its tensors.

    Attributes:
        step: updates done.
        best: (step, value) of the best validation metric so far, higher is better.
        seconds: time spent training, over all its sittings.
    """

    step: int = 0
    best: tuple[int, float] | None = None
    seconds: float = 0.0
    extra: dict[str, float] = field(default_factory=dict)


def capture_state(task: Task, progress: Progress) -> dict[str, Any]:
    """Model (all buffers, also non-persistent ones), optimizer, generators and progress; safe for `weights_only`."""
    return {
        "model": weights(task),
        "optimizer": task.optimizer.state_dict(),
        "progress": {
            "step": progress.step,
            "best": list(progress.best) if progress.best else None,
            "seconds": progress.seconds,
            "extra": dict(progress.extra),
        },
        "rng": capture_rng(),
    }


def weights(task: Task) -> dict[str, Tensor]:
    """Parameters and all buffers by name."""
    tensors = dict(task.model.state_dict())
    tensors.update({name: buffer for name, buffer in task.model.named_buffers() if name not in tensors})
    return tensors


def restore_state(task: Task, progress: Progress, state: dict[str, Any]) -> None:
    """Put a captured state back; the generators come last, after everything that might draw from them.

    Raises:
        CheckpointError: the state belongs to another model; names the first tensors that differ.
    """
    load_weights(task, state["model"])
    task.optimizer.load_state_dict(state["optimizer"])
    saved = state["progress"]
    progress.step, progress.seconds = saved["step"], saved["seconds"]
    progress.best = (int(saved["best"][0]), float(saved["best"][1])) if saved["best"] else None
    progress.extra = dict(saved["extra"])
    restore_rng(state["rng"])


def load_weights(task: Task, tensors: dict[str, Tensor]) -> None:
    """Copy parameters and buffers into the model by name.

    Raises:
        CheckpointError: names or shapes differ.
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

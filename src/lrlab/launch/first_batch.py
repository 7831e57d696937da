"""One batch through the model before anything is trained or written."""

from typing import Any

import torch
from torch import Tensor

from lrlab.engine.batches import EpochStream
from lrlab.engine.compiling import compiled_or_refused, without_compiling
from lrlab.engine.evaluate import eval_mode
from lrlab.engine.isolation import isolated
from lrlab.engine.memory import memory_explained
from lrlab.errors import DataError, UsageError
from lrlab.launch.assemble import Trial, parse_config
from lrlab.launch.plugin_import import blamed
from lrlab.launch.plugins import check_loss


def check_first_batch(trial: Trial) -> None:
    """Send two images through the model; with `train.compile` compile it and send it a training batch.

    Raises:
        DataError: labels out of range.
        UsageError: the model does not take such images.
        ResourceError: torch.compile does not work here, or there is not enough memory.
    """
    with memory_explained(trial.task.device, int(trial.spec.config["data"]["batch_size"])):
        _check(trial)


def _check(trial: Trial) -> None:
    source = trial.val or trial.test
    if source is None or trial.facts is None:
        return
    inputs, targets = next(iter(source.batches(0)))
    classes = trial.facts.classes
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= classes:
        raise DataError(
            f"labels run from {low} to {high}; {trial.facts.name} has {classes} classes, 0 to {classes - 1}"
        )
    outputs = without_compiling(lambda: _try_forward(trial, (inputs[:2], targets[:2])))
    given = tuple(outputs.shape) if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"
    if given != (len(inputs[:2]), classes):
        raise UsageError(f"the model gives {given} for {len(inputs[:2])} images, not one score per class")
    check_loss(parse_config(trial.spec), trial.task.loss_fn, outputs, targets[:2])
    if trial.train is not None and trial.train.compile:
        compiled_or_refused(lambda: _try_update(trial))


def _try_forward(trial: Trial, batch: tuple[Tensor, Tensor]) -> Any:
    try:
        with eval_mode(trial.task):
            return trial.task.forward(batch)[0]
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        where = blamed(error)
        if not isinstance(error, RuntimeError) and not where:
            raise
        shape = tuple(batch[0].shape[1:])
        reason = f"{where}: {type(error).__name__}: {error}" if where else str(error)
        raise UsageError(f"the model does not take images of shape {shape}: {reason}") from error


def _try_update(trial: Trial) -> None:
    """Forward and backward pass as in training, which is what takes compiling; leaves no trace."""
    task = trial.task
    assert isinstance(trial.stream, EpochStream)
    batch: Any = next(iter(trial.stream.source.batches(0)))
    with isolated(task.model, task.optimizer):
        outputs, targets = task.forward(batch)
        task.loss_fn(outputs, targets).backward()  # type: ignore[no-untyped-call]

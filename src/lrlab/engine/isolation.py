"""Leave everything as it was found: training after a range test equals training without one, bit for bit.

A snapshot holds the values of every tensor of the model, the optimizer's state and groups, `.grad`, the flags and
plain counters of each module, the global generators, and the generators inside the loader. Leaving the context
puts them back, in place, so that references held elsewhere (a scheduler's, a sampler's) stay good; it does so
after an exception and after Ctrl-C too.
"""

import copy
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrlab.engine.seeding import capture_rng, restore_rng

Restore = Callable[[], None]
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


@contextmanager
def isolated(model: nn.Module | None, optimizer: Optimizer | None = None, *loaders: Any) -> Iterator[None]:
    """Undo, on leaving, whatever the block did to the model, the optimizer, the loaders and the global generators."""
    restores = [_save_rng()]
    if model is not None:
        restores += [_save_tensors(model), _save_modules(model), _save_grads(model)]
    if optimizer is not None:
        restores.append(_save_optimizer(optimizer))
    restores += [_save_generators(loader) for loader in loaders]
    try:
        yield
    finally:
        with _uninterrupted():
            for restore in reversed(restores):
                restore()


def _save_rng() -> Restore:
    state = capture_rng()
    return lambda: restore_rng(state)


def _save_tensors(model: nn.Module) -> Restore:
    """Parameters and all buffers, also those a module replaced by a new tensor and those not persistent."""
    slots = [
        (table, name, tensor, tensor.data, tensor.detach().clone())
        for module in model.modules()
        for table in _tables(module)
        for name, tensor in table.items()
        if tensor is not None
        and not isinstance(tensor, nn.parameter.UninitializedParameter | nn.parameter.UninitializedBuffer)
    ]

    def restore() -> None:
        with torch.no_grad():
            for table, name, tensor, storage, value in slots:
                tensor.data = storage  # undoes a move to another device
                tensor.copy_(value)
                table[name] = tensor

    return restore


def _tables(module: nn.Module) -> tuple[dict[str, Any], dict[str, Any]]:
    return module._parameters, module._buffers


def _save_modules(model: nn.Module) -> Restore:
    """The train/eval flag and every plain attribute (a counter, a flag) of each module."""
    saved = [(module, _plain_attributes(module)) for module in model.modules()]

    def restore() -> None:
        for module, values in saved:
            _put_attributes(module, values)

    return restore


def _save_grads(model: nn.Module) -> Restore:
    """Set the gradients aside, so that the block starts with none; put the very tensors back."""
    saved = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in saved:
        parameter.grad = None

    def restore() -> None:
        for parameter, grad in saved:
            parameter.grad = grad

    return restore


def _save_optimizer(optimizer: Optimizer) -> Restore:
    state = {parameter: (values, _copied(values)) for parameter, values in optimizer.state.items()}
    groups = [
        (group, {k: (v, _copied(v)) for k, v in group.items() if k != "params"}) for group in optimizer.param_groups
    ]
    counters = _plain_attributes(optimizer)

    def restore() -> None:
        optimizer.state.clear()
        for parameter, (_, value) in state.items():
            optimizer.state[parameter] = value
        for group, values in groups:
            for key in set(group) - set(values) - {"params"}:
                del group[key]
            for key, (original, value) in values.items():
                group[key] = original.copy_(value) if isinstance(original, Tensor) else value
        _put_attributes(optimizer, counters)

    return restore


def _copied(value: Any) -> Any:
    """A deep copy in which tensors are clones without history."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_copied(item) for item in value)
    return copy.deepcopy(value)


def _plain_attributes(owner: object) -> dict[str, Any]:
    return {key: value for key, value in vars(owner).items() if isinstance(value, _PLAIN)}


def _put_attributes(owner: object, values: dict[str, Any]) -> None:
    vars(owner).update(values)


def _save_generators(loader: Any) -> Restore:
    """Generators and plain counters in a loader, its dataset, its samplers and its collate function."""
    restores: list[Restore] = []
    for owner in _loader_parts(loader):
        attributes = _plain_attributes(owner)
        restores.append(lambda owner=owner, attributes=attributes: _put_attributes(owner, attributes))  # type: ignore[misc]
        restores += [restore for value in vars(owner).values() if (restore := _save_generator(value))]

    def restore_all() -> None:
        for restore in restores:
            restore()

    return restore_all


def _save_generator(value: Any) -> Restore | None:
    if isinstance(value, torch.Generator):
        state = value.get_state()
        return lambda: _discard(value.set_state(state))
    if isinstance(value, np.random.Generator):
        numbers = copy.deepcopy(value.bit_generator.state)
        return lambda: setattr(value.bit_generator, "state", numbers)
    if isinstance(value, np.random.RandomState):
        legacy = value.get_state()
        return lambda: value.set_state(legacy)
    if isinstance(value, random.Random):
        words = value.getstate()
        return lambda: value.setstate(words)
    return None


def _discard(_: object) -> None:
    """For setters that return something."""


def _loader_parts(loader: Any) -> Iterable[Any]:
    """The objects around a loader that may hold a generator; each once."""
    parts: list[Any] = []
    queue = [loader]
    while queue:
        owner = queue.pop()
        if not hasattr(owner, "__dict__") or any(owner is part for part in parts) or isinstance(owner, type):
            continue
        parts.append(owner)
        names = ("dataset", "sampler", "batch_sampler", "collate_fn", "transform", "source", "loader")
        queue += [vars(owner)[name] for name in names if name in vars(owner)]
    return parts


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done: half a restore would be worse than none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if pressed:
            signal.raise_signal(signal.SIGINT)

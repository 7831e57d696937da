"""A range test leaves no trace: the training after it equals the training without it, bit for bit."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from live_world import WITHOUT, F, Net, World
from torch import Tensor
from torch.utils.data import DataLoader

import lrlab
from lrlab.engine import isolation


def sweep(world: World, **changes: Any) -> lrlab.RangeFinding:
    return lrlab.range_test(world.model, world.loader, optimizer=world.optimizer, steps=40, progress=False, **changes)


def after_a_sweep() -> list[float]:
    world = World()
    sweep(world)
    return world.losses(20)


def test_the_next_20_losses_are_those_without_a_sweep() -> None:
    assert len(set(WITHOUT)) == 20
    assert after_a_sweep() == WITHOUT


def test_also_after_several_seeds_and_a_validation_loader() -> None:
    world = World()
    sweep(world, seeds=3, val_loader=world.loader, accumulate=2)
    assert world.losses(20) == WITHOUT


def test_also_after_an_exception_inside_the_sweep() -> None:
    world, calls = World(), 0

    def fails_late(outputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 25:
            raise RuntimeError("cable pulled")
        return F.cross_entropy(outputs, targets)

    with pytest.raises(RuntimeError, match="cable pulled"):
        sweep(world, loss_fn=fails_late)
    assert calls == 25
    assert world.losses(20) == WITHOUT


def test_also_after_ctrl_c() -> None:
    import signal

    world, calls = World(), 0

    def pressed(outputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 10:
            signal.raise_signal(signal.SIGINT)
        return F.cross_entropy(outputs, targets)

    with pytest.raises(KeyboardInterrupt):
        sweep(world, loss_fn=pressed)
    assert calls == 10  # the step was finished, the next one not begun
    assert world.losses(20) == WITHOUT


def test_flags_gradients_groups_and_counters_come_back() -> None:
    world = World()
    flags, grads = world.flags(), world.grads()
    own_grads = [p.grad for p in world.model.parameters()]
    group, calls = dict(world.optimizer.param_groups[0]), world.model.calls
    state = copy.deepcopy(world.optimizer.state_dict())
    scheduler = torch.optim.lr_scheduler.StepLR(world.optimizer, 5)
    sweep(world)
    assert world.flags() == flags and False in flags and True in flags
    assert all(now is before for now, before in zip((p.grad for p in world.model.parameters()), own_grads, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(world.grads(), grads, strict=True) if a is not None and b is not None)
    assert {k: v for k, v in world.optimizer.param_groups[0].items() if k != "initial_lr"} == group
    assert world.model.calls == calls
    assert world.optimizer.state_dict()["state"].keys() == state["state"].keys()
    scheduler.step()  # one that was attached before the sweep still works


def test_two_sweeps_in_a_row_are_equal() -> None:
    world = World()
    first, second = sweep(world), sweep(world)
    assert first.losses == second.losses and len(first.losses) > 10
    assert first.suggestion == second.suggestion


def nothing(*_: object) -> Callable[[], None]:
    return lambda: None


@pytest.mark.parametrize("part", ["_save_rng", "_save_tensors", "_save_modules", "_save_optimizer", "_save_generators"])
def test_negative_control_each_part_left_out_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, part, nothing)
    assert after_a_sweep() != WITHOUT


def test_negative_control_gradients_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_save_grads", nothing)
    world = World()
    before = [p.grad for p in world.model.parameters()]
    sweep(world)
    assert not all(now is old for now, old in zip((p.grad for p in world.model.parameters()), before, strict=True))


def test_negative_control_two_sweeps_without_restoring_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_save_tensors", nothing)
    world = World()
    assert sweep(world).losses != sweep(world).losses


def test_a_buffer_that_is_not_persistent_and_one_that_is_replaced_come_back() -> None:
    world = World()
    scale, mean = world.model.scale.clone(), world.model.mean.clone()
    tensor = world.model.mean
    sweep(world)
    assert torch.equal(world.model.scale, scale)
    assert torch.equal(world.model.mean, mean) and world.model.mean is tensor


def test_generators_inside_a_data_set_come_back() -> None:
    class Noisy(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
        def __init__(self) -> None:
            self.numpy, self.python = np.random.default_rng(0), random.Random(0)

        def __len__(self) -> int:
            return 64

        def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
            return torch.full((20,), float(self.numpy.normal()) + self.python.random()), torch.tensor(index % 5)

    data = Noisy()
    loader = DataLoader(data, batch_size=8)
    model = Net()
    before = (copy.deepcopy(data.numpy.bit_generator.state), data.python.getstate())
    lrlab.range_test(model, loader, optimizer=lambda p: torch.optim.SGD(p, lr=0.1), steps=20, progress=False)
    assert data.numpy.bit_generator.state == before[0]
    assert data.python.getstate() == before[1]


def test_a_one_shot_iterator_is_accepted_and_counted() -> None:
    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(0)
        while True:
            x = torch.randn(16, 20, generator=generator)
            yield x, x[:, :5].argmax(1)

    finding = lrlab.range_test(
        Net(), batches(), optimizer=lambda p: torch.optim.SGD(p, lr=0.1), steps=30, progress=False
    )
    assert any(f"{len(finding.losses)} batches were consumed" in note for note in finding.notes)

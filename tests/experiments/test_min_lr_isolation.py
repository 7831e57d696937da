"""A min-lr search leaves no trace: the training after it equals the training without it, bit for bit."""

import signal
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from live_world import WITHOUT, F, World
from torch import Tensor, nn

import lrlab
from lrlab.engine import isolation
from lrlab.launch import live_chance
from lrlab.launch.live import LiveParts, live_trial
from lrlab.launch.spec import TrialSpec
from lrlab.launch.sweep import run_sweep


def search(world: World, **changes: Any) -> lrlab.MinLrFinding:
    values = {"max_lr": 0.01, "ratios": (0.1, 0.5), "seeds": 2, "steps": 6, "hold": 2, "progress": False, **changes}
    return lrlab.find_min_lr(world.model, world.loader, optimizer=world.optimizer, **values)  # type: ignore[arg-type]


def after_a_search() -> list[float]:
    world = World()
    search(world)
    return world.losses(20)


def test_the_next_20_losses_are_those_without_a_search() -> None:
    assert after_a_search() == WITHOUT and len(set(WITHOUT)) == 20


def test_also_with_everything_on() -> None:
    world = World()
    before = {name: value.clone() for name, value in world.model.state_dict().items()}
    flags, grads, generator = world.flags(), world.grads(), torch.get_rng_state()
    found = search(
        world, max_lr=None, confirm=True, confirm_steps=4, val_loader=world.loader, accuracy=True, accumulate=2
    )
    assert found.range_finding is not None
    assert all(torch.equal(value, before[name]) for name, value in world.model.state_dict().items())
    assert world.flags() == flags and torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(a, b) for a, b in zip(world.grads(), grads, strict=True) if a is not None and b is not None)
    assert world.losses(20) == WITHOUT


class Tempered(nn.Module):
    """A loss with a weight, which the optimizer trains too, and a running mean."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(()))
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        self.mean = 0.9 * self.mean + 0.1 * outputs.detach().mean()
        return F.cross_entropy((outputs - self.mean) * self.temperature, targets)


def test_a_loss_with_weights_comes_back_too() -> None:
    world, loss = World(), Tempered()
    world.optimizer.add_param_group({"params": [loss.temperature]})
    before = [p.detach().clone() for p in world.model.parameters()]
    found = search(world, loss_fn=loss)
    assert found.min_lr is not None and loss.temperature == 1 and loss.mean == 0
    assert all(torch.equal(p, value) for p, value in zip(world.model.parameters(), before, strict=True))


class Counted:
    """Does something at its n-th call, and what `function` does otherwise."""

    def __init__(self, function: Callable[..., Any], at: int, deed: Callable[[], None]) -> None:
        self.calls, self._function, self._at, self._deed = 0, function, at, deed

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        if self.calls == self._at:
            self._deed()
        return self._function(*args)


def pull() -> None:
    raise RuntimeError("cable pulled")


def press() -> None:
    signal.raise_signal(signal.SIGINT)


AT = {"critical lr": 5, "first climb": 33, "a later climb": 76, "confirmation": 130}  # calls of the loss


@pytest.mark.parametrize("at", AT.values(), ids=AT)
@pytest.mark.parametrize(("deed", "error"), [(pull, RuntimeError), (press, KeyboardInterrupt)])
def test_also_when_it_is_broken_off(at: int, deed: Callable[[], None], error: type[BaseException]) -> None:
    world, loss = World(), Counted(F.cross_entropy, at, deed)
    with pytest.raises(error):
        search(world, loss_fn=loss, confirm=True, confirm_steps=40)
    assert loss.calls >= at
    assert world.losses(20) == WITHOUT


@pytest.mark.parametrize(("deed", "error"), [(pull, RuntimeError), (press, KeyboardInterrupt)])
def test_also_when_it_is_broken_off_while_targets_are_counted(deed: Any, error: type[BaseException]) -> None:
    world, split = World(), Counted(tuple, 3, deed)
    with pytest.raises(error):
        search(world, batch_fn=split)
    assert split.calls == 3 and world.losses(20) == WITHOUT


def nothing(*_: object) -> Callable[[], None]:
    return lambda: None


@pytest.mark.parametrize("part", ["_save_rng", "_save_tensors", "_save_modules", "_save_optimizer", "_save_generators"])
def test_negative_control_each_part_left_out_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, part, nothing)
    assert after_a_search() != WITHOUT


def test_negative_control_counting_targets_without_isolation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_chance, "isolated", lambda *_: nullcontext())
    assert after_a_search() != WITHOUT


def test_two_searches_in_a_row_are_equal() -> None:
    world = World()
    torch.manual_seed(5)
    first = search(world)
    torch.manual_seed(6)
    assert search(world).climbs == first.climbs and first.min_lr is not None


def test_negative_control_two_searches_without_restoring_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    first = search(world)
    monkeypatch.setattr(isolation, "_save_tensors", nothing)
    search(world)
    assert search(world).climbs != first.climbs


def test_the_critical_lr_does_not_move_the_climb_after_it() -> None:
    """A climb that follows the measurement begins with the same batch, weights and generators as one that does not."""
    world = World()
    parts = LiveParts(world.model, world.loader, world.optimizer, F.cross_entropy)
    policy = {"name": "climb", "min_lr": 0.001, "max_lr": 0.01, "up": "15it", "hold": "5it"}
    plain = TrialSpec("find-min-lr", 0, {"policy": policy, "train": {"steps": 20}}, sweep=True, climb=True)
    found = []
    for spec in (plain, replace(plain, measures=("critical_lr",))):
        with live_trial(spec, parts) as trial:
            found.append(run_sweep(trial))
    assert found[0].series == found[1].series and found[1].metrics["critical_lr"] > 0
    assert found[0].metrics["batches"] == found[1].metrics["batches"] == 20
    assert found[0].metrics["images"] == found[1].metrics["images"] == 20 * 32

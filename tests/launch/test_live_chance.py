"""The chance level counted from a live loader's targets, against closed forms."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from lrlab.launch.live import LiveParts
from lrlab.launch.live_chance import measured_chance

NET = nn.Linear(3, 3)


def chance(batches: Any, loss_fn: Any, **changes: Any) -> float | None:
    parts = LiveParts(NET, batches, lambda p: torch.optim.SGD(p, lr=0.1), loss_fn, **changes)
    return measured_chance(parts, 0)


def batches_of(targets: Tensor, size: int = 7) -> list[tuple[Tensor, Tensor]]:
    return [(torch.zeros(len(part), 3), part) for part in targets.split(size)]


def best_constant(targets: Tensor, loss_fn: Any) -> float:
    """The least loss of one prediction for all, by descent."""
    guess = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([guess], lr=0.5, max_iter=200, tolerance_grad=1e-12)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_fn(guess.expand(len(targets), 3), targets)
        loss.backward()
        return loss

    optimizer.step(closure)
    return closure().item()


CLASSES = torch.tensor([0] * 20 + [1] * 10 + [2] * 3)
PROBABILITIES = torch.rand(40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(1)
NUMBERS = 1e4 + torch.randn(40, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(
    ("targets", "loss_fn"),
    [
        (CLASSES, F.cross_entropy),
        (CLASSES, nn.CrossEntropyLoss()),
        (CLASSES, nn.CrossEntropyLoss(ignore_index=2)),
        (torch.cat([CLASSES, torch.full((9,), -100)]), F.cross_entropy),
        (PROBABILITIES, F.cross_entropy),
        (NUMBERS - 1e4, F.mse_loss),
        (NUMBERS - 1e4, nn.MSELoss()),
    ],
)
def test_it_is_the_loss_of_the_best_constant(targets: Tensor, loss_fn: Any) -> None:
    assert chance(batches_of(targets), loss_fn) == pytest.approx(best_constant(targets, loss_fn), rel=1e-6)


def test_far_from_zero_nothing_cancels() -> None:
    exact = float(NUMBERS.var(0, correction=0).mean())
    assert chance(batches_of(NUMBERS), F.mse_loss) == pytest.approx(exact, rel=1e-9)
    assert float(NUMBERS.float().square().mean() - NUMBERS.float().mean() ** 2) != pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize(
    "loss_fn",
    [
        F.l1_loss,
        nn.CrossEntropyLoss(weight=torch.ones(3)),
        nn.CrossEntropyLoss(label_smoothing=0.1),
        nn.MSELoss(reduction="sum"),
        lambda outputs, targets: F.cross_entropy(outputs, targets),
    ],
)
def test_of_other_losses_nothing_is_known(loss_fn: Any) -> None:
    assert chance(batches_of(CLASSES), loss_fn) is None


def test_targets_that_are_no_targets_are_not_known() -> None:
    assert chance([(torch.zeros(2, 3), "text")], F.cross_entropy) is None
    assert chance([(torch.zeros(2, 3), torch.rand(2))], F.cross_entropy) is None
    assert chance([(torch.zeros(2, 3), torch.rand(2, n)) for n in (2, 3)], F.mse_loss) is None
    assert chance([], F.mse_loss) is None and chance([], F.cross_entropy) is None


def test_a_hundred_batches_are_enough_and_batch_fn_is_asked() -> None:
    asked = 0

    def labels(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        nonlocal asked
        asked += 1
        return batch["x"], batch["y"]

    found = chance([{"x": torch.zeros(2, 3), "y": torch.tensor([0, 1])}] * 250, F.cross_entropy, batch_fn=labels)
    assert found == pytest.approx(math.log(2)) and asked == 100


def test_an_iterator_is_not_looked_into() -> None:
    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        yield from batches_of(CLASSES)

    iterator = batches()
    assert chance(iterator, F.cross_entropy) is None
    assert len(list(iterator)) == 5


def test_generators_come_back_and_do_not_decide() -> None:
    """Of a loader that shows another part of the data in each pass, the same part is counted each time."""
    generator = torch.Generator().manual_seed(3)
    data = TensorDataset(torch.zeros(2000, 3), torch.arange(2000) % 3)
    sampler = torch.utils.data.RandomSampler(data, replacement=True, num_samples=50, generator=generator)
    loader = DataLoader(data, batch_size=10, sampler=sampler)
    own, world = generator.get_state(), torch.get_rng_state()
    first = chance(loader, F.cross_entropy)
    assert torch.equal(generator.get_state(), own) and torch.equal(torch.get_rng_state(), world)
    generator.manual_seed(4)
    assert chance(loader, F.cross_entropy) == first != pytest.approx(math.log(3), abs=1e-6)

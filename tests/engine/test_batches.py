"""Streams of batches, and what a batch may look like."""

from collections import namedtuple
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from lrlab.engine.batches import EpochStream, LoaderStream, batch_size, split_pair, to_device
from lrlab.engine.task import Task
from lrlab.errors import DataError, UsageError


class Counting:
    steps_per_epoch = 3

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[int, int]]:
        return ((epoch, i) for i in range(start, 3))


@pytest.mark.parametrize("position", range(8))
def test_seeking_equals_replaying(position: int) -> None:
    straight = EpochStream(Counting())
    for _ in range(position):
        next(straight)
    sought = EpochStream(Counting(), position)
    for _ in range(5):
        assert next(sought) == next(straight)
        assert sought.epoch == straight.epoch


def test_a_loader_is_started_again_at_its_end() -> None:
    stream = LoaderStream([1, 2])
    assert [next(stream) for _ in range(5)] == [1, 2, 1, 2, 1]
    assert (stream.epoch, stream.consumed, stream.rewindable) == (2, 5, True)


def test_a_one_shot_iterator_ends() -> None:
    stream = LoaderStream(iter([1, 2]))
    assert (next(stream), next(stream), stream.rewindable) == (1, 2, False)
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("empty", [[], iter(())])
def test_an_empty_loader_is_refused(empty: object) -> None:
    with pytest.raises(DataError, match="no batches"):
        next(LoaderStream(empty))  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", [{"image": 1, "label": 2}, (1, 2, 3), torch.zeros(4), "xy"])
def test_a_batch_that_is_no_pair_asks_for_a_batch_fn(batch: object) -> None:
    with pytest.raises(UsageError) as caught:
        split_pair(batch)
    assert "batch_fn" in (caught.value.hint or "")


def test_nested_batches_move_as_a_whole() -> None:
    Pair = namedtuple("Pair", "x y")
    nest = {"a": [torch.zeros(2), (torch.ones(1), "word")], "b": Pair(torch.zeros(1), 3)}
    moved = to_device(nest, torch.device("meta"))
    assert moved["a"][0].device.type == moved["a"][1][0].device.type == moved["b"].x.device.type == "meta"
    assert moved["a"][1][1] == "word" and moved["b"].y == 3


def test_inputs_become_positional_or_named_arguments() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(1))

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return self.w * (left - right)

    model = Two()
    task = Task(model, torch.optim.SGD(model.parameters(), 0.1), lambda o, t: o.sum(), torch.device("cpu"))
    for inputs in ({"right": torch.zeros(2), "left": torch.ones(2)}, (torch.ones(2), torch.zeros(2))):
        outputs, _ = task.forward((inputs, torch.zeros(2)))
        assert outputs.tolist() == [1.0, 1.0]


def test_batch_size_is_the_length_of_the_first_tensor() -> None:
    assert batch_size({"ids": torch.zeros(5, 2), "y": torch.zeros(5)}) == 5
    assert batch_size([[torch.zeros(3)], torch.zeros(3)]) == 3
    assert batch_size("text") == 1


def test_an_optimizer_that_needs_a_closure_works() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    x = torch.randn(64, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]])
    task = Task(model, torch.optim.LBFGS(model.parameters(), lr=0.5), nn.functional.mse_loss, torch.device("cpu"))
    losses = [task.update(LoaderStream([(x, y)]))[0].item() for _ in range(8)]
    assert losses[0] == pytest.approx(nn.functional.mse_loss(torch.zeros(1) + losses[0] ** 0.5, torch.zeros(1)).item())
    assert losses[-1] < 1e-6

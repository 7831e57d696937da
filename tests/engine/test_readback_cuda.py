"""On CUDA no step waits for the host."""

import pytest
import torch
from torch import nn

from lrlab.engine.batches import LoaderStream
from lrlab.engine.loop import run_loop
from lrlab.engine.readback import CudaReadback, HostReadback
from lrlab.engine.records import SilentObserver, StepRecord
from lrlab.engine.task import Task
from lrlab.policies.constant import Constant

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device: the test of lag-one readback is not run"
)


class Losses(SilentObserver):
    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []

    def on_step(self, record: StepRecord, task: object) -> None:
        self.seen.append((record.step, record.loss))


def test_on_the_cpu_values_are_there_at_once() -> None:
    reader = HostReadback()
    assert reader.push("a", torch.tensor(2.0, dtype=torch.float64)) == ("a", [2.0])
    assert reader.push("b", torch.tensor([1.0, 3.0])) == ("b", [1.0, 3.0])
    assert reader.drain() is None


@pytest.mark.cuda
@needs_cuda
def test_on_cuda_values_come_one_step_later_and_none_is_lost() -> None:
    reader = CudaReadback()
    arrived = [reader.push(i, torch.tensor(float(i), device="cuda")) for i in range(5)] + [
        reader.drain(),
        reader.drain(),
    ]
    assert arrived == [None, (0, [0.0]), (1, [1.0]), (2, [2.0]), (3, [3.0]), (4, [4.0]), None]


@pytest.mark.cuda
@needs_cuda
def test_the_inner_loop_never_synchronises() -> None:
    device = torch.device("cuda")
    model = nn.Linear(8, 2, device=device)
    task = Task(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nn.functional.cross_entropy, device)
    batches = [(torch.randn(16, 8, device=device), torch.zeros(16, dtype=torch.long, device=device))] * 2
    run_loop(task, Constant(lr=0.1, total=2), LoaderStream(batches))  # what is lazy is made here
    losses = Losses()
    torch.cuda.set_sync_debug_mode("error")
    try:
        run_loop(task, Constant(lr=0.1, total=50), LoaderStream(batches), observers=[losses])
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert [step for step, _ in losses.seen] == list(range(50))
    assert losses.seen[-1][1] < losses.seen[0][1]

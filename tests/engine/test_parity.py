"""Our loop and plain PyTorch end with the same bits."""

from collections.abc import Iterator

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from lrlab.engine.batches import EpochStream
from lrlab.engine.loop import run_loop
from lrlab.engine.task import Task, classified_correctly
from lrlab.policies.onecycle import OneCycle

F = torch.nn.functional
STEPS, BATCH = 60, 48


def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    return torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(data.target)


def net() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def order(epoch: int) -> Tensor:
    return torch.randperm(1797, generator=torch.Generator().manual_seed(epoch))


class Source:
    steps_per_epoch = 1797 // BATCH

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        x, y = digits()
        for rows in order(epoch).split(BATCH)[start : self.steps_per_epoch]:
            yield x[rows], y[rows]


def plain(nesterov: bool) -> dict[str, Tensor]:
    """Twenty-five lines of PyTorch that do what the loop does."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=nesterov, weight_decay=1e-4)
    policy = OneCycle(total=STEPS, max_lr=0.2, momentum=(0.85, 0.95))
    x, y = digits()
    torch.manual_seed(7)
    model.train()
    step = epoch = 0
    while step < STEPS:
        rows = order(epoch)
        for i in range(1797 // BATCH):
            if step == STEPS:
                break
            batch = rows[i * BATCH : (i + 1) * BATCH]
            hyper = policy.at(step)
            for group in optimizer.param_groups:
                group["lr"], group["momentum"] = hyper.lr, hyper.momentum
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            step += 1
        epoch += 1
    return dict(model.state_dict())


def ours(nesterov: bool, *, seed: int = 7) -> dict[str, Tensor]:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=nesterov, weight_decay=1e-4)
    task = Task(model, optimizer, F.cross_entropy, torch.device("cpu"), correct_fn=classified_correctly)
    torch.manual_seed(seed)
    run_loop(task, OneCycle(total=STEPS, max_lr=0.2, momentum=(0.85, 0.95)), EpochStream(Source()))
    return dict(model.state_dict())


@pytest.mark.parametrize("nesterov", [False, True])
def test_weights_are_bitwise_those_of_plain_pytorch(nesterov: bool) -> None:
    reference, found = plain(nesterov), ours(nesterov)
    assert all(torch.equal(found[name], tensor) for name, tensor in reference.items())


def test_negative_control_another_dropout_mask_is_noticed() -> None:
    reference, found = plain(False), ours(False, seed=8)
    assert not all(torch.equal(found[name], tensor) for name, tensor in reference.items())

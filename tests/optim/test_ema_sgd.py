"""EMASGD against plain arithmetic and against torch's SGD."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.optim import EMASGD

Make = Callable[[list[Tensor]], torch.optim.Optimizer]


def parameters() -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, dtype=torch.float64, generator=draw)) for shape in ((3, 4), (5,), (2, 2))]


def gradients(step: int) -> list[Tensor]:
    draw = torch.Generator().manual_seed(100 + step)
    return [torch.randn(p.shape, dtype=torch.float64, generator=draw) for p in parameters()]


def run(make: Make, steps: int = 40, schedule: Callable[[int], dict[str, float]] = lambda _: {}) -> list[Tensor]:
    params = parameters()
    optimizer = make(list(params))
    for step in range(steps):
        for group in optimizer.param_groups:
            group.update(schedule(step))
        for param, gradient in zip(params, gradients(step), strict=True):
            param.grad = gradient
        optimizer.step()
    return [param.detach() for param in params]


def distance(left: list[Tensor], right: list[Tensor]) -> float:
    return max((a - b).abs().max().item() for a, b in zip(left, right, strict=True))


def plain(lr: Callable[[int], float], beta: Callable[[int], float], decay: float, steps: int = 40) -> list[Tensor]:
    """The definition, one number at a time."""
    out = []
    for index, param in enumerate(parameters()):
        values, average = param.detach().flatten().tolist(), [0.0] * param.numel()
        for step in range(steps):
            gradient = gradients(step)[index].flatten().tolist()
            for i, (w, g) in enumerate(zip(values, gradient, strict=True)):
                average[i] = beta(step) * average[i] + (1 - beta(step)) * (g + decay * w)
                values[i] = w - lr(step) * average[i]
        out.append(torch.tensor(values, dtype=torch.float64).view_as(param))
    return out


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_it_is_torchs_sgd_at_alpha_times_one_minus_beta(beta: float, decay: float) -> None:
    ours = run(lambda p: EMASGD(p, lr=0.3, momentum=beta, weight_decay=decay))
    theirs = run(lambda p: torch.optim.SGD(p, lr=0.3 * (1 - beta), momentum=beta, weight_decay=decay))
    assert distance(ours, theirs) < 1e-12


def test_it_is_not_torchs_dampening() -> None:
    ours = run(lambda p: EMASGD(p, lr=0.3, momentum=0.9), steps=5)
    dampened = run(lambda p: torch.optim.SGD(p, lr=0.3, momentum=0.9, dampening=0.9), steps=5)
    assert distance(ours, dampened) > 0.1


def test_beta_and_lr_may_change_at_every_step() -> None:
    def beta(step: int) -> float:
        return 0.95 - 0.1 * abs(20 - step) / 20

    def lr(step: int) -> float:
        return 0.1 + 0.01 * step

    ours = run(lambda p: EMASGD(p, weight_decay=0.02), schedule=lambda i: {"lr": lr(i), "momentum": beta(i)})
    assert distance(ours, plain(lr, beta, 0.02)) < 1e-12
    constant = run(lambda p: EMASGD(p, weight_decay=0.02), schedule=lambda i: {"lr": lr(i)})
    assert distance(ours, constant) > 1e-3


def test_a_constant_gradient_gives_the_textbook_steps() -> None:
    param = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, steps = EMASGD([param], lr=1.0, momentum=0.9), []
    for _ in range(3):
        before = param.item()
        param.grad = torch.ones_like(param)
        optimizer.step()
        steps.append(before - param.item())
    assert steps == pytest.approx([0.1, 0.19, 0.271], abs=1e-15)


def test_a_tensor_lr_gives_the_same_weights() -> None:
    ours = run(lambda p: EMASGD(p, lr=0.3, momentum=0.8))
    tensor = run(lambda p: EMASGD(p, lr=torch.tensor(0.3, dtype=torch.float64), momentum=0.8))
    assert distance(ours, tensor) < 1e-14


def test_state_dict_round_trip_continues_bit_for_bit(tmp_path: object) -> None:
    def steps(optimizer: EMASGD, params: list[nn.Parameter], begin: int, end: int) -> None:
        for step in range(begin, end):
            for param, gradient in zip(params, gradients(step), strict=True):
                param.grad = gradient
            optimizer.step()

    straight = parameters()
    steps(EMASGD(straight, lr=0.2, weight_decay=0.01), straight, 0, 20)
    params = parameters()
    first = EMASGD(params, lr=0.2, weight_decay=0.01)
    steps(first, params, 0, 9)
    state = copy.deepcopy(first.state_dict())
    for load in (True, False):
        resumed = [nn.Parameter(param.detach().clone()) for param in params]
        second = EMASGD(resumed, lr=0.5)
        if load:
            second.load_state_dict(state)
        steps(second, resumed, 9, 20)
        assert all(torch.equal(a, b) for a, b in zip(straight, resumed, strict=True)) is load


def test_gradients_are_left_as_they_were() -> None:
    param = nn.Parameter(torch.ones(3))
    param.grad = torch.full((3,), 2.0)
    EMASGD([param], lr=0.1, weight_decay=0.5).step()
    assert (param.grad == 2).all()


def test_parameters_without_gradient_stay() -> None:
    moved, still = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    moved.grad = torch.ones(2)
    optimizer = EMASGD([moved, still], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert (still == 1).all() and still not in optimizer.state
    assert (moved < 1).all()


def test_a_closure_gives_the_loss() -> None:
    param = nn.Parameter(torch.tensor([2.0]))
    optimizer = EMASGD([param], lr=1.0, momentum=0.0)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (param**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) == 4.0
    assert param.item() == -2.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": -0.1}, "lr=-0.1"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0"),
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EMASGD(parameters(), **values)


def test_values_of_a_group_are_checked_too() -> None:
    with pytest.raises(UsageError, match="momentum=2"):
        EMASGD([{"params": parameters(), "momentum": 2}])

"""The range test against closed forms and recorded sequences (cases C1, C2, C3, C6)."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

import lrlab

F = torch.nn.functional


def sgd(params: object) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=0.1)  # type: ignore[arg-type]


class Quadratic(nn.Module):
    """f = (w1² + 10 w2²)/2 + 0.1 from w = (1, 1), in float64."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(2, dtype=torch.float64))

    def forward(self, _: Tensor) -> Tensor:
        return 0.5 * (self.w[0] ** 2 + 10 * self.w[1] ** 2) + 0.1


def quadratic_sweep() -> lrlab.RangeFinding:
    batch = (torch.zeros(1), torch.zeros(1))
    return lrlab.range_test(
        Quadratic(), [batch], optimizer=sgd, loss_fn=lambda out, _: out,
        lr_min=1e-3, lr_max=10.0, steps=100, stop=False, progress=False,
    )  # fmt: skip


def test_c3_equals_the_closed_form() -> None:
    finding = quadratic_sweep()
    w1 = w2 = 1.0
    for i, (lr, loss) in enumerate(zip(finding.lrs, finding.losses, strict=True)):
        assert lr == pytest.approx(1e-3 * (1e4) ** (i / 99), rel=1e-12)
        assert loss == pytest.approx(0.5 * (w1**2 + 10 * w2**2) + 0.1, rel=1e-10)
        w1, w2 = w1 * (1 - lr), w2 * (1 - 10 * lr)
    recorded = {
        0: 5.6,
        1: 5.4995005,
        10: 4.22381996,
        30: 0.653523735,
        50: 0.156258287,
        60: 0.101486303,
        65: 0.100029603,
    }
    for i, value in recorded.items():
        assert finding.losses[i] == pytest.approx(value, rel=1e-7)
    assert min(range(100), key=finding.losses.__getitem__) == 71


def c2_parts() -> tuple[nn.Module, list[tuple[Tensor, Tensor]]]:
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(20, 5, generator=generator)
    x = torch.randn(2048, 20, generator=generator)
    y = (x @ w + 0.5 * torch.randn(2048, 5, generator=generator)).argmax(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5))
    return model, list(zip(x.split(64), y.split(64), strict=True))


def test_c1_and_c2_lrs_raw_losses_and_the_fastai_curve() -> None:

    model, batches = c2_parts()
    finding = lrlab.range_test(
        model, batches, optimizer=sgd, lr_min=1e-5, lr_max=10.0, steps=100, stop=False, progress=False
    )
    for i, lr in {
        0: 1e-5,
        1: 1.149757e-5,
        2: 1.321941e-5,
        10: 4.037017e-5,
        40: 2.656088e-3,
        99: 10.0,
    }.items():
        assert finding.lrs[i] == pytest.approx(lr, rel=1e-6)
    at = [0, 1, 2, 10, 40, 60, 70, 80, 99]
    raw = [1.559387, 1.651994, 1.643909, 1.579492, 1.668232, 1.520110, 1.503846, 1.185063, 3.279149]
    assert [finding.losses[i] for i in at] == pytest.approx(raw, rel=1e-4)


def test_c2_the_fastai_smoothed_curve_on_fastais_own_grid() -> None:
    """fastai's grid ends one step short of lr_max; its smoothed losses are recorded for that grid."""
    from lrlab.analysis.smoothing import ema

    model, batches = c2_parts()
    end = 10.0 * (1e-5 / 10.0) ** (1 / 100)
    finding = lrlab.range_test(
        model, batches, optimizer=sgd, lr_min=1e-5, lr_max=end, steps=100, stop=False, progress=False
    )
    smoothed = ema(finding.losses, beta=0.98)
    at = [0, 1, 2, 10, 40, 60, 70, 80, 99]
    recorded = [1.559386, 1.606157, 1.618995, 1.611538, 1.608451, 1.602185, 1.590901, 1.552202, 1.843740]
    assert [smoothed[i] for i in at] == pytest.approx(recorded, rel=1e-4)


@pytest.mark.parametrize("k", [3, 17, 60])
def test_c6_stops_at_the_first_non_finite_loss_and_suggests_no_such_point(k: int) -> None:
    model, batches = c2_parts()
    calls = 0

    def breaks(outputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return F.cross_entropy(outputs, targets) * (math.nan if calls > k else 1.0)

    finding = lrlab.range_test(model, batches, optimizer=sgd, loss_fn=breaks, progress=False)
    assert len(finding.losses) == k + 1 and calls == k + 1
    assert finding.stop.value == "non_finite"
    assert finding.suggestion is None or finding.suggestion < finding.lrs[k]


@pytest.mark.parametrize(("shift", "scale"), [(-3.0, 1.0), (0.0, 100.0), (40.0, 0.25)])
def test_c6_is_invariant_to_shifting_and_scaling_the_loss(shift: float, scale: float) -> None:
    """Scaling the loss scales the gradient, so the lr axis is scaled back."""
    plain = _digits_like(lambda o, t: F.cross_entropy(o, t), 1.0)
    changed = _digits_like(lambda o, t: scale * F.cross_entropy(o, t) + shift, 1 / scale)
    assert len(plain.losses) == len(changed.losses)
    assert plain.stop == changed.stop
    assert plain.suggestion is not None and changed.suggestion is not None
    assert changed.suggestion * scale == pytest.approx(plain.suggestion, rel=1e-3)


def _digits_like(loss_fn: object, factor: float) -> lrlab.RangeFinding:
    model, batches = c2_parts()
    return lrlab.range_test(
        model.double(), [(x.double(), y) for x, y in batches], optimizer=sgd, loss_fn=loss_fn,  # type: ignore[arg-type]
        lr_min=1e-4 * factor, lr_max=1e3 * factor, progress=False,
    )  # fmt: skip


def test_c6_accumulation_of_k_small_batches_equals_one_large_batch() -> None:
    model, batches = c2_parts()
    large = [(torch.cat([x for x, _ in four]), torch.cat([y for _, y in four])) for four in _fours(batches)]
    one = lrlab.range_test(model.double(), _double(large), optimizer=sgd, steps=50, progress=False)
    many = lrlab.range_test(model, _double(batches), optimizer=sgd, steps=50, accumulate=4, progress=False)
    assert many.losses == pytest.approx(one.losses, rel=1e-10)
    apart = lrlab.range_test(model, _double(batches), optimizer=sgd, steps=50, progress=False)
    assert apart.losses != pytest.approx(one.losses, rel=1e-3)


def _fours(batches: list[tuple[Tensor, Tensor]]) -> Iterator[list[tuple[Tensor, Tensor]]]:
    return (batches[i : i + 4] for i in range(0, len(batches), 4))


def _double(batches: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    return [(x.double(), y) for x, y in batches]


def test_c6_parameter_groups_keep_their_ratio() -> None:
    model, batches = c2_parts()
    optimizer = torch.optim.SGD(
        [{"params": model[0].parameters(), "lr": 0.2}, {"params": model[2].parameters(), "lr": 0.02}]
    )
    seen: list[list[float]] = []

    def spy(outputs: Tensor, targets: Tensor) -> Tensor:
        seen.append([group["lr"] for group in optimizer.param_groups])
        return F.cross_entropy(outputs, targets)

    finding = lrlab.range_test(model, batches, optimizer=optimizer, loss_fn=spy, progress=False)
    assert [first for first, _ in seen] == pytest.approx(finding.lrs, rel=1e-15)  # recorded == used
    assert all(first / second == pytest.approx(10.0, rel=1e-12) for first, second in seen)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.02]

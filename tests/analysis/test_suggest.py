"""Suggestions on formula curves (cases C4 and C5), flags, and curves without an answer."""

import math

import numpy as np
import pytest

from lrlab.analysis.divergence import StopReason
from lrlab.analysis.smoothing import ema, zero_phase
from lrlab.analysis.suggest import RULES, Reading, read
from lrlab.analysis.valley import _falling_lengths, fastai_window, valley

LR = np.geomspace(1e-7, 10, 100)
X, I = np.log10(LR), np.arange(100)  # noqa: E741 - the index, as the formulas have it
A = 2.3 - 1.8 / (1 + np.exp(-2.5 * (X + 2.5))) + np.exp(4 * (X + 0.3))
CURVES = {
    "A": A,
    "B": A + 0.03 * np.sin(7 * I),
    "C": np.where(I >= 85, np.nan, A),
    "D": A - 3,
    "E": 2.3 + 0.01 * np.sin(7 * I),
    "F": 2.3 - 1.8 / (1 + np.exp(-2.5 * (X + 2.5))),
    "G": A + 0.3 * (I == 12),
}


def of(name: str, stop: StopReason = StopReason.END) -> Reading:
    return read(LR.tolist(), CURVES[name].tolist(), stop)


def codes(reading: Reading) -> list[str]:
    return [flag.code for flag in reading.flags]


@pytest.mark.parametrize("name", ["A", "B", "C", "D", "G"])
def test_c4_the_same_answer_with_noise_nans_a_shift_and_a_spike(name: str) -> None:
    reading = of(name)
    assert reading.suggestions["steep"] == pytest.approx(0.003352, rel=1e-3)
    assert reading.suggestions["min"] == pytest.approx(0.05462, rel=1e-3)
    assert reading.suggestions["sqrt(steep*min)"] == pytest.approx(0.01353, rel=1e-3)
    assert reading.suggestion == reading.suggestions["min/2"] == pytest.approx(0.02731, rel=1e-3)
    assert reading.suggestions["min/10"] == pytest.approx(0.005462, rel=1e-3)
    assert reading.flags == ()


def test_c4_noise_alone_has_no_answer_and_no_divergence_is_said() -> None:
    noise = of("E")
    assert codes(noise) == ["NO_SIGNAL"] and set(noise.suggestions.values()) == {None}
    never = of("F")
    assert codes(never) == ["NOT_DIVERGED"] and never.suggestion == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("name", "lr"),
    [
        ("A", 1.707e-4),
        ("B", 0.001918),
        ("C", 1.707e-4),
        ("D", 1.707e-4),
        ("E", 1.072),
        ("F", 0.001322),
        ("G", 2.057e-4),
    ],
)
def test_c4_valley_is_fastais_to_the_grid_index(name: str, lr: float) -> None:
    """fastai applies it to what it is given, cut at the first NaN; the table was made on the curves themselves."""
    curve = CURVES[name][10:-5]
    finite = np.isfinite(curve)
    end = len(curve) if finite.all() else int(finite.argmin())
    found = valley(LR[10:-5][:end].tolist(), curve[:end].tolist())
    assert found == pytest.approx(lr, rel=1e-3)


def test_c5_valley_on_a_public_case() -> None:
    x = np.linspace(-50, 50, 100)
    losses = (-(x**2) - 30 * x + 4000) / 1000
    lrs = 1e-8 * (1e8) ** ((I + 1) / 100)
    assert valley(lrs[10:-5].tolist(), losses[10:-5].tolist()) == pytest.approx(0.001585, rel=1e-3)


def test_falling_lengths_equal_the_quadratic_definition() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = rng.integers(0, 12, size=40).tolist()  # ties included
        plain = [1] * len(values)
        for i in range(len(values)):
            plain[i] += max((plain[j] for j in range(i) if values[i] < values[j]), default=0)
        assert _falling_lengths(values) == plain


def test_fastais_window() -> None:
    assert list(range(100))[fastai_window(100, 100)] == list(range(10, 95))
    assert list(range(7))[fastai_window(7, 100)] == []
    assert valley([1.0, 2.0], [1.0, 0.5]) is None
    assert valley([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) is None  # nothing falls


def test_smoothers_on_closed_forms() -> None:
    assert ema([3.0] * 20).tolist() == pytest.approx([3.0] * 20)
    assert ema([1.0, 2.0], beta=0.5).tolist() == pytest.approx([1.0, (0.25 * 1 + 0.5 * 2) / 0.75])
    line = np.linspace(0, 1, 101)
    assert zero_phase(line, 3)[20:-20] == pytest.approx(line[20:-20], abs=1e-12)  # no lag
    bump = np.exp(-0.5 * ((np.arange(101) - 50) / 4) ** 2)
    assert int(zero_phase(bump, 5).argmax()) == 50
    assert int(ema(bump.tolist(), 0.9).argmax()) > 50  # the one with memory lags


def test_c3_ema_of_the_quadratic() -> None:
    w1 = w2 = 1.0
    losses = []
    for i in range(100):
        lr = 1e-3 * (1e4) ** (i / 99)
        losses.append(0.5 * (w1**2 + 10 * w2**2) + 0.1)
        w1, w2 = w1 * (1 - lr), w2 * (1 - 10 * lr)
    smoothed = ema(losses)
    assert [smoothed[i] for i in (1, 10, 50)] == pytest.approx([5.54924268, 4.94787702, 1.5471785], rel=1e-8)
    assert int(np.argmin(losses)) == 71 and int(np.argmin(smoothed)) == 76


@pytest.mark.parametrize(
    ("losses", "code"),
    [
        ([2.3] * 100, "NO_SIGNAL"),
        (list(np.linspace(2, 3, 100)), "MIN_AT_LEFT"),
        (list(np.exp(np.linspace(0, 20, 100))), "NO_SIGNAL"),
        ([2.3, 2.2, 9.0], "TOO_FEW_POINTS"),
        ([], "TOO_FEW_POINTS"),
        ([math.nan] * 30, "TOO_FEW_POINTS"),
        ([math.nan], "TOO_FEW_POINTS"),
        (list(np.r_[[3.0] * 6, [1.0] * 2, np.linspace(3, 9, 92)]), "MIN_AT_LEFT"),
    ],
)
def test_fault_30_curves_without_an_answer_have_a_reason_instead(losses: list[float], code: str) -> None:
    reading = read(np.geomspace(1e-6, 10, len(losses)).tolist() if losses else [], losses, StopReason.END)
    assert reading.suggestion is None and set(reading.suggestions) == set(RULES)
    assert set(reading.suggestions.values()) == {None}
    assert codes(reading) == [code]
    assert reading.flags[0].message.endswith(".")


def test_any_length_is_read_without_an_error() -> None:
    for length in range(60):
        reading = read(LR[:length].tolist(), A[:length].tolist(), StopReason.DIVERGED)
        assert reading.suggestion is None or reading.suggestion > 0


def test_a_non_finite_point_is_never_suggested() -> None:
    for k in range(20, 100, 7):
        curve = np.where(k <= I, np.nan, A)
        found = read(LR.tolist(), curve.tolist(), StopReason.NON_FINITE).suggestions
        assert all(lr is None or lr < LR[k] for lr in found.values())


def test_a_staircase_counts_each_level_once() -> None:
    lrs, losses = np.repeat(LR, 3), np.repeat(A, 3) + np.tile([0.1, -0.1, 0.0], 100)
    stairs = read(lrs.tolist(), losses.tolist(), StopReason.END)
    assert stairs.suggestion == pytest.approx(of("A").suggestion or 0, rel=1e-6)
    assert len(stairs.smoothed) == 300


def test_a_linear_sweep_is_read_on_the_log_axis() -> None:
    lrs = np.linspace(1e-3, 1.0, 400)
    x = np.log10(lrs)
    losses = 2.3 - 1.8 / (1 + np.exp(-2.5 * (x + 2.5))) + np.exp(4 * (x + 0.3))
    reading = read(lrs.tolist(), losses.tolist(), StopReason.END)
    assert reading.suggestions["min"] == pytest.approx(0.08, rel=0.25)


def test_the_suggestion_named_is_the_answer() -> None:
    for rule in RULES:
        reading = read(LR.tolist(), A.tolist(), StopReason.END, suggestion=rule)
        assert reading.suggestion == reading.suggestions[rule] is not None

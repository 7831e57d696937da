"""Several seeds: medians of logs, spread, band, and flags."""

import math

import numpy as np
import pytest

from lrlab.analysis.chance import chance_loss
from lrlab.analysis.divergence import StopReason
from lrlab.analysis.seeds import combine
from lrlab.analysis.suggest import read

LR = np.geomspace(1e-7, 10, 100)
X = np.log10(LR)


def curve(shift: float) -> list[float]:
    """A sweep whose minimum lies `shift` decades further right."""
    x = X - shift
    return list(2.3 - 1.8 / (1 + np.exp(-2.5 * (x + 2.5))) + np.exp(4 * (x + 0.3)))


def together(curves: list[list[float]]):  # type: ignore[no-untyped-def]
    lrs = [LR[: len(c)].tolist() for c in curves]
    readings = [read(lr, c, StopReason.DIVERGED) for lr, c in zip(lrs, curves, strict=True)]
    return combine(readings, lrs, curves, rule="min/2"), readings


def test_the_answer_is_the_median_of_the_logs() -> None:
    both, readings = together([curve(s) for s in (-0.1, 0.0, 0.2)])
    assert both.suggestion == pytest.approx(readings[1].suggestion)
    assert (both.low, both.high) == (readings[0].suggestion, readings[2].suggestion)
    assert both.spread_decades == pytest.approx(0.3, abs=0.08)
    assert both.flags == ()
    pair, two = together([curve(0.0), curve(0.2)])
    assert pair.suggestion == pytest.approx(math.sqrt(two[0].suggestion * two[1].suggestion))


def test_seeds_that_disagree_are_flagged() -> None:
    both, _ = together([curve(-0.5), curve(0.3)])
    assert [f.code for f in both.flags] == ["SEED_SPREAD"] and both.suggestion is not None


def test_no_answer_when_half_of_the_seeds_have_none() -> None:
    flat = [2.3 + 0.01 * math.sin(7 * i) for i in range(100)]
    none, _ = together([curve(0.0), flat])
    assert none.suggestion is None and none.flags[0].code == "NO_SIGNAL" and "1 of 2 seeds" in none.flags[0].message
    most, _ = together([curve(0.0), curve(0.1), flat])
    assert most.suggestion is not None


def test_the_band_is_over_the_seeds_still_running() -> None:
    long, short = [1.0] * 20, [3.0] * 12
    both, _ = together([long, short, long])
    assert both.band.median[:12] == (1.0,) * 12 and both.band.median[12:] == (1.0,) * 8
    assert both.band.high[0] == pytest.approx(2.6) and both.band.low[0] == pytest.approx(1.0)
    alone, _ = together([long, short])
    assert math.isnan(alone.band.low[15]) and alone.band.median[15] == 1.0


def test_chance_is_the_entropy_of_the_class_frequencies() -> None:
    assert chance_loss([10] * 10) == pytest.approx(math.log(10))
    assert chance_loss([99, 1]) == pytest.approx(-0.99 * math.log(0.99) - 0.01 * math.log(0.01))
    assert chance_loss([5, 0]) == 0.0
    with pytest.raises(ValueError, match="no samples"):
        chance_loss([0, 0])

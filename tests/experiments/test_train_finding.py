"""What a training over several seeds says."""

import math

import pytest
from scipy import stats

from lrlab.experiments.train import Train, TrainFinding
from lrlab.launch.spec import TrialResult


def finding(accuracies: list[float], losses: list[float] | None = None) -> TrainFinding:
    losses = losses or [0.1] * len(accuracies)
    results = [
        TrialResult(
            id=str(i), seed=i, status="completed", reason="end", steps=10, seconds=1.0,
            metrics={"test_accuracy": accuracy, "test_loss": loss},
        )
        for i, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True))
    ]  # fmt: skip
    return Train({}, len(results), 0).conclude(results)


def test_few_seeds_have_a_t_interval() -> None:
    five = [0.91, 0.93, 0.92, 0.95, 0.9]
    found = finding(five)
    half = stats.t.ppf(0.975, 4) * stats.sem(five)
    assert found.headline == f"test accuracy 92.20 % ± {100 * half:.2f} (5 seeds)"
    summary = found.to_json()["summary"]["test_accuracy"]
    assert summary["half_width_95"] == pytest.approx(half) and summary["method"] == "student-t"
    assert (summary["low_95"], summary["high_95"]) == pytest.approx((0.922 - half, 0.922 + half))
    assert finding([0.9]).headline == "test accuracy 90.00 % (1 seed)"


def test_from_ten_seeds_the_two_ends_are_said() -> None:
    found = finding([0.9] * 4 + [0.91] * 4 + [0.92, 0.99])
    low, high = found.summary["test_accuracy"].low, found.summary["test_accuracy"].high
    assert low is not None and high is not None and high - 0.915 > 1.1 * (0.915 - low)  # skewed
    assert f"91.50 % [{100 * low:.2f}, {100 * high:.2f}] (10 seeds)" in found.headline


def test_a_metric_that_is_not_finite_in_a_seed_has_no_mean() -> None:
    found = finding([0.9, 0.91], [math.inf, 0.1])
    assert set(found.summary) == {"test_accuracy"}
    assert found.to_json()["seeds"][0]["metrics"]["test_loss"] is None

"""The answer of a tuning, as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lrlab.analysis.paired import PairedComparison, compare_paired
from lrlab.analysis.suggest import Flag
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.range_test import RangeFinding
from lrlab.experiments.train import TrainFinding
from lrlab.experiments.tune_budget import Budget, budget_json
from lrlab.launch.spec import TrialResult


@dataclass(frozen=True)
class Share:
    """What a part of the tuning cost."""

    part: str
    steps: int
    seconds: float

    @classmethod
    def of(cls, part: str, trials: Sequence[TrialResult]) -> "Share":
        """The sum over trials."""
        return cls(part, sum(trial.steps for trial in trials), sum(trial.seconds for trial in trials))


@dataclass(frozen=True)
class TuneFinding:
    """The answer of a tuning.

    Attributes:
        range_test: how large the lr may be.
        search: how small it should start; None where the range test found nothing.
        training: with both; None where the search found nothing.
        baseline: with the config's own lr and policy; None unless asked for.
        baseline_lr: that lr.
        shares: what each part cost.
        budget: what it might have cost; None without one.
    """

    range_test: RangeFinding
    search: MinLrFinding | None
    training: TrainFinding | None
    baseline: TrainFinding | None = None
    baseline_lr: float | None = None
    shares: tuple[Share, ...] = ()
    budget: Budget | None = None

    @property
    def max_lr(self) -> float | None:
        """The peak that was trained with."""
        return self.search.max_lr if self.training is not None and self.search is not None else None

    @property
    def min_lr(self) -> float | None:
        """Where the cycle began."""
        return self.search.min_lr if self.search is not None else None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Of both searches."""
        return (*self.range_test.flags, *(self.search.flags if self.search is not None else ()))

    @property
    def headline(self) -> str:
        """The three answers in one line."""
        if self.search is None:
            return self.range_test.headline
        if self.training is None:
            return self.search.headline
        return f"max-lr {self.max_lr:.3g}, min-lr {self.min_lr:.3g}, {self.training.headline}"

    @property
    def gain(self) -> PairedComparison | None:
        """Test accuracy with what was found against the config's own lr, seed by seed; None without pairs."""
        if self.training is None or self.baseline is None:
            return None
        own = {seed.seed: seed.metrics.get("test_accuracy") for seed in self.baseline.seeds}
        pairs = [(seed.metrics.get("test_accuracy"), own.get(seed.seed)) for seed in self.training.seeds]
        known = [(mine, other) for mine, other in pairs if mine is not None and other is not None]
        if not known:
            return None
        return compare_paired([mine for mine, _ in known], [other for _, other in known], log=False)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        gain = self.gain
        return {
            "max_lr": self.max_lr,
            "min_lr": self.min_lr,
            "range_test": self.range_test.to_json(),
            "search": self.search.to_json() if self.search is not None else None,
            "training": self.training.to_json() if self.training is not None else None,
            "baseline": self.baseline.to_json() if self.baseline is not None else None,
            "baseline_lr": self.baseline_lr,
            "gain": None
            if gain is None
            else {"test_accuracy": gain.estimate, "low_95": gain.low, "high_95": gain.high, "decisive": gain.decisive},
            "shares": [{"part": s.part, "steps": s.steps, "seconds": s.seconds} for s in self.shares],
            "budget": budget_json(self.budget),
        }

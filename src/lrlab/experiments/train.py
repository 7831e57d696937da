"""Train with a policy, once per seed, and say how good it got and how sure that is."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrlab.analysis.intervals import MeanInterval, mean_interval
from lrlab.config.compare import of_a_trial
from lrlab.launch.assemble import with_values
from lrlab.launch.spec import TrialResult, TrialSpec


@dataclass(frozen=True)
class SeedOutcome:
    """One seed's training: how it ended and its last numbers; of a failed one, why, in `notes`."""

    seed: int
    id: str
    status: str
    reason: str
    steps: int
    metrics: Mapping[str, float]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainFinding:
    """The answer of a training.

    Attributes:
        seeds: one outcome per seed.
        summary: per metric the mean and its 95 % interval, over the seeds that completed; nothing for a metric that is
            not finite in one of them.
    """

    seeds: tuple[SeedOutcome, ...]
    summary: Mapping[str, MeanInterval]

    @property
    def diverged(self) -> bool:
        """Whether any seed diverged."""
        return any(outcome.status == "diverged" for outcome in self.seeds)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about single seeds: one that stopped early, and why."""
        return tuple(f"seed {outcome.seed}: {note}" for outcome in self.seeds for note in outcome.notes)

    @property
    def headline(self) -> str:
        """The answer in one line."""
        counts = Counter(outcome.status for outcome in self.seeds)
        lost = [f"{counts[how]} of {len(self.seeds)} seeds {how}" for how in ("diverged", "failed") if counts[how]]
        early = sum(outcome.reason in ("early_stop", "target") for outcome in self.seeds)
        lost = ([f"{early} of {len(self.seeds)} stopped early"] if early else []) + lost
        tail = "".join(f"; {part}" for part in lost)
        for split in ("test", "val"):
            if f"{split}_accuracy" in self.summary:
                found = self.summary[f"{split}_accuracy"]
                seeds = f"{found.n} seeds" if found.n > 1 else "1 seed"
                return f"{split} accuracy {100 * found.mean:.2f} %{_band(found)} ({seeds}){tail}"
        return f"no seed completed{tail}"

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "summary": {
                name: {
                    "mean": found.mean,
                    "half_width_95": found.half_width,
                    "low_95": found.low,
                    "high_95": found.high,
                    "method": found.method,
                }
                for name, found in self.summary.items()
            },
            "seeds": [
                {
                    "seed": o.seed,
                    "status": o.status,
                    "reason": o.reason,
                    "steps": o.steps,
                    "seconds": o.seconds,
                    "notes": list(o.notes),
                    "metrics": {name: value if math.isfinite(value) else None for name, value in o.metrics.items()},
                }
                for o in self.seeds
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Train:
    """The experiment: the same training under `seeds` seeds."""

    base: Mapping[str, Any]
    seeds: int
    first_seed: int
    name: str = "train"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Train":
        """The experiment a resolved config asks for."""
        return cls(config, config["train"]["seeds"], config["train"]["seed"])

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        """All trainings at once, and then none."""
        return [] if results else [self._spec(self.first_seed + i) for i in range(self.seeds)]

    def conclude(self, results: Sequence[TrialResult]) -> TrainFinding:
        """Means and intervals over the seeds that completed."""
        outcomes = tuple(
            SeedOutcome(r.seed, r.id, r.status, r.reason, r.steps, r.metrics, r.seconds, r.notes) for r in results
        )
        completed = [outcome.metrics for outcome in outcomes if outcome.status == "completed"]
        names = sorted(set.intersection(*map(set, completed))) if completed else []
        values = {name: [metrics[name] for metrics in completed] for name in names}
        finite = {name: found for name, found in values.items() if all(map(math.isfinite, found))}
        return TrainFinding(outcomes, {name: mean_interval(found) for name, found in finite.items()})

    def _spec(self, seed: int) -> TrialSpec:
        config = with_values(self.base, train={"seed": seed})
        return TrialSpec(self.name, seed, of_a_trial(config))


def _band(found: MeanInterval) -> str:
    """` ± half` where the interval is symmetric, else ` [low, high]`; in percent."""
    if found.low is None or found.high is None or found.half_width is None:
        return ""
    if found.method == "bca":
        return f" [{100 * found.low:.2f}, {100 * found.high:.2f}]"
    return f" ± {100 * found.half_width:.2f}"

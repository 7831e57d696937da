"""Train with a policy, once per seed, and say how good it got and how sure that is."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
        summary: per metric (mean, half-width of the 95 % Student-t interval or None for one seed), over the
            seeds that completed.
    """

    seeds: tuple[SeedOutcome, ...]
    summary: Mapping[str, tuple[float, float | None]]

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
                mean, half = self.summary[f"{split}_accuracy"]
                band = f" ± {100 * half:.2f}" if half is not None else ""
                count = counts["completed"]
                seeds = f"{count} seeds" if count > 1 else "1 seed"
                return f"{split} accuracy {100 * mean:.2f} %{band} ({seeds}){tail}"
        return f"no seed completed{tail}"

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "summary": {name: {"mean": mean, "half_width_95": half} for name, (mean, half) in self.summary.items()},
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
        return TrainFinding(outcomes, {name: mean_interval([m[name] for m in completed]) for name in names})

    def _spec(self, seed: int) -> TrialSpec:
        config = with_values(self.base, train={"seed": seed})
        for section in ("range_test", "name"):  # what does not change this trial must not change its id
            config.pop(section, None)
        config["train"].pop("seeds", None)
        return TrialSpec(self.name, seed, config)


def mean_interval(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and half-width of its 95 % Student-t interval; no interval from one value."""
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return mean, None
    from scipy.stats import t

    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return mean, float(t.ppf(0.975, count - 1)) * math.sqrt(variance / count)

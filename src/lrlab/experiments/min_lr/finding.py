"""The answer of a min-lr search, as data."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lrlab.analysis.censored import quantile
from lrlab.analysis.suggest import Flag
from lrlab.experiments.min_lr.confirm import Confirmation
from lrlab.experiments.min_lr.decision import Decision
from lrlab.experiments.min_lr.gate import Gate
from lrlab.experiments.min_lr.race import Entry
from lrlab.experiments.min_lr.stable_ramp import literal_count
from lrlab.experiments.range_test import RangeFinding
from lrlab.launch.spec import TrialResult


@dataclass(frozen=True)
class Cost:
    """What trials took: updates, images and seconds of their own clocks."""

    steps: int
    images: int
    seconds: float

    @classmethod
    def of(cls, trials: Sequence[TrialResult], images_per_step: int) -> "Cost":
        """The sum over trials; the same trial counts once. A live loader's trials know their images themselves."""
        own = {trial.id: trial for trial in trials}.values()
        images = sum(int(trial.metrics.get("images", trial.steps * images_per_step)) for trial in own)
        return cls(sum(trial.steps for trial in own), images, sum(trial.seconds for trial in own))

    def to_json(self) -> dict[str, float]:
        """Plain data."""
        return {"steps": self.steps, "images": self.images, "seconds": self.seconds}


@dataclass(frozen=True)
class Candidate:
    """A row of the answer's table.

    Attributes:
        ratio, min_lr: where the climb begins, as a share of the max-lr and as an lr.
        counts: updates by seed; None where the bound was met first, or it did not run.
        bounds: updates by seed within which they were looked for.
        median, iqr: over the seeds; None where too few got there. `at_least` bounds the median from below.
        time_ratio, low, high: paired with the reference, with its 95 % interval; None for the reference.
        adjusted_p: over the family.
        dropped: why it is out; empty while it is in.
        failures: seed -> how.
        literal: updates at 5 % a time, the study notes' count.
    """

    ratio: float
    min_lr: float
    counts: dict[int, int | None]
    bounds: dict[int, int]
    median: float | None
    at_least: float | None
    iqr: tuple[float, float] | None
    time_ratio: float | None
    low: float | None
    high: float | None
    adjusted_p: float | None
    dropped: str
    failures: dict[int, str]
    literal: int
    cost: Cost

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "ratio": self.ratio,
            "min_lr": self.min_lr,
            "climbs": [
                {
                    "seed": seed,
                    "updates": self.counts.get(seed),
                    "bound": self.bounds.get(seed),
                    "failure": self.failures.get(seed),
                }
                for seed in sorted(self.counts.keys() | self.bounds.keys() | self.failures.keys())
            ],
            "median": self.median,
            "at_least": self.at_least,
            "iqr": list(self.iqr) if self.iqr else None,
            "time_ratio": self.time_ratio,
            "low_95": self.low,
            "high_95": self.high,
            "adjusted_p": self.adjusted_p,
            "dropped": self.dropped,
            "literal_count": self.literal,
            "cost": self.cost.to_json(),
        }


@dataclass(frozen=True)
class Climb:
    """A climb for the figure: its raw losses and lrs."""

    ratio: float
    seed: int
    lrs: tuple[float, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True)
class MinLrFinding:
    """The answer of a min-lr search.

    Attributes:
        min_lr: where to begin; None where no max-lr passed the gate, or none that may be used.
        max_lr: the one climbed to; the asked one, or what `auto_shrink` made of it.
        asked: the max-lr asked for, or found by the range test.
        passes: the largest tried max-lr that passes the gate; None where none does.
        decisive: whether the answer is more than the rule of a tenth.
        verdict: the sentence that says so.
        candidates: ascending.
        gate: every attempt.
        flags: NO_SIGNAL, GATE_FAILED, SHRUNK, CONFIRM_WORSE, each with a sentence.
        range_finding: of the range test that came first; None where the max-lr was given.
        saved: updates less than every candidate on every seed to the end of its climb; 0 for stable-ramp.
        notes: sentences about how it was measured.
    """

    method: str
    min_lr: float | None
    max_lr: float
    asked: float
    passes: float | None
    decisive: bool
    verdict: str
    reference: float
    candidates: tuple[Candidate, ...]
    gate: Gate
    flags: tuple[Flag, ...]
    climbs: tuple[Climb, ...]
    up: int
    hold: int
    seeds: int
    cost: Cost
    saved: int = 0
    confirmation: Confirmation | None = None
    range_finding: RangeFinding | None = None
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        """The min-lr as a share of the max-lr."""
        return None if self.min_lr is None else self.min_lr / self.max_lr

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if self.min_lr is None:
            codes = "; ".join(flag.code for flag in self.flags)
            if not math.isfinite(self.asked):
                return f"no min-lr: {codes} in the range test, which gives no max-lr"
            tail = f"; {self.passes:.3g} passes" if self.passes is not None else ""
            return f"no min-lr: {codes} at max-lr {self.asked:.3g}{tail}"
        sure = "decisive" if self.decisive else "a tie: the rule of a tenth"
        if not self.decisive and self.ratio is not None and not math.isclose(self.ratio, 0.1, rel_tol=1e-6):
            sure = "not decisive"
        return f"min-lr {self.min_lr:.3g} for max-lr {self.max_lr:.3g} ({sure})"

    @property
    def snippet(self) -> str:
        """The policy to paste into a config; empty without an answer."""
        if self.min_lr is None:
            return ""
        return f"policy:\n  name: onecycle\n  max_lr: {self.max_lr:.4g}\n  min_lr: {self.min_lr:.4g}\n"

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "method": self.method,
            "min_lr": self.min_lr,
            "max_lr": _finite(self.max_lr),
            "ratio": self.ratio,
            "asked_max_lr": _finite(self.asked),
            "largest_that_passes": self.passes,
            "decisive": self.decisive,
            "verdict": self.verdict,
            "reference_ratio": self.reference,
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "gate": {
                "attempts": [
                    {
                        "max_lr": a.max_lr,
                        "passed": a.passed,
                        "climbs": [{"seed": seed, "failure": failure} for seed, failure in a.failures.items()],
                    }
                    for a in self.gate.attempts
                    if math.isfinite(a.max_lr)
                ],
                "chance": _finite(self.gate.chance),
                "target": _finite(self.gate.target),
                "critical_lr": _finite(self.gate.critical_lr),
            },
            "flags": [{"code": flag.code, "message": flag.message} for flag in self.flags],
            "climb": {"up": self.up, "hold": self.hold, "seeds": self.seeds},
            "confirmation": _confirmation_json(self.confirmation),
            "range_test": self.range_finding.to_json() if self.range_finding is not None else None,
            "cost": self.cost.to_json(),
            "saved_steps": self.saved,
            "policy": self.snippet,
            "notes": list(self.notes),
        }


def rows(
    entries: Sequence[Entry], decision: Decision | None, max_lr: float, images_per_step: int
) -> tuple[Candidate, ...]:
    """The table, from the race and what was decided."""
    return tuple(_row(entry, decision, max_lr, images_per_step) for entry in entries)


def _row(entry: Entry, decision: Decision | None, max_lr: float, images_per_step: int) -> Candidate:
    compared = decision.compared[entry.ratio] if decision is not None else None
    times = compared.times if compared is not None else None
    against = compared.against.comparison if compared is not None and compared.against is not None else None
    quartiles = [quantile(times, share).value for share in (0.25, 0.75)] if times is not None else [None, None]
    low, high = quartiles
    middle = quantile(times) if times is not None else None
    return Candidate(
        ratio=entry.ratio,
        min_lr=entry.ratio * max_lr,
        counts=dict(entry.counts),
        bounds=dict(entry.bounds),
        median=middle.value if middle else None,
        at_least=middle.at_least if middle else None,
        iqr=(low, high) if low is not None and high is not None else None,
        time_ratio=against.estimate if against else None,
        low=against.low if against else None,
        high=against.high if against else None,
        adjusted_p=compared.adjusted_p if compared is not None else None,
        dropped=entry.dropped,
        failures=dict(entry.failures),
        literal=literal_count(entry.ratio),
        cost=Cost.of(entry.trials, images_per_step),
    )


def climb_of(ratio: float, result: TrialResult) -> Climb:
    """A climb for the figure."""
    return Climb(ratio, result.seed, tuple(result.series.get("lr", ())), tuple(result.series.get("loss", ())))


def _confirmation_json(found: Confirmation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    comparison = found.comparison
    return {
        "ratio": found.ratio,
        "reference_ratio": found.reference,
        "metric": found.metric,
        "steps": found.steps,
        "mean": statistics.fmean(found.values) if found.values else None,
        "reference_mean": statistics.fmean(found.reference_values) if found.reference_values else None,
        "difference": comparison.estimate if comparison else None,
        "low_95": comparison.low if comparison else None,
        "high_95": comparison.high if comparison else None,
        "worse": found.worse,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

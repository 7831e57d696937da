"""Which candidate, and whether that is sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lrlab.analysis.censored import TimeComparison, Times, compare_times
from lrlab.analysis.multiple import holm
from lrlab.experiments.min_lr.race import Entry

ALPHA = 0.05


@dataclass(frozen=True)
class Compared:
    """A candidate against the reference.

    Attributes:
        times: over all seeds; None for a candidate that is out.
        against: the paired ratio of times; None for the reference and for one that is out.
        adjusted_p: Holm's over all candidates but the reference, those that are out included; None for the reference.
    """

    times: Times | None
    against: TimeComparison | None = None
    adjusted_p: float | None = None

    @property
    def differs(self) -> bool:
        """Whether it surely takes another time than the reference."""
        return self.adjusted_p is not None and self.adjusted_p < ALPHA

    @property
    def ratio(self) -> float:
        """Its time as a multiple of the reference's; 1 where nothing was compared."""
        return self.against.comparison.estimate if self.against is not None else 1.0


@dataclass(frozen=True)
class Decision:
    """What the comparison comes to.

    Attributes:
        winner: the fastest of the candidates that are surely faster than the reference; without one the reference.
        decisive: whether the winner is surely faster than the reference or, where it is the reference, surely faster
            than every candidate that is still in.
        leader: the fastest candidate, sure or not.
    """

    compared: Mapping[float, Compared]
    winner: float
    decisive: bool
    leader: float


def decide(entries: Sequence[Entry], reference: float) -> Decision:
    """Compare all that ran on every seed with the reference; one error rate for all of them.

    A candidate that dropped out keeps its place in the family, as if nothing could be said of it: that costs power
    and never adds a false winner.
    """
    times = {entry.ratio: _times(entry) if entry.alive else None for entry in entries}
    base = times[reference]
    assert base is not None, "the reference passed the gate and ran in full"
    others = [ratio for ratio in times if ratio != reference]
    found = {ratio: compare_times(t, base, resolution=1) for ratio in others if (t := times[ratio]) is not None}
    p_values = [found[ratio].comparison.p_value if ratio in found else 1.0 for ratio in others]
    compared = {reference: Compared(base)}
    for ratio, p in zip(others, holm(p_values), strict=True):
        compared[ratio] = Compared(times[ratio], found.get(ratio), p)
    faster = [ratio for ratio in found if compared[ratio].differs and compared[ratio].ratio < 1]
    winner = min(faster, key=lambda ratio: compared[ratio].ratio, default=reference)
    beaten = all(compared[ratio].differs for ratio in found)
    running = [reference, *found]
    leader = min(running, key=lambda ratio: (compared[ratio].ratio, abs(ratio - reference)))
    return Decision(compared, winner, bool(faster) or (bool(found) and beaten), leader)


def without(decision: Decision, ratio: float, reference: float) -> Decision:
    """The decision once `ratio` turned out not to survive the hold: the next best, on the same comparisons."""
    compared = {r: Compared(None, None, c.adjusted_p) if r == ratio else c for r, c in decision.compared.items()}
    faster = [r for r, c in compared.items() if c.against is not None and c.differs and c.ratio < 1]
    winner = min(faster, key=lambda r: compared[r].ratio, default=reference)
    return Decision(compared, winner, bool(faster), winner)


def _times(entry: Entry) -> Times:
    """A count that was not reached enters as its bound."""
    seeds = sorted(entry.bounds)
    durations = tuple(float(entry.counts[seed] or entry.bounds[seed]) for seed in seeds)
    return Times(durations, tuple(entry.counts[seed] is not None for seed in seeds))

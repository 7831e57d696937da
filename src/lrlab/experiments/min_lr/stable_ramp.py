"""Stable ramp: the shortest climb from a candidate to the max-lr that survives a hold there.

The study notes count the updates from min-lr to max-lr. At a fixed rate of climb that count is a formula
(`literal_count`), and the largest candidate always wins. Made sound: how short may the climb be made? A candidate
that lets the net reach the max-lr sooner, alive, is better. What a climb is shorter by it stays longer at the max-lr.

Each seed is searched by bisection, as if longer climbs were always safer; they are not quite, which is why single
seeds scatter. The reference goes first; a challenger is first asked for a climb one update shorter, and is out where
that fails: it costs one run. How much longer than the reference's its climb would be is then not known, and a
comparison that took it as equal would see wins alone, and call a tie decisive. So only challengers that beat the
reference (or equal its 1) on every seed are compared, on counts known in full; dropping the others never adds a
winner.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from lrlab.experiments.min_lr.gate import Gate, climbed
from lrlab.experiments.min_lr.race import Entry, rounds
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult, TrialSpec

RATE = 1.05  # the literal count's factor per update


@dataclass
class Bisection:
    """The shortest climb of one candidate and seed: above `fails`, at most `survives`.

    Attributes:
        fails: longest climb known to fail; 0 before any did.
        survives: shortest known to survive; None before any did.
        first: the climb that is tried first.
        longest: beyond it nothing is tried.
    """

    first: int
    longest: int
    fails: int = 0
    survives: int | None = None
    started: bool = field(default=False)

    @property
    def next(self) -> int | None:
        """The climb to try next; None when it is found or cannot be."""
        if not self.started:
            return self.first
        if self.survives is None:
            return self.longest if self.fails < self.longest else None
        return (self.fails + self.survives) // 2 if self.survives - self.fails > 1 else None

    def update(self, up: int, survived: bool) -> None:
        """Take in how a climb of `up` updates went."""
        self.started = True
        if survived:
            self.survives = up
        else:
            self.fails = up


def run_stable_ramp(
    settings: Settings, gate: Gate
) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], list[Entry]]:
    """The shortest stable climb of each candidate and seed; of a challenger until it needs no shorter one."""
    entries = {ratio: Entry(ratio) for ratio in settings.ratios}
    reference = entries[settings.reference]
    reference.trials += gate.climbs.values()
    known = dict.fromkeys(gate.climbs, settings.up)  # the gate's climbs survived
    searches = {}
    for seed in settings.all_seeds:
        searches[seed] = Bisection(1, settings.up, survives=known.get(seed))
    yield from _search(settings, [(reference, seed, search) for seed, search in searches.items()])
    for seed, search in searches.items():
        reference.counts[seed], reference.bounds[seed] = search.survives, settings.up
    lost = [seed for seed, search in searches.items() if search.survives is None]
    if lost:
        reference.failures = dict.fromkeys(lost, "no climb survives")
        reference.dropped = f"failed: no climb survives with seed {lost[0]}"
        return list(entries.values())
    for seeds in rounds(settings.all_seeds):
        challengers = [entry for entry in entries.values() if entry.alive and entry is not reference]
        yield from _challenge(settings, reference, challengers, seeds)
    return list(entries.values())


def _challenge(
    settings: Settings, reference: Entry, challengers: Sequence[Entry], seeds: Sequence[int]
) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], None]:
    """Each challenger on these seeds: one update shorter than the reference, then by bisection."""
    bounds = {seed: max(1, (reference.counts[seed] or 1) - 1) for seed in seeds}
    searches = [(entry, seed, Bisection(bounds[seed], bounds[seed])) for entry in challengers for seed in seeds]
    yield from _search(settings, searches)
    for entry, seed, search in searches:
        entry.counts[seed], entry.bounds[seed] = search.survives, bounds[seed]
        if entry.alive and search.survives is None:
            entry.dropped = f"slow: a climb of {bounds[seed]} updates fails with seed {seed}"


def _search(
    settings: Settings, searches: Sequence[tuple[Entry, int, Bisection]]
) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], None]:
    """Bisect all at once, a climb of each at a time."""
    while running := [(e, seed, search, up) for e, seed, search in searches if (up := search.next) is not None]:
        specs = [settings.climb(entry.ratio, seed, up=up) for entry, seed, _, up in running]
        for (entry, _, search, up), result in zip(running, (yield specs), strict=True):
            entry.trials.append(result)
            search.update(up, climbed(result, whole=True).failure is None)


def literal_count(ratio: float) -> int:
    """Updates from `ratio` of the max-lr to all of it, 5 % at a time."""
    return math.ceil(math.log(1 / ratio) / math.log(RATE) - 1e-9)

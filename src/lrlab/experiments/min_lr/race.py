"""Time to target: how many updates of its climb each candidate needs to bring the loss down to one level.

All climbs end at the same max-lr after the same number of updates, so a candidate that begins higher is ahead in lr
all the way; the question is whether it is ahead in loss. Seeds come in rounds; a candidate that needs half again as
many updates as the reference on one seed, or fails, is out and costs no more.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from lrlab.analysis.climb import reached
from lrlab.experiments.min_lr.gate import Gate, climbed
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult, TrialSpec

HOPELESS = 1.5  # times the reference's updates, on the same seed


@dataclass
class Entry:
    """A candidate in the race.

    Attributes:
        counts: seed -> updates needed, or None where the bound was met first.
        bounds: seed -> updates it was given.
        failures: seed -> how its climb failed.
        dropped: why it is out; empty while it is in.
        trials: every trial of it, the gate's too.
    """

    ratio: float
    counts: dict[int, int | None] = field(default_factory=dict)
    bounds: dict[int, int] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    dropped: str = ""
    trials: list[TrialResult] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether it is still in the race."""
        return not self.dropped


def run_race(settings: Settings, gate: Gate) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], list[Entry]]:
    """All candidates on all seeds, but for those that drop out; the reference is run in full."""
    entries = {ratio: Entry(ratio) for ratio in settings.ratios}
    reference = entries[settings.reference]
    for seed, result in gate.climbs.items():
        _note(reference, seed, result, gate.target, settings.up)
    rest = [seed for seed in settings.all_seeds if seed not in gate.climbs]
    if rest:
        specs = [settings.climb(reference.ratio, seed) for seed in rest]  # held to the end, as in the gate
        for seed, result in zip(rest, (yield specs), strict=True):
            _note(reference, seed, result, gate.target, settings.up, whole=True)
    if not reference.alive:
        return list(entries.values())
    for seeds in rounds(settings.all_seeds):
        running = [
            (entry, seed) for seed in seeds for entry in entries.values() if entry.alive and entry is not reference
        ]
        if not running:
            break
        caps = {seed: _cap(reference, seed, settings.up) for seed in seeds}
        specs = [settings.climb(e.ratio, seed, target=gate.target, cap=caps[seed]) for e, seed in running]
        for (entry, seed), result in zip(running, (yield specs), strict=True):
            _note(entry, seed, result, gate.target, caps[seed])
            if entry.alive and entry.counts[seed] is None and caps[seed] < settings.up:
                entry.dropped = f"slow: not there after {caps[seed]} updates with seed {seed}"
    return list(entries.values())


def rounds(seeds: Sequence[int]) -> list[Sequence[int]]:
    """One seed, one more, and then the others at once."""
    return [part for part in (seeds[:1], seeds[1:2], seeds[2:]) if part]


def _cap(reference: Entry, seed: int, up: int) -> int:
    count = reference.counts[seed]
    return up if count is None else min(up, math.ceil(HOPELESS * count))


def _note(entry: Entry, seed: int, result: TrialResult, target: float, bound: int, *, whole: bool = False) -> None:
    """Take in a climb: its count within `bound`, or its failure, which disqualifies the candidate."""
    entry.trials.append(result)
    found = climbed(result, whole=whole)
    if found.failure is not None:
        entry.failures[seed] = found.failure
        entry.dropped = f"failed: {found.failure} with seed {seed}"
        return
    count = reached(result.series["loss"], target)
    entry.counts[seed] = count if count is not None and count <= bound else None
    entry.bounds[seed] = bound

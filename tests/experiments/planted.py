"""Climbs with a known course, for the search for the min-lr: a stub of the trial runner, and curves to put in it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from lrlab.analysis.climb import BETA, ClimbRule
from lrlab.experiments.min_lr.experiment import FindMinLr
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.launch.experiment import drive
from lrlab.launch.spec import TrialResult, TrialSpec

CHANCE = math.log(10)
DROP = 2.0  # how far a planted net's loss comes down
UP, HOLD = 60, 15


def config_of(**wanted: Any) -> dict[str, Any]:
    """What a search reads of a resolved config."""
    section = {
        "max_lr": 0.5, "ratios": None, "lrs": None, "seeds": 5, "steps": UP, "hold": HOLD, "gate_seeds": 3,
        "method": "time-to-target", "auto_shrink": False, "confirm": False, "confirm_steps": 20,
    }  # fmt: skip
    assert wanted.keys() <= section.keys()
    policy = {"name": "constant", "lr": None}
    return {"find_min_lr": {**section, **wanted}, "policy": policy, "train": {"seed": 0}, "data": {"batch_size": 32}}


@dataclass(frozen=True)
class Asked:
    """A climb that is asked for."""

    ratio: float
    seed: int
    max_lr: float
    up: int
    hold: int
    min_lr: float

    @classmethod
    def of(cls, spec: TrialSpec) -> "Asked":
        p = spec.config["policy"]
        up, hold = (int(str(p[key]).removesuffix("it")) for key in ("up", "hold"))
        return cls(round(p["min_lr"] / p["max_lr"], 6), spec.seed, p["max_lr"], up, hold, p["min_lr"])

    def lrs(self) -> list[float]:
        return [
            self.min_lr + (self.max_lr - self.min_lr) * min(step / self.up, 1.0) for step in range(self.up + self.hold)
        ]


Curve = Callable[[Asked], Sequence[float]]


@dataclass
class Planted:
    """Runs a climb as `launch.sweep` does, on losses that are known; counts what it is asked."""

    curve: Curve
    accuracy: Callable[[float, int], float] = lambda ratio, seed: 0.9
    chance: float | None = CHANCE
    asked: list[TrialSpec] = field(default_factory=list)

    def __call__(self, spec: TrialSpec) -> TrialResult:
        self.asked.append(spec)
        if not spec.climb:
            policy = spec.config["policy"]
            value = self.accuracy(round(policy["min_lr"] / policy["max_lr"], 6), spec.seed)
            return TrialResult(spec.id, spec.seed, "completed", "end", 20, {"val_accuracy": value})
        rule, losses, reason = ClimbRule(spec.target), [], "end"
        for loss in self.curve(Asked.of(spec)):
            losses.append(loss)
            if (stop := rule.update(loss)) is not None:
                reason = stop.value
                break
            if len(losses) == spec.cap:
                break
        metrics = {} if self.chance is None else {"chance": self.chance}
        if "critical_lr" in spec.measures:
            metrics["critical_lr"] = 1.25
        return TrialResult(spec.id, spec.seed, "completed", reason, len(losses), metrics, {"loss": losses}, 1.0)


def answer(curve: Curve, *, accuracy: Callable[[float, int], float] | None = None, **wanted: Any) -> MinLrFinding:
    """What the search makes of planted climbs."""
    return answer_of(Planted(curve, accuracy) if accuracy else Planted(curve), **wanted)


def answer_of(planted: Planted, **wanted: Any) -> MinLrFinding:
    found, _ = drive(FindMinLr.from_config(config_of(**wanted)), planted)
    assert isinstance(found, MinLrFinding)
    return found


def answer_once(planted: Planted, **wanted: Any) -> MinLrFinding:
    """The same, the story told once and not again for each round: for simulations."""
    story = FindMinLr.from_config(config_of(**wanted)).story()
    try:
        specs = next(story)
        while True:
            specs = story.send([planted(spec) for spec in specs])
    except StopIteration as end:
        found: MinLrFinding = end.value
        return found


def reaching(time: float, steps: int = UP + HOLD, *, chance: float = CHANCE) -> list[float]:
    """Raw losses whose smoothed value comes down in a line, and is at six tenths of the way after `time` updates.

    All of the way is done when the climb is, if `time` lies within it; else the line goes on.

    The smoothing undone: so the first update at or below the gate's target is `ceil(time)`, whatever the lag.
    """
    assert time > 1
    pace = 0.6 / (time - 1)
    after = 0.4 / (UP - time) if time < UP else pace
    line = [
        chance - DROP * min(1.0, pace * step if step < time else 0.6 + after * (step - time + 1))
        for step in range(steps)
    ]
    sums = [0.0] + [(1 - BETA**step) * level for step, level in enumerate(line, start=1)]
    return [(after - BETA * before) / (1 - BETA) for before, after in pairwise(sums)]


def timed(time: Callable[[float, int], float]) -> Curve:
    """Climbs that reach the target after `time(ratio, seed)` updates."""
    return lambda a: reaching(time(a.ratio, a.seed), a.up + a.hold)


def plateau(a: Asked) -> list[float]:
    """Starts above chance, as Kaiming weights do, and ends a little above it, as a dead net with BatchNorm does."""
    return [CHANCE + 0.4 * 0.8**step + 0.01 for step in range(a.up + a.hold)]


def exploding(a: Asked) -> list[float]:
    """Comes down, then is NaN."""
    return [*reaching(30.0, a.up), *[math.nan] * a.hold]


def climbing(a: Asked) -> list[float]:
    """Comes down at first, then rises far above its start and stays there, finite."""
    return [*reaching(30.0, a.up // 2), *[CHANCE * 4.0] * (a.up + a.hold - a.up // 2)]


def below(limit: float, good: Curve, bad: Curve) -> Curve:
    """`good` where the max-lr is at most `limit`, else `bad`."""
    return lambda a: good(a) if a.max_lr <= limit else bad(a)

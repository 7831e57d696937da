"""How often a search for the min-lr errs, and what it finds. Run with `--write` to renew the table.

Method: `search` itself is driven, with planted climbs in place of trainings, five seeds a candidate. Each climb reaches
the target after a known time: a time of its seed, which all candidates share, times the candidate's own log-normal
noise; or the losses themselves are noisy and the time is what comes of it. Counted are the searches that are decisive
although all candidates are equal, those that name the better one where there is one, and the 95 % intervals of time
ratios that hold the true ratio. `--write` puts the result in docs/tables/min_lr_simulation.json.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrlab.analysis.censored import Times, compare_times
from lrlab.analysis.climb import BETA
from lrlab.experiments.min_lr.experiment import search
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult, TrialSpec

Curve = Callable[[int, int], list[float]]  # candidate and seed, counted from 0 -> raw losses
World = Callable[[np.random.Generator, int, float], Curve]  # candidates, and what the last one's time is multiplied by

TABLE = Path(__file__).parents[1] / "docs" / "tables" / "min_lr_simulation.json"
SEEDS, UP, HOLD = 5, 50, 12
CHANCE, DROP = math.log(10), 2.0
TYPICAL, OF_A_SEED = 25.0, 0.15  # updates to the target, and σ of its logarithm over the seeds
CANDIDATES = (2, 3, 4, 5, 6)  # with the reference
SEARCHES, INTERVALS, TRUTH = 1000, 10_000, 1_000_000  # repetitions


def reaching(duration: float) -> list[float]:
    """Losses whose smoothed value falls in a line and is down at six tenths of the way after `duration` updates."""
    pace = max(duration - 1, 0.5)
    line = [CHANCE - DROP * min(1.0, 0.6 * step / pace) for step in range(UP + HOLD)]
    sums = [0.0] + [(1 - BETA**step) * level for step, level in enumerate(line, start=1)]
    return [(after - BETA * before) / (1 - BETA) for before, after in pairwise(sums)]


def planted(own: float, of_a_seed: float = OF_A_SEED) -> World:
    """Times with `own` as σ of a candidate's own noise."""

    def world(rng: np.random.Generator, candidates: int, factor: float) -> Curve:
        seed = rng.normal(0, of_a_seed, SEEDS)
        times = TYPICAL * np.exp(seed + rng.normal(0, own, (candidates, SEEDS)))
        times[-1] *= factor
        return lambda candidate, number: reaching(float(times[candidate, number]))

    return world


def noisy_losses(rng: np.random.Generator, candidates: int, factor: float) -> Curve:
    """An exponential descent with noise of 0.15 on each loss, in part the same for all, as with equal batches."""
    pace = 18 * np.exp(rng.normal(0, OF_A_SEED, SEEDS))
    shared = rng.normal(0, 0.1, (SEEDS, UP + HOLD))
    own = rng.normal(0, 0.11, (candidates, SEEDS, UP + HOLD))
    steps = np.arange(UP + HOLD)

    def curve(candidate: int, number: int) -> list[float]:
        tau = pace[number] * (factor if candidate == candidates - 1 else 1.0)
        losses: list[float] = (
            CHANCE - DROP * (1 - np.exp(-steps / tau)) + shared[number] + own[candidate, number]
        ).tolist()
        return losses

    return curve


WORLDS: dict[str, World] = {
    "exact": planted(0.0),
    "own noise 5 %": planted(0.05),
    "own noise 10 %": planted(0.1),
    "own noise 30 %": planted(0.3),
    "own noise 10 %, slow seeds not there": planted(0.1, of_a_seed=0.8),
    "noisy losses": noisy_losses,
}
EQUAL = tuple(world for world in WORLDS if world != "own noise 5 %")  # that one is for power
GAINS = (0.1, 0.15, 0.25)  # of the time


def settings_of(candidates: int) -> Settings:
    """A search over ratios from 1/10 to 1/5."""
    ratios = tuple(0.1 * 2 ** (k / (candidates - 1)) for k in range(candidates))
    base = {"policy": {"name": "constant"}, "train": {"seed": 0}, "data": {"batch_size": 1}}
    return Settings(base, "simulation", 1.0, ratios, SEEDS, 0, UP, HOLD, 3, "time-to-target", False)


def found_in(settings: Settings, curve: Curve) -> MinLrFinding:
    """The answer where climbs go like that. A climb is not ended at its target: what follows is not looked at."""
    numbers = {ratio: n for n, ratio in enumerate(settings.ratios)}

    def run(spec: TrialSpec) -> TrialResult:
        policy = spec.config["policy"]
        losses = curve(numbers[policy["min_lr"] / policy["max_lr"]], spec.seed)[: spec.cap]
        name = f"{spec.seed} {policy['min_lr']} {spec.cap}"
        return TrialResult(name, spec.seed, "completed", "end", len(losses), {"chance": CHANCE}, {"loss": losses})

    story = search(settings)
    try:
        specs: Sequence[TrialSpec] = next(story)
        while True:
            specs = story.send([run(spec) for spec in specs])
    except StopIteration as end:
        found: MinLrFinding = end.value
        return found


def generator(*cell: object) -> np.random.Generator:
    """A stream of its own for each cell, so that one can be run again alone."""
    return np.random.default_rng(list("/".join(map(str, cell)).encode()))


def searches(candidates: int) -> int:
    """More for a pair: nothing but the test's own 5 % is between it and an error, and 1000 do not tell 5 from 6 %."""
    return 4 * SEARCHES if candidates == 2 else SEARCHES


def errors(world: str, candidates: int, rng: np.random.Generator, scale: float = 1.0) -> dict[str, Any]:
    """How often equal candidates are decided between."""
    count, settings = int(searches(candidates) * scale), settings_of(candidates)
    answers = [found_in(settings, WORLDS[world](rng, candidates, 1.0)) for _ in range(count)]
    return {"decisive": share([a.decisive for a in answers])}


def power(world: str, gain: float, candidates: int, rng: np.random.Generator, scale: float = 1.0) -> dict[str, Any]:
    """How often the one candidate that needs less time by `gain` is named, and how often another is."""
    count, settings = int(SEARCHES * scale / 2), settings_of(candidates)
    answers = [found_in(settings, WORLDS[world](rng, candidates, 1 - gain)) for _ in range(count)]
    best = settings.ratios[-1]
    winners = [a.ratio for a in answers if a.decisive]
    named = [ratio is not None and math.isclose(ratio, best) for ratio in winners]
    missing = [False] * (count - len(winners))
    return {"named": share(named + missing), "another": share([not right for right in named] + missing)}


def coverage(own: float, factor: float, bound: float, rng: np.random.Generator, scale: float = 1.0) -> dict[str, Any]:
    """How often the paired interval of whole updates holds the ratio of the true times, cut at the bound if any."""

    def draw(count: int) -> NDArray[np.float64]:
        seed = rng.normal(0, OF_A_SEED, (count, SEEDS, 1))
        return TYPICAL * np.exp(seed + rng.normal(0, own, (count, SEEDS, 2))) * np.array([factor, 1.0])

    exact = np.minimum(draw(int(TRUTH * scale) // SEEDS), bound)
    truth = math.exp(float(np.log(exact[..., 0] / exact[..., 1]).mean())) if bound < math.inf else factor
    hits = []
    for times in draw(int(INTERVALS * scale)):
        counts = np.ceil(times)
        arms = [Times(tuple(np.minimum(arm, bound).tolist()), tuple((arm <= bound).tolist())) for arm in counts.T]
        found = compare_times(arms[0], arms[1], resolution=1).comparison
        assert found.low is not None and found.high is not None
        hits.append(found.low <= truth <= found.high)
    return {"truth": round(truth, 4), "covered": share(hits)}


def share(hits: Sequence[bool]) -> dict[str, float]:
    """A share of repetitions with its standard error."""
    p = sum(hits) / len(hits)
    error = math.sqrt(p * (1 - p) / len(hits))
    return {"share": round(p, 5), "repetitions": len(hits), "standard_error": round(error, 5)}


def error_cells() -> list[tuple[str, int]]:
    """Where all candidates are equal."""
    return [(world, n) for world in EQUAL for n in CANDIDATES]


def measure(scale: float = 1.0) -> dict[str, Any]:
    """Everything, as plain data."""
    return {
        "seeds": SEEDS,
        "climb": {"up": UP, "hold": HOLD},
        "false_decisions": [
            {"candidates_equal": w, "candidates": n, **errors(w, n, generator(w, n), scale)} for w, n in error_cells()
        ],
        "power": [
            {"world": w, "gain": g, "candidates": n, **power(w, g, n, generator("power", w, g, n), scale)}
            for w in ("own noise 5 %", "own noise 10 %", "noisy losses")
            for n in (2, 4)
            for g in GAINS
        ],
        "coverage": [
            {"own_noise": o, "ratio": f, "bound": b, **coverage(o, f, b or math.inf, generator(o, f, b), scale)}
            for b in (None, 30.0)
            for o in (0.02, 0.1, 0.3)
            for f in (1.0, 0.85, 0.7)
        ],
    }  # fmt: skip


def as_text(result: dict[str, Any]) -> str:
    """JSON with a line per row, so that a change to it can be read."""
    parts = []
    for key, value in result.items():
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value) if isinstance(value, list) else ""
        parts.append(f' "{key}": ' + (f"[\n  {rows}\n ]" if rows else json.dumps(value)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/tables/")
    parser.add_argument("--scale", type=float, default=1.0, help="times the repetitions")
    arguments = parser.parse_args()
    began = time.process_time()
    text = as_text(measure(scale=arguments.scale))
    print(text)
    print(f"{time.process_time() - began:.0f} CPU-seconds")
    if arguments.write:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The committed table of benchmarks/min_lr_simulation.py: what it must say, and measured again in part."""

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "docs" / "tables" / "min_lr_simulation.json").read_text(encoding="utf-8"))


def load() -> Any:
    path = ROOT / "benchmarks" / "min_lr_simulation.py"
    spec = importlib.util.spec_from_file_location("min_lr_simulation", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = load()


def row(part: str, **labels: Any) -> Any:
    (found,) = [r for r in TABLE[part] if all(r[key] == value for key, value in labels.items())]
    return found


def agree(again: Any, committed: Any) -> bool:
    """Within four standard errors of the difference."""
    p = committed["share"]
    error = math.sqrt(max(p * (1 - p), 1e-3) * (1 / again["repetitions"] + 1 / committed["repetitions"]))
    return bool(abs(again["share"] - p) <= 4 * error)


def test_equal_candidates_are_decisive_in_six_of_a_hundred_searches_at_most() -> None:
    rows = TABLE["false_decisions"]
    assert [(r["candidates_equal"], r["candidates"]) for r in rows] == bench.error_cells()
    for r in rows:
        assert r["decisive"]["repetitions"] == bench.searches(r["candidates"]) >= 1000
        assert r["decisive"]["share"] <= 0.06, r
        assert r["decisive"]["share"] == 0 or r["candidates_equal"] != "exact"


def test_intervals_hold_the_true_ratio_in_93_of_a_hundred_at_least() -> None:
    assert len(TABLE["coverage"]) == 18
    for r in TABLE["coverage"]:
        assert r["covered"]["repetitions"] == bench.INTERVALS and r["covered"]["share"] >= 0.93, r


def test_a_better_candidate_is_named_the_more_often_the_better_it_is_and_hardly_ever_another() -> None:
    for r in TABLE["power"]:
        assert r["another"]["share"] <= 0.06
        more = [
            m["named"]["share"]
            for m in TABLE["power"]
            if (m["world"], m["candidates"]) == (r["world"], r["candidates"]) and m["gain"] > r["gain"]
        ]
        assert all(share >= r["named"]["share"] for share in more)
    assert row("power", world="own noise 5 %", gain=0.25, candidates=4)["named"]["share"] > 0.9


@pytest.mark.parametrize(("world", "candidates"), [("own noise 10 %", 4), ("noisy losses", 2)])
def test_false_decisions_measured_again(world: str, candidates: int) -> None:
    again = bench.errors(
        world, candidates, bench.generator("again", world, candidates), scale=0.06 if candidates > 2 else 0.02
    )
    assert agree(again["decisive"], row("false_decisions", candidates_equal=world, candidates=candidates)["decisive"])


def test_power_measured_again() -> None:
    again = bench.power("own noise 10 %", 0.25, 4, bench.generator("again"), scale=0.08)
    assert agree(again["named"], row("power", world="own noise 10 %", gain=0.25, candidates=4)["named"])
    # the control: the check tells shares apart
    assert not agree(again["named"], row("power", world="own noise 10 %", gain=0.1, candidates=4)["named"])


@pytest.mark.parametrize("bound", [None, 30.0])
def test_coverage_measured_again(bound: float | None) -> None:
    again = bench.coverage(0.1, 0.85, bound or math.inf, bench.generator("again"), scale=0.05)
    assert agree(again["covered"], row("coverage", own_noise=0.1, ratio=0.85, bound=bound)["covered"])
    assert again["truth"] == pytest.approx(row("coverage", own_noise=0.1, ratio=0.85, bound=bound)["truth"], abs=0.01)


def test_planted_times_are_reached_when_they_say() -> None:
    from lrlab.analysis.climb import reached

    for duration in (5.5, 17.2, 30.9, 44.1):
        assert reached(bench.reaching(duration), bench.CHANCE - 0.6 * bench.DROP) == math.ceil(duration)

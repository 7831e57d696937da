"""The committed table of docs/statistics.md: measured again in part, true of the package, and shown as it is."""

import importlib.util
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrlab.analysis.intervals import interval_of

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "docs" / "tables" / "statistics.json").read_text(encoding="utf-8"))


def load() -> Any:
    spec = importlib.util.spec_from_file_location("statistics_coverage", ROOT / "benchmarks" / "statistics_coverage.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = load()


def covers(differences: str, n: int, method: str = "lrlab") -> Any:
    rows = [r for r in TABLE["coverage"] if (r["differences"], r["n"]) == (differences, n)]
    return rows[0]["coverage"][method]


def errs(arms: str, n: int, candidates: int, rule: str) -> Any:
    rows = [r for r in TABLE["family_wise_error"] if (r["arms"], r["n"], r["candidates"]) == (arms, n, candidates)]
    return rows[0]["error"][rule]


@pytest.mark.parametrize("name", bench.DIFFERENCES)
@pytest.mark.parametrize("n", [3, 10])
def test_what_is_simulated_is_what_the_package_says(name: str, n: int) -> None:
    drawn = bench.DIFFERENCES[name](np.random.default_rng(7), 25, n)
    fast = bench.interval(drawn.differences, drawn.rounding)
    for i, (sample, rounding) in enumerate(zip(drawn.differences, drawn.rounding, strict=True)):
        found = interval_of(sample, float(rounding), bench.CONFIDENCE)
        assert (fast.low[i], fast.high[i], fast.p[i]) == pytest.approx((found.low, found.high, found.p_value), abs=1e-8)


def agree(again: Any, committed: Any) -> bool:
    """Within four standard errors of the difference."""
    p, count = committed["share"], again.repetitions
    error = math.sqrt(max(p * (1 - p), 1e-3) * (1 / count + 1 / committed["repetitions"]))
    return abs(again.share - p) <= 4 * error


@pytest.mark.parametrize(
    ("name", "n"), [("normal", 3), ("normal", 10), ("log-normal, σ = 1", 5), ("steps, noise 0.1", 5)]
)
def test_coverage_measured_again(name: str, n: int) -> None:
    again = bench.coverage(name, n, bench.generator("again", name, n), scale=0.1)
    for method, share in again.items():
        assert agree(share, covers(name, n, method)), method
    # the control: the check tells methods apart
    assert not agree(again["percentile"], covers(name, n))


def test_family_wise_error_measured_again() -> None:
    again = bench.family_wise("normal", 5, 3, bench.generator("again"), scale=0.1)
    for rule, share in again.items():
        assert agree(share, errs("normal", 5, 3, rule)), rule
    assert not agree(again["Holm"], errs("normal", 5, 3, "unadjusted"))


def test_nothing_is_missing_and_repetitions_are_enough() -> None:
    assert [(r["differences"], r["n"]) for r in TABLE["coverage"]] == [
        (name, n) for name in bench.DIFFERENCES for n in bench.SEEDS
    ]
    assert {r["n"] for r in TABLE["family_wise_error"]} == {3, 5, 10}
    for row in TABLE["coverage"]:
        assert row["coverage"]["Student t"]["repetitions"] == bench.STUDENT
        assert all(cell["repetitions"] >= 5_000 and cell["standard_error"] < 0.008 for cell in row["coverage"].values())


def test_the_intervals_hold_what_they_promise() -> None:
    for n in (3, 5, 10, 20):
        for name in bench.DIFFERENCES:
            if not name.startswith("log-normal"):
                assert covers(name, n)["share"] >= 0.94, (name, n)
            assert covers(name, n)["share"] >= covers(name, n, "percentile")["share"]
            assert covers(name, n)["share"] >= covers(name, n, "BCa")["share"]
    # and where they do not, the page says so
    page = " ".join((ROOT / "docs" / "statistics.md").read_text(encoding="utf-8").split())
    for sigma in ("0.5", "1"):
        shares = [100 * covers(f"log-normal, σ = {sigma}", n)["share"] for n in bench.SEEDS]
        assert re.search(rf"σ = {sigma} in {min(shares):.0f} to {max(shares):.0f} %", page), shares


def test_families_err_no_more_than_promised() -> None:
    for row in TABLE["family_wise_error"]:
        for rule in ("Holm", "decisive winner"):
            assert row["error"][rule]["share"] <= 0.05 + 3 * max(row["error"][rule]["standard_error"], 0.001)
    assert errs("normal", 5, 5, "unadjusted")["share"] > 0.15  # what Holm is for
    assert errs("normal", 5, 1, "decisive winner")["share"] > 0.04  # two equal arms: the bound is reached


def test_the_page_shows_the_table() -> None:
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert bench.in_page(page, bench.tables(TABLE)) == page
    other = json.loads(json.dumps(TABLE))
    other["coverage"][0]["coverage"]["lrlab"]["share"] -= 0.01
    assert bench.in_page(page, bench.tables(other)) != page

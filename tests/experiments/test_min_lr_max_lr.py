"""Without a max-lr a range test comes first; the answer is plain data either way."""

import json
import math
import random
from typing import Any

import pytest
from planted import Planted, config_of, timed

from lrlab.config.load import load_config
from lrlab.experiments.min_lr.experiment import SWEEPS, FindMinLr
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.launch.experiment import drive
from lrlab.launch.spec import TrialResult, TrialSpec

BASE = load_config(None, ["find_min_lr.steps=60", "find_min_lr.hold=15"]).config.model_dump(mode="json")


def search(signal: float, **wanted: Any) -> tuple[MinLrFinding, list[TrialSpec]]:
    """Range tests that come down by `signal` and explode above lr 1; climbs that reach the target."""
    climbs = Planted(timed(lambda ratio, seed: 30.5 + seed))
    sweeps: list[TrialSpec] = []

    def run(spec: TrialSpec) -> TrialResult:
        if spec.climb:
            return climbs(spec)
        sweeps.append(spec)
        draw = random.Random(spec.seed)
        lrs = [10 ** (-6 + 7 * i / 99) for i in range(100)]
        losses = [2.3 - signal / (1 + (0.01 / lr) ** 2) + 0.02 * draw.gauss(0, 1) + 9 * max(0, lr - 1) for lr in lrs]
        return TrialResult(spec.id, spec.seed, "completed", "diverged", 100, {}, {"lr": lrs, "loss": losses}, 1.0)

    config = {**BASE, "find_min_lr": {**BASE["find_min_lr"], **wanted}}
    found, _ = drive(FindMinLr.from_config(config), run)
    assert isinstance(found, MinLrFinding)
    return found, sweeps


def test_the_range_test_gives_the_max_lr() -> None:
    found, sweeps = search(1.5)
    assert found.range_finding is not None and found.range_finding.suggestion is not None
    assert found.asked == float(f"{found.range_finding.suggestion:.4g}") == found.max_lr
    assert found.min_lr == pytest.approx(found.max_lr / 10)
    assert [s.seed for s in sweeps] == list(range(SWEEPS)) and SWEEPS >= 3
    assert all(s.experiment == "find-min-lr" for s in sweeps)
    assert found.to_json()["range_test"]["suggestion"] == found.range_finding.suggestion


def test_no_range_test_where_the_max_lr_is_given() -> None:
    found, sweeps = search(1.5, max_lr=0.4)
    assert not sweeps and found.range_finding is None and found.asked == 0.4


def test_without_a_max_lr_there_is_no_answer_and_no_number() -> None:
    found, sweeps = search(0.0)
    assert found.min_lr is None and len(sweeps) == SWEEPS
    assert found.headline == "no min-lr: NO_SIGNAL in the range test, which gives no max-lr"
    assert "the range test gives no max-lr: " in found.verdict
    answer = json.loads(json.dumps(found.to_json(), allow_nan=False))  # plain data without a NaN
    assert answer["asked_max_lr"] is answer["max_lr"] is answer["largest_that_passes"] is None
    assert answer["gate"]["attempts"] == [] and answer["candidates"] == []


def test_the_answer_is_plain_data_with_what_it_cost() -> None:
    found, _ = search(1.5, max_lr=0.4)
    answer = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert answer["cost"]["images"] == answer["cost"]["steps"] * BASE["data"]["batch_size"]
    assert answer["cost"]["steps"] == sum(c["cost"]["steps"] for c in answer["candidates"])
    assert [c["literal_count"] for c in answer["candidates"]] == [
        math.ceil(math.log(1 / c["ratio"]) / math.log(1.05)) for c in answer["candidates"]
    ]
    assert answer["policy"] == "policy:\n  name: onecycle\n  max_lr: 0.4\n  min_lr: 0.04\n"


def test_trials_do_not_hang_on_the_sections_of_other_questions() -> None:
    for key, value in {"range_test": {"steps": 7}, "name": "mine", "tune": {"x": 1}}.items():
        one, other = (FindMinLr({**config_of(), **more}).propose([]) for more in ({}, {key: value}))
        assert [s.id for s in one] == [s.id for s in other]
    for key, value in {"max_lr": 0.4, "steps": 50, "hold": 7}.items():
        one, other = (FindMinLr(config_of(**more)).propose([]) for more in ({}, {key: value}))
        assert not {s.id for s in one} & {s.id for s in other}
    one, other = (FindMinLr(config_of(**more)).propose([]) for more in ({}, {"seeds": 9, "confirm": True}))
    assert [s.id for s in one] == [s.id for s in other]

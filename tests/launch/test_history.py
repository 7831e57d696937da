"""What an edited experiment keeps of a run, and which config keys name a trial."""

import json
from typing import Any

import pytest
from trial_faults import Grid, Race, honest, specs_of

from lrlab.config.load import load_config
from lrlab.experiments.train import Train
from lrlab.launch.history import History
from lrlab.launch.spec import TrialSpec


def history_of(*rounds: list[TrialSpec], done: list[TrialSpec]) -> History:
    events: list[dict[str, Any]] = [
        {"event": "proposed", "round": i, "spec": s.to_json()} for i, specs in enumerate(rounds) for s in specs
    ]
    events += [{"event": "done", "result": honest(spec).to_json()} for spec in done]
    return History.of(json.loads(json.dumps(events)))


def test_more_trials_are_what_is_missing() -> None:
    specs = specs_of(*["none"] * 5)
    remaining = history_of(specs[:3], done=specs[:2]).replay(Grid(specs))
    assert (list(remaining.missing), remaining.kept, remaining.dropped) == (specs[2:], 2, set())


def test_fewer_trials_drop_some_whether_they_ran_or_not() -> None:
    specs = specs_of(*["none"] * 5)
    assert history_of(specs, done=specs[:4]).replay(Grid(specs[:3])).dropped == {specs[3].id, specs[4].id}


def test_an_experiment_that_looks_at_results_is_asked_as_far_as_they_go() -> None:
    race = Race()
    first = race.propose([])
    second = race.propose([honest(spec) for spec in first])
    after = history_of(list(first), list(second), done=[*first, second[0]]).replay(race)
    assert (list(after.missing), after.kept, after.dropped) == ([second[1]], 5, set())
    early = history_of(list(first), done=list(first[:1])).replay(race)
    assert list(early.missing) == list(first[1:]) and early.dropped == set()
    other = history_of(list(first), specs_of("raise"), done=list(first)).replay(race)  # it would now ask otherwise
    assert other.dropped == {specs_of("raise")[0].id}


def test_rounds_that_are_asked_no_more_are_dropped() -> None:
    specs = specs_of("none", "none", "slow")
    assert history_of(specs[:2], specs[2:], done=specs).replay(Grid(specs[:2])).dropped == {specs[2].id}


@pytest.mark.parametrize(
    "override",
    [
        "data.workers=2", "data.storage=stream", "data.download=true",
        "train.log_every=3", "train.checkpoint.every=9", "train.checkpoint.keep=5",
        "range_test.steps=20", "compare_policy.seeds=9",
    ],
)  # fmt: skip
def test_what_changes_no_number_is_not_in_the_id(override: str) -> None:
    assert id_of(override) == id_of()


@pytest.mark.parametrize("override", ["train.epochs=3", "optimizer.lr=0.3", "train.validate_every=4", "model.width=9"])
def test_what_changes_a_number_is(override: str) -> None:
    assert id_of(override) != id_of()


def id_of(*overrides: str) -> str:
    config = load_config(None, list(overrides)).config.model_dump(mode="json")
    return Train.from_config(config).propose([])[0].id

"""Every arm at every lr, seed and budget, enumerated by hand; and the choice of a lr."""

import math
from dataclasses import replace
from typing import Any

import pytest
from paper_trials import experiment

from lrlab.config.compare import QUESTIONS
from lrlab.config.load import load_config
from lrlab.config.schema import Config
from lrlab.experiments.best_lr import LrScore, choose, score
from lrlab.experiments.lr_grid import Arm, Budget, LrGrid
from lrlab.launch.spec import TrialResult

BASE = load_config(None, ["train.steps=50", "data.name=fake"]).config.model_dump(mode="json")
ARMS = (
    Arm("a", {"policy": {"name": "constant", "warmup": None, "warmup_from": None, "lr": None}}),
    Arm("b", {"optimizer": {"momentum": 0.5}, "train": {"label_smoothing": 0.1}}, lr_factor=10.0),
)


def grid(**changed: Any) -> LrGrid:
    budgets = (Budget(steps=9), Budget(epochs=2))
    return replace(LrGrid("compare", BASE, ARMS, (0.1, 0.3), (5, 6), budgets), **changed)


def test_the_grid_is_every_combination_once_and_the_first_budget_comes_first() -> None:
    specs = grid().specs()
    found = [
        (s.label, s.seed, s.config["optimizer"]["lr"], s.config["train"]["steps"], s.config["train"]["epochs"])
        for s in specs
    ]
    by_hand = [
        (f"{name}, lr {lr:g}, {budget}", seed, factor * lr, *length)
        for budget, length in (("9it", (9, None)), ("2ep", (None, 2)))
        for seed in (5, 6)
        for name, factor in (("a", 1.0), ("b", 10.0))
        for lr in (0.1, 0.3)
    ]
    assert found == by_hand
    assert len({spec.id for spec in specs}) == len(specs) == 16
    assert all(spec.config["train"]["seed"] == spec.seed and not spec.sweep for spec in specs)


def test_an_arm_replaces_a_section_that_has_a_name_and_changes_keys_of_another() -> None:
    first, second = grid().specs()[0].config, grid().specs()[2].config
    assert first["policy"] == {"name": "constant", "warmup": None, "warmup_from": None, "lr": None}
    assert second["policy"] == BASE["policy"] and second["optimizer"] == {**BASE["optimizer"], "momentum": 0.5, "lr": 1}
    assert second["train"]["label_smoothing"] == 0.1 and first["train"]["label_smoothing"] == 0.0


def test_names_decide_nothing_so_equal_trainings_are_one() -> None:
    twins = (Arm("one", {}), Arm("two", {}, summary="the same"))
    assert len(grid(arms=twins).specs()) == len(grid(arms=twins[:1]).specs()) == 8
    renamed = [replace(arm, name=f"another {arm.name}") for arm in ARMS]
    assert [s.id for s in grid(arms=tuple(renamed)).specs()] == [s.id for s in grid().specs()]
    assert {s.id for s in grid(arms=(Arm("a", {"train": {"label_smoothing": 0.1}}),)).specs()}.isdisjoint(
        s.id for s in grid(arms=twins).specs()
    )


def test_every_training_runs_its_whole_budget_and_is_validated_on_the_way() -> None:
    early = {"stop_at_accuracy": 0.5, "early_stop": {"patience": 2, "min_delta": 0.1, "metric": "loss"}}
    train = grid(base={**BASE, "train": {**BASE["train"], **early}}).specs()[0].config["train"]
    assert train["stop_at_accuracy"] is None and train["early_stop"]["patience"] is None
    assert train["validate_every"] == "10%"
    own = grid(base={**BASE, "train": {**BASE["train"], "validate_every": 3}}).specs()[0]
    assert own.config["train"]["validate_every"] == 3


def test_questions_are_no_part_of_a_trial() -> None:
    trial = {"schema_version", "plugins", "data", "model", "init", "optimizer", "policy", "train"}
    assert set(Config.model_fields) - trial == {*QUESTIONS, "name"}
    assert set(grid().specs()[0].config) == trial
    ids = [spec.id for spec in experiment("compare_policy.policies=[onecycle,step]").propose([])]
    for override in ("range_test.steps=20", "train.seeds=9", "name=other"):
        other = experiment("compare_policy.policies=[onecycle,step]", override)
        assert [spec.id for spec in other.propose([])] == ids
    fewer = experiment("compare_policy.policies=[onecycle,step]", "compare_policy.seeds=2").propose([])
    assert {spec.id for spec in fewer} < set(ids)


@pytest.mark.parametrize(("written", "length"), [("3ep", (3, None)), ("200it", (None, 200))])
def test_a_budget_is_epochs_or_steps(written: str, length: tuple[int | None, int | None]) -> None:
    budget = Budget.parse(written)
    assert (budget.epochs, budget.steps) == length and str(budget) == written


def scores(*rows: tuple[float, float | None, float, int]) -> list[LrScore]:
    """(lr, accuracy, loss, seeds lost)."""
    return [LrScore(lr, val, loss, dict.fromkeys(range(lost), "diverged")) for lr, val, loss, lost in rows]


@pytest.mark.parametrize(
    ("rows", "lr", "flags"),
    [
        ([(0.1, 0.7, 1, 0), (0.2, 0.9, 1, 0), (0.4, 0.8, 1, 0)], 0.2, []),
        ([(0.1, 0.9, 1, 0), (0.2, 0.8, 1, 0)], 0.1, ["LR_AT_EDGE"]),
        ([(0.1, 0.7, 1, 0), (0.2, 0.9, 1, 0)], 0.2, ["LR_AT_EDGE"]),
        ([(0.1, 0.7, 1, 0), (0.2, 0.8, 1, 0), (0.4, 0.9, 1, 1)], 0.2, []),  # known to be bad beyond: no edge
        ([(0.1, 0.9, 2, 0), (0.2, 0.9, 1, 0), (0.4, 0.9, math.nan, 0), (0.8, 0.1, 0, 0)], 0.2, []),
        ([(0.1, 0.9, 1, 0), (0.2, 0.9, 1, 0), (0.05, 0.1, 9, 0), (0.4, 0.1, 9, 0)], 0.1, []),
        ([(0.1, 0.7, 1, 2), (0.2, 0.8, 1, 1), (0.4, 0.9, 1, 2)], 0.2, ["UNSTABLE"]),
        ([(0.1, None, 1, 3), (0.2, None, 1, 3)], None, ["NO_LR"]),
        ([(0.1, 0.7, 1, 0)], 0.1, []),  # one lr is no grid, which the finding says once
    ],
    ids=["middle", "lowest", "highest", "broken is out", "by loss", "lower lr", "all broken", "none", "one"],
)
def test_the_best_lr_and_what_is_said_of_it(rows: list[Any], lr: float | None, flags: list[str]) -> None:
    found = choose(scores(*rows))
    assert found.lr == lr and [flag.code for flag in found.flags] == flags
    assert [s.lr for s in found.scores] == [row[0] for row in rows]


def test_an_lr_is_scored_over_the_seeds_that_completed() -> None:
    def trial(seed: int, status: Any, accuracy: float) -> TrialResult:
        metrics = {"val_accuracy": accuracy, "val_loss": 2 * accuracy} if status != "failed" else {}
        return TrialResult(str(seed), seed, status, "end", 5, metrics)

    found = score(0.1, [trial(0, "completed", 0.8), trial(1, "diverged", 0.0), trial(2, "completed", 0.6)])
    assert (found.val_accuracy, found.val_loss) == pytest.approx((0.7, 1.4)) and found.broken == {1: "diverged"}
    lost = score(0.1, [trial(0, "failed", 0.0)])
    assert lost.val_accuracy is None and lost.broken == {0: "failed"}

"""`compare-policy` on trials that were never run: arms, choice, comparison, against plain twins."""

import itertools
from fractions import Fraction
from statistics import fmean, stdev
from typing import Any

import pytest
from paper_trials import conclude, experiment, lr_of, policy_of, result
from scipy import stats

from lrlab.config.load import load_config
from lrlab.config.sections.compare_policy import ComparePolicyConfig, PolicyName
from lrlab.errors import UsageError
from lrlab.experiments.compare_policy import ComparePolicy, ComparePolicyFinding
from lrlab.launch.assemble import parse_config
from lrlab.launch.history import History
from lrlab.launch.spec import TrialSpec
from lrlab.policies.base import Policy
from lrlab.policies.build import build_policy
from lrlab.policies.effective import effective_lr
from lrlab.registry import POLICIES

FEW = ("compare_policy.policies=[onecycle,cosine,constant]", "compare_policy.lrs=[0.1,0.2,0.4]", "train.steps=80")
BEST = {"onecycle": 0.2, "cosine": 0.1, "constant": 0.4}
LIFT = {"onecycle": 0.90, "cosine": 0.93, "constant": 0.9005}


def noise(seed: int, salt: float) -> float:
    """Between -0.01 and 0.01, always the same."""
    return (hash((seed, salt)) % 2001 - 1000) / 1e5


def rule(spec: TrialSpec) -> tuple[float, float]:
    name, lr = policy_of(spec), lr_of(spec)
    val = 0.9 - 0.1 * abs(lr - BEST[name])
    test = LIFT[name] - 0.05 * abs(lr - BEST[name]) + noise(spec.seed, 7.0) + noise(spec.seed, LIFT[name]) / 10
    return val + noise(spec.seed, lr), test


def policy(spec: TrialSpec, total: int = 80) -> Policy:
    config = parse_config(spec)
    assert config.optimizer.name == "sgd"
    optimizer = config.optimizer
    return build_policy(
        config.policy, total=total, lr=optimizer.lr, momentum=optimizer.momentum, steps_per_epoch=Fraction(41)
    )


def test_any_policy_but_a_sweep_can_be_compared() -> None:
    assert set(PolicyName.__args__) == set(POLICIES) - {"range", "climb"}  # type: ignore[attr-defined]
    asked = experiment("train.steps=80")
    assert [arm.name for arm in asked.questions[0].arms] == list(ComparePolicyConfig().policies)
    assert asked.questions[0].reference == "onecycle"
    assert experiment("compare_policy.policies=[step,cosine]").questions[0].reference == "step"


def test_the_grid_is_in_units_of_the_optimizers_lr_unless_lrs_are_given() -> None:
    assert experiment("optimizer.lr=0.4").lrs == (0.1, 0.2, 0.4, 0.8)
    assert experiment("compare_policy.lrs=[0.3,0.01]").lrs == (0.01, 0.3)


def test_every_policy_peaks_at_the_grids_lr() -> None:
    for spec in experiment("compare_policy.lrs=[0.3]", "compare_policy.seeds=1", "train.steps=80").propose([]):
        found = policy(spec)
        assert max(found.at(step).lr for step in range(80)) == pytest.approx(0.3, rel=0.01), spec.label


def test_the_answer_is_that_of_the_plain_twin() -> None:
    """Best lr by the mean on validation; t on the paired test differences; Holm by hand."""
    seeds, lrs = range(4), (0.1, 0.2, 0.4)
    found = conclude(experiment(*FEW, "compare_policy.seeds=4"), rule)
    tests: dict[str, list[float]] = {}
    for name in BEST:

        def spec_of(lr: float, seed: int, name: str = name) -> Any:
            config = {"policy": {"name": name}, "optimizer": {"lr": lr}}
            return TrialSpec("x", seed, config)

        best = max(lrs, key=lambda lr: fmean(rule(spec_of(lr, seed))[0] for seed in seeds))
        assert best == BEST[name] == found.tables[0].row(name).contender.choice.lr
        tests[name] = [rule(spec_of(best, seed))[1] for seed in seeds]
    rows = {row["arm"]: row for row in found.to_json()["tables"][0]["rows"]}
    p_values = {}
    for name in ("cosine", "constant"):
        differences = [a - b for a, b in zip(tests[name], tests["onecycle"], strict=True)]
        assert rows[name]["difference"] == pytest.approx(fmean(differences))
        assert rows[name]["accuracy"] == pytest.approx(fmean(tests[name]))
        p_values[name] = rows[name]["p_value"]
        rounding = (2 / 12) ** 0.5 / 1000  # 1/1000 in each of two readings
        by_t = 2 * stats.t.sf(abs(fmean(differences)) / (max(stdev(differences), rounding) / 2), 3)
        by_z = 2 * stats.norm.sf(abs(fmean(differences)) / rounding)
        assert p_values[name] == pytest.approx(max(by_t, by_z), rel=1e-6)
    low, high = sorted(p_values, key=p_values.__getitem__)
    assert rows[low]["adjusted_p"] == pytest.approx(2 * p_values[low])
    assert rows[high]["adjusted_p"] == pytest.approx(max(2 * p_values[low], p_values[high]))
    assert rows["cosine"]["differs"] and not rows["constant"]["differs"]
    assert [row["rank"] for row in rows.values()] == [1, 2, 3] and list(rows) == ["cosine", "constant", "onecycle"]
    assert (
        found.headline == f"80it: cosine {100 * fmean(tests['cosine']):.2f} %, better than constant, onecycle (4 seeds)"
    )


def test_seeds_that_go_up_and_down_together_are_paired() -> None:
    """The seeds differ by 4 %, the arms by 0.5 %: only pairs can tell. Unpaired seeds are the control."""

    def together(spec: TrialSpec) -> tuple[float, float]:
        return 0.9, 0.9 + 0.02 * spec.seed + 0.005 * (policy_of(spec) == "cosine")

    def apart(spec: TrialSpec) -> tuple[float, float]:
        seed = spec.seed if policy_of(spec) != "cosine" else (spec.seed + 2) % 5
        return 0.9, 0.9 + 0.02 * seed + 0.005 * (policy_of(spec) == "cosine")

    asked = experiment(*FEW, "compare_policy.seeds=5", "compare_policy.policies=[onecycle,cosine]")
    for made_up, differs in ((together, True), (apart, False)):
        row = conclude(asked, made_up).tables[0].row("cosine")
        assert row.difference.comparison.estimate == pytest.approx(0.005)
        assert row.difference.differs is differs


def test_equal_arms_are_tied_and_one_seed_tells_nothing() -> None:
    table = conclude(experiment(*FEW), lambda spec: (0.9, 0.8)).tables[0]
    assert not any(row.difference and row.difference.differs for row in table.rows)
    assert set(table.winner.tied) == {"cosine", "constant"} and "tied with" in table.headline
    single = conclude(experiment(*FEW, "compare_policy.seeds=1"), rule)
    assert "1 seed, which tells nothing apart" in single.headline
    row = single.tables[0].row("cosine")
    assert row.mean.low is None and row.difference.comparison.p_value == 1


def test_a_lr_with_a_seed_that_diverged_is_out() -> None:
    lost = lambda spec: "diverged" if (policy_of(spec), lr_of(spec), spec.seed) == ("cosine", 0.1, 1) else None  # noqa: E731
    found = conclude(experiment(*FEW), rule, lost)
    row = found.tables[0].row("cosine")
    assert row.contender.choice.lr == 0.2 and not row.contender.choice.flags
    assert any("seeds that diverged or failed, by lr: cosine 0.1 (1)" in note for note in found.notes)


def test_an_arm_that_always_diverges_has_no_number_and_the_others_have() -> None:
    found = conclude(experiment(*FEW), rule, lambda spec: "diverged" if policy_of(spec) == "cosine" else None)
    table = found.tables[0]
    assert [row.rank for row in table.rows] == [1, 2, None] and table.rows[-1].name == "cosine"
    assert table.row("cosine").contender.choice.flags[0].code == "NO_LR" and found.answered
    assert table.winner.name == table.rows[0].name and set(table.winner.against) == {table.rows[1].name}
    nothing = conclude(experiment(*FEW), rule, lambda spec: "diverged")
    assert not nothing.answered and "nothing completed every seed" in nothing.headline
    assert nothing.tables[0].to_json()["best"] is None


def test_without_the_reference_the_others_are_ranked_all_the_same() -> None:
    found = conclude(experiment(*FEW), rule, lambda spec: "failed" if policy_of(spec) == "onecycle" else None)
    assert found.tables[0].winner.name == "cosine"
    assert all(row.difference is None for row in found.tables[0].rows)


def test_a_seed_that_is_lost_at_every_lr_leaves_both_sides_of_its_pairs() -> None:
    lost = lambda spec: "diverged" if policy_of(spec) == "cosine" and spec.seed == 2 else None  # noqa: E731
    table = conclude(experiment(*FEW), rule, lost).tables[0]
    row = table.row("cosine")
    assert row.contender.choice.flags[0].code == "UNSTABLE" and row.mean.n == 2
    assert row.difference.comparison.n == 2 and "cosine" not in {table.winner.name, *table.winner.against}


def test_budgets_have_a_table_each() -> None:
    found = conclude(experiment(*FEW, "compare_policy.budgets=[1ep,3ep]"), rule)
    assert [(table.budget, table.steps) for table in found.tables] == [("1ep", 41), ("3ep", 123)]
    assert found.headline.startswith("1ep: cosine") and "; 3ep: cosine" in found.headline


def test_the_experiment_is_asked_again_after_an_interruption_and_runs_what_is_missing() -> None:
    asked = experiment(*FEW, "compare_policy.ablations=[momentum]")
    specs = list(asked.propose([]))
    events: list[dict[str, Any]] = [{"event": "proposed", "round": 0, "spec": spec.to_json()} for spec in specs]
    events += [{"event": "done", "result": result(spec, 0.9, 0.9).to_json()} for spec in specs[:5]]
    remaining = History.of(events).replay(asked)
    assert (list(remaining.missing), remaining.kept, remaining.dropped) == (specs[5:], 5, set())
    assert asked.propose([result(spec, 0.9, 0.9) for spec in specs]) == []


def test_ablations_share_the_trainings_that_they_have_in_common() -> None:
    alone = len(experiment(*FEW).propose([]))
    both = experiment(*FEW, "compare_policy.ablations=[annihilation,momentum]").propose([])
    assert alone == 3 * 3 * 3 and len(both) == alone + (2 + 3) * 3 * 3  # 12.5 % and heavy-ball are onecycle itself
    assert len({spec.id for spec in both}) == len(both)


def arms_of(question: str, *overrides: str) -> dict[str, TrialSpec]:
    base = ("compare_policy.policies=[onecycle]", f"compare_policy.ablations=[{question}]", "compare_policy.lrs=[0.4]")
    asked = experiment(*base, "compare_policy.seeds=1", "train.steps=80", *overrides)
    return {spec.label.partition(", lr")[0]: spec for spec in asked.propose([])}


def test_annihilation_is_an_eighth_a_half_or_none_of_the_steps() -> None:
    arms = arms_of("annihilation")
    knots = {name: [(knot.step, knot.lr) for knot in policy(spec).knots()] for name, spec in arms.items()}
    assert knots["final 12.5 %"] == [(0, 0.04), (30, 0.4), (70, 0.04), (79, pytest.approx(0.0004))]
    assert knots["final 50 %"] == [(0, 0.04), (17, 0.4), (40, 0.04), (79, pytest.approx(0.0004))]
    assert knots["no final"] == [(0, 0.04), (34, 0.4), (79, pytest.approx(0.04))]
    lrs = [policy(arms["no final"]).at(step).lr for step in range(34, 80)]
    steps = [before - after for before, after in itertools.pairwise(lrs)]
    assert min(lrs) == lrs[-1] and max(steps) == pytest.approx(min(steps), rel=1e-9)  # one line, down to min-lr


@pytest.mark.parametrize("form", ["torch", "ema"])
def test_only_plain_cycling_moves_the_effective_lr(form: str) -> None:
    arms = arms_of("momentum", f"optimizer.momentum_form={form}")
    curves: dict[str, list[float]] = {}
    momenta: dict[str, list[float | None]] = {}
    for name, spec in arms.items():
        hypers = [policy(spec).at(step) for step in range(80)]
        used = spec.config["optimizer"]["momentum_form"]
        curves[name] = [effective_lr(hyper.lr, hyper.momentum, used) for hyper in hypers]
        momenta[name] = [hyper.momentum for hyper in hypers]
    assert max(curves["constant"]) == pytest.approx(4.0 if form == "torch" else 0.4)
    for name in ("cycled EMA", "cycled matched"):
        assert curves[name] == pytest.approx(curves["constant"], rel=1e-12)
        assert momenta[name] == momenta["cycled heavy-ball"] != momenta["constant"]
    assert max(curves["cycled heavy-ball"]) < 0.7 * max(curves["constant"])
    assert arms["cycled EMA"].config["optimizer"]["momentum_form"] == "ema"


def test_momentum_is_left_alone_where_the_config_leaves_it_alone() -> None:
    def cycled(*overrides: str) -> dict[str, bool]:
        specs = experiment("compare_policy.seeds=1", "compare_policy.lrs=[0.1]", *overrides).propose([])
        sections = [spec.config["policy"] for spec in specs]
        return {section["name"]: section["cycle_momentum"] for section in sections if "cycle_momentum" in section}

    assert cycled() == {"onecycle": True, "torch": True, "triangular": False}
    assert cycled("policy.cycle_momentum=false") == {"onecycle": False, "torch": False, "triangular": False}
    assert cycled("policy.name=cosine", "optimizer.momentum=0")["onecycle"] is False
    assert cycled("policy.name=triangular")["onecycle"] is True


def test_the_configs_own_section_is_the_arm_of_its_name() -> None:
    specs = experiment(*FEW, "policy.shape=cosine", "policy.up=10").propose([])
    shapes = {spec.config["policy"].get("shape") for spec in specs if policy_of(spec) == "onecycle"}
    assert shapes == {"cosine"}
    with pytest.raises(UsageError, match=r"policy\.max_lr=0\.3 fixes the lr of onecycle"):
        experiment(*FEW, "policy.max_lr=0.3")
    with pytest.raises(UsageError, match="validation"):
        ComparePolicy.from_config(load_config(None, ["data.val_fraction=0"]).config.model_dump(mode="json"))


def test_what_is_left_out_and_what_one_lr_means_is_said() -> None:
    asked = experiment(*FEW, "compare_policy.lrs=[0.1]", "train.stop_at_accuracy=0.5")
    notes = conclude(asked, rule).notes
    assert any("train.stop_at_accuracy is left out" in note for note in notes)
    assert any(note.startswith("one lr, 0.1: no arm was given a choice") for note in notes)
    assert not any("LR_AT_EDGE" in note for note in notes)
    assert any(
        "LR_AT_EDGE" in note and "cosine 0.1, constant 0.4" in note for note in conclude(experiment(*FEW), rule).notes
    )
    assert isinstance(conclude(experiment(*FEW), rule), ComparePolicyFinding)


def test_the_test_split_has_no_say_in_the_lr() -> None:
    def opposite(spec: TrialSpec) -> tuple[float, float]:
        return 0.9 - lr_of(spec), 0.5 + lr_of(spec)

    for row in conclude(experiment(*FEW), opposite).tables[0].rows:
        assert row.contender.choice.lr == 0.1 and row.mean.mean == pytest.approx(0.6)

"""Is the max-lr usable? Planted climbs, a quadratic whose threshold is known, and a net with BatchNorm."""

import math

import numpy as np
import planted
import pytest
import torch
from planted import CHANCE, UP, Asked, Curve, Planted, answer, answer_of, below, climbing, exploding, plateau, timed

from lrlab.analysis.chance import chance_loss
from lrlab.analysis.climb import smoothed
from lrlab.config.load import load_config
from lrlab.errors import UsageError
from lrlab.experiments.min_lr.experiment import FindMinLr
from lrlab.experiments.min_lr.gate import HALVINGS
from lrlab.launch.assemble import assemble
from lrlab.launch.experiment import drive
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.sweep import run_sweep

good = timed(lambda ratio, seed: 30.5)


@pytest.mark.parametrize(("bad", "how"), [(exploding, "non-finite"), (climbing, "climbed"), (plateau, "plateau")])
def test_a_bad_max_lr_fails_and_the_largest_that_passes_is_named(bad: Curve, how: str) -> None:
    found = answer(below(0.2, good, bad))
    assert [(a.max_lr, a.passed) for a in found.gate.attempts] == [(0.5, False), (0.25, False), (0.125, True)]
    assert set(found.gate.attempts[0].failures.values()) == {how}
    assert (found.min_lr, found.passes, found.asked, found.decisive) == (None, 0.125, 0.5, False)
    assert [flag.code for flag in found.flags] == ["GATE_FAILED"]
    assert "0.125 passes" in found.flags[0].message and "auto_shrink" in found.verdict
    assert found.headline == "no min-lr: GATE_FAILED at max-lr 0.5; 0.125 passes"
    assert found.to_json()["largest_that_passes"] == 0.125


def test_a_good_one_passes_at_once() -> None:
    found = answer(good)
    assert [a.max_lr for a in found.gate.attempts] == [0.5] and found.passes == 0.5
    assert found.gate.chance == CHANCE
    assert found.gate.target == pytest.approx(CHANCE - 0.6 * planted.DROP, abs=1e-9)  # six tenths of the way down
    assert found.gate.critical_lr == 1.25


@pytest.mark.parametrize("bad", [exploding, climbing, plateau])
def test_auto_shrink_goes_on_with_it(bad: Curve) -> None:
    runner = Planted(below(0.2, good, bad))
    found = answer_of(runner, auto_shrink=True)
    assert (found.max_lr, found.min_lr, found.asked) == (0.125, pytest.approx(0.0125), 0.5)
    assert [flag.code for flag in found.flags] == ["SHRUNK"]
    assert {s.config["policy"]["max_lr"] for s in runner.asked if s.target is not None} == {0.125}
    assert found.gate.critical_lr == 1.25  # taken at the first attempt


def test_one_bad_seed_of_three_is_enough() -> None:
    found = answer(lambda a: exploding(a) if a.seed == 2 and a.max_lr > 0.3 else good(a))
    assert found.gate.attempts[0].failures == {0: None, 1: None, 2: "non-finite"} and found.passes == 0.25
    assert "1 of 3 climbs" in found.verdict


def test_a_trial_that_crashes_is_a_failed_climb() -> None:
    def crashes(spec: TrialSpec) -> TrialResult:
        if spec.seed == 1 and spec.config["policy"]["max_lr"] > 0.3:
            return TrialResult(spec.id, spec.seed, "failed", "raised", 0, notes=("boom",))
        return Planted(good)(spec)

    found, _ = drive(FindMinLr.from_config(planted.config_of()), crashes)
    assert found.to_json()["gate"]["attempts"][0]["climbs"] == [
        {"seed": 0, "failure": None},
        {"seed": 1, "failure": "crashed"},
        {"seed": 2, "failure": None},
    ]


@pytest.mark.parametrize("bad", [exploding, climbing])
def test_nothing_passes_after_six_halvings(bad: Curve) -> None:
    runner = Planted(bad)
    found = answer_of(runner)
    assert [a.max_lr for a in found.gate.attempts] == [0.5 / 2**k for k in range(7)]  # down to a 64th
    assert len(runner.asked) == 3 * 7
    assert found.passes is None and found.min_lr is None
    assert [flag.code for flag in found.flags] == ["GATE_FAILED"]
    assert answer(bad, auto_shrink=True).min_lr is None


def test_at_chance_after_every_halving_is_too_slow_and_not_too_high() -> None:
    for curve in (plateau, lambda a: [CHANCE] * 75, below(0.2, plateau, exploding)):
        found = answer(curve)
        assert [flag.code for flag in found.flags] == ["NO_SIGNAL"] and found.passes is None
        assert "too slowly" in found.verdict and "find_min_lr.steps" in found.verdict


def test_a_later_seed_that_fails_shuts_the_gate_again() -> None:
    """The gate looks at three seeds; the race runs the reference on all."""
    fourth = below(0.3, good, exploding)
    curve: Curve = lambda a: fourth(a) if a.seed == 4 else good(a)  # noqa: E731
    found = answer(curve)
    assert (found.min_lr, found.passes) == (None, 0.25) and [f.code for f in found.flags] == ["GATE_FAILED"]
    assert found.gate.attempts[0].failures == {0: None, 1: None, 2: None, 4: "non-finite"}
    assert found.gate.critical_lr == 1.25
    shrunk = answer(curve, auto_shrink=True)
    assert (shrunk.max_lr, shrunk.min_lr) == (0.25, pytest.approx(0.025))
    assert answer(lambda a: exploding(a) if a.seed == 4 else good(a), auto_shrink=True).min_lr is None


def test_where_nobody_knows_the_chance_level_the_first_loss_stands_in() -> None:
    found = answer_of(Planted(good, chance=None))
    assert found.passes == 0.5 and found.gate.chance == pytest.approx(good(ASKED)[0])
    flat = answer_of(Planted(lambda a: [5.0] * 75, chance=None))
    assert [f.code for f in flat.flags] == ["NO_SIGNAL"]


ASKED = Asked(0.1, 0, 0.5, planted.UP, planted.HOLD, 0.05)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"ratios": (0.1, 1.5)}, "above max-lr 0.5"),
        ({"lrs": (0.05, 0.6)}, "0.6 is above"),
        ({"ratios": (0.1, 0.1)}, "all candidates are the same"),
    ],
)
def test_candidates_that_do_not_climb_or_differ_are_refused_before_anything_runs(wanted: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        FindMinLr.from_config(planted.config_of(**wanted))


def heavy_ball(curvature: float, beta: float, noise: float = 0.05) -> Curve:
    """Descent on λ x² / 2 with a noisy gradient. Stable up to lr = 2 (1 + β) / λ (Polyak 1964)."""

    def losses(a: Asked) -> list[float]:
        rng = np.random.default_rng(a.seed)
        found, x, m = [], 1.0, 0.0
        for lr in a.lrs():
            found.append(curvature * x * x / 2)
            m = beta * m + curvature * (x + noise * rng.normal())
            x -= lr * m
        return found

    return losses


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("curvature", [0.5, 10.0])
def test_on_a_quadratic_the_gate_opens_below_the_threshold_and_stays_shut_above(beta: float, curvature: float) -> None:
    threshold = 2 * (1 + beta) / curvature

    def at(share: float) -> planted.MinLrFinding:
        runner = Planted(heavy_ball(curvature, beta), chance=curvature / 2)
        return answer_of(runner, max_lr=share * threshold, hold=100, auto_shrink=True)

    assert at(0.8).passes == 0.8 * threshold  # closer, at β = 0.9, it passes on some seeds: noise grows without bound
    above = at(1.2)
    assert set(above.gate.attempts[0].failures.values()) <= {"climbed", "non-finite"}
    assert above.passes == pytest.approx(0.6 * threshold) and above.max_lr == above.passes


def test_a_quadratics_threshold_is_that_of_its_own_momentum() -> None:
    """The control: the lr that passes with momentum fails without."""
    lr = 0.8 * 2 * (1 + 0.9) / 10.0
    found = {b: answer_of(Planted(heavy_ball(10.0, b), chance=5.0), max_lr=lr, hold=100) for b in (0.9, 0.0)}
    assert found[0.9].passes == lr and found[0.0].passes == pytest.approx(lr / 2)


DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)  # of all 1797
NET = (
    "model.name=convnet", "model.norm=batch", "model.width=8", "model.depth=2", "data.batch_size=64",
    "find_min_lr.seeds=2", "find_min_lr.gate_seeds=2",
)  # fmt: skip
SHORT = ("find_min_lr.steps=14", "find_min_lr.hold=7")


def net(*overrides: str) -> planted.MinLrFinding:
    loaded = load_config(None, [*NET, *overrides]).config.model_dump(mode="json")
    found, _ = drive(FindMinLr.from_config(loaded), lambda spec: run_sweep(assemble(spec)))
    assert isinstance(found, planted.MinLrFinding)
    return found


def test_a_net_with_batchnorm_breaks_at_too_high_an_lr_without_a_nan_and_is_noticed() -> None:
    broken = net("find_min_lr.max_lr=20", "find_min_lr.steps=24", "find_min_lr.hold=12")
    first = broken.gate.attempts[0]
    assert None not in first.failures.values() and set(first.failures.values()) <= {"plateau", "climbed"}
    assert broken.passes is not None and 0.3 <= broken.passes <= 10
    assert broken.gate.chance == pytest.approx(chance_loss(DIGITS), rel=1e-3)  # of the training split's classes
    assert broken.gate.critical_lr is not None and 0 < broken.gate.critical_lr < 100


def test_a_dead_net_with_batchnorm_fails_at_max_lr_1_and_learns_at_no_other() -> None:
    """Normalised to -1 before each ReLU: only the last bias learns, and the loss ends at chance, from above."""
    config = load_config(None, [*NET, "find_min_lr.max_lr=1", *SHORT]).config.model_dump(mode="json")

    def dead(spec: TrialSpec) -> TrialResult:
        trial = assemble(spec)
        for module in trial.task.model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.zeros_(module.weight)
                torch.nn.init.constant_(module.bias, -1.0)
        return run_sweep(trial)

    found, results = drive(FindMinLr.from_config(config), dead)
    assert [flag["code"] for flag in found.to_json()["flags"]] == ["NO_SIGNAL"]
    assert len(results) == 2 * (HALVINGS + 1)
    assert all(math.isfinite(loss) for r in results for loss in r.series["loss"])
    assert net("find_min_lr.max_lr=1", *SHORT).passes == 1  # the control: the same net, alive


def test_the_target_is_what_the_climb_reaches_and_not_what_the_hold_adds() -> None:
    """A loss that goes on falling in the hold sets no target that the climb itself never meets."""

    def falling(a: Asked) -> list[float]:
        return [CHANCE - 1.9 * step / (a.up + 60) for step in range(a.up + 60)]

    found = answer(falling, hold=60)
    level = smoothed(falling(Asked(0.1, 0, 0.5, UP, 60, 0.05)))[UP - 1]
    assert found.gate.target == pytest.approx(CHANCE - 0.6 * (CHANCE - level))
    assert all(candidate.median is not None for candidate in found.candidates)

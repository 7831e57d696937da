"""The whole recipe on planted trials: what each part is given, how a budget is divided, what tuning bought."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from planted import Planted, below, plateau, timed

from lrlab.config.load import LoadedConfig, load_config
from lrlab.errors import NoAnswerError
from lrlab.experiments.train import Train
from lrlab.experiments.tune import Tune
from lrlab.experiments.tune_budget import MARGIN, SEARCH
from lrlab.experiments.tune_finding import TuneFinding
from lrlab.experiments.tune_sentences import answers, bought
from lrlab.launch.experiment import drive
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.tuned import write_tuned

PER_EPOCH, PACE = 40, 0.01  # updates in an epoch; seconds of one
good = timed(lambda ratio, seed: 20.5 + seed)


class Trials:
    """Range tests with an optimum near 0.1, planted climbs, and trainings whose accuracy is known."""

    def __init__(self, *, signal: float = 1.5, curve: Any = good, gain: float = 0.01) -> None:
        self.signal, self.climbs, self.gain = signal, Planted(curve), gain
        self.asked: list[TrialSpec] = []

    def __call__(self, spec: TrialSpec) -> TrialResult:
        self.asked.append(spec)
        if spec.climb:
            return self.climbs(spec)
        if spec.sweep:
            return self._sweep(spec)
        tuned = spec.config["policy"].get("min_lr") is not None
        accuracy = 0.9 + 0.001 * (spec.seed % 3) + self.gain * tuned
        steps = spec.config["train"]["steps"] or PER_EPOCH * spec.config["train"]["epochs"]
        return TrialResult(spec.id, spec.seed, "completed", "end", steps, {"test_accuracy": accuracy}, seconds=1.0)

    def _sweep(self, spec: TrialSpec) -> TrialResult:
        draw = random.Random(spec.seed)
        lrs = [10 ** (-6 + 7 * i / 99) for i in range(100)]
        losses = [
            2.3 - self.signal / (1 + (0.01 / lr) ** 2) + 0.02 * draw.gauss(0, 1) + 9 * max(0, lr - 1) for lr in lrs
        ]
        metrics = {"steps_per_epoch": float(PER_EPOCH)} if "epoch" in spec.measures else {}
        series = {"lr": lrs, "loss": losses}
        return TrialResult(spec.id, spec.seed, "completed", "diverged", 100, metrics, series, 100 * PACE)

    @property
    def trainings(self) -> list[TrialSpec]:
        return [spec for spec in self.asked if not spec.sweep]


def loaded_with(*overrides: str) -> LoadedConfig:
    return load_config(None, ["find_min_lr.steps=60", "find_min_lr.hold=15", *overrides])


def tune(*overrides: str, **how: Any) -> tuple[TuneFinding, Trials]:
    trials = Trials(**how)
    experiment = Tune.from_config(loaded_with(*overrides).config.model_dump(mode="json"))
    found, _ = drive(experiment, trials)
    assert isinstance(found, TuneFinding)
    return found, trials


def test_each_part_is_given_what_the_one_before_it_found() -> None:
    found, trials = tune("train.seeds=2")
    assert found.search is not None and found.range_test.suggestion is not None
    assert found.search.asked == float(f"{found.range_test.suggestion:.4g}")
    assert found.max_lr is not None and found.min_lr is not None
    policies = [spec.config["policy"] for spec in trials.trainings]
    wanted = ("onecycle", found.max_lr, float(f"{found.min_lr:.4g}"))
    assert {(p["name"], p["max_lr"], p["min_lr"]) for p in policies} == {wanted}
    assert [spec.seed for spec in trials.trainings] == [0, 1] and found.baseline is None
    assert [answer.part for answer in answers(found)] == ["max-lr", "min-lr", "training"]
    json.dumps(found.to_json(), allow_nan=False)


def test_the_baseline_has_the_configs_own_lr_and_the_same_seeds() -> None:
    found, trials = tune("train.seeds=3", "tune.baseline=true", "optimizer.lr=0.07")
    plain = [spec for spec in trials.trainings if spec.config["policy"].get("min_lr") is None]
    assert [spec.config["optimizer"]["lr"] for spec in plain] == [0.07] * 3 and found.baseline_lr == 0.07
    gain = found.gain
    assert gain is not None and gain.n == 3 and gain.estimate == pytest.approx(0.01)
    assert "+1.00 points" in bought(found)


def test_one_seed_is_no_evidence_for_what_tuning_bought() -> None:
    found, _ = tune("tune.baseline=true")
    assert found.gain is not None and found.gain.low is None and "no evidence" in bought(found)


def test_a_max_lr_that_fails_its_gate_is_halved_and_the_training_goes_on_with_what_passes() -> None:
    first, _ = tune()
    assert first.max_lr is not None
    found, trials = tune(curve=below(0.6 * first.max_lr, good, plateau))
    assert found.max_lr == pytest.approx(first.max_lr / 2) and found.flags[-1].code == "SHRUNK"
    assert trials.trainings[0].config["policy"]["max_lr"] == found.max_lr


def test_without_a_signal_nothing_is_trained() -> None:
    found, trials = tune(signal=0.0)
    assert found.search is None and found.training is None and not trials.trainings
    assert "NO_SIGNAL" in found.headline and found.to_json()["training"] is None


def test_a_gate_that_stays_shut_trains_nothing() -> None:
    found, trials = tune(curve=plateau)
    assert found.search is not None and found.search.min_lr is None and not trials.trainings
    assert found.headline.startswith("no min-lr: NO_SIGNAL")


def spent(shares: Sequence[Any]) -> int:
    return sum(share.steps for share in shares)


@pytest.mark.parametrize(
    ("written", "steps"), [("9000it", 9000), ("200ep", 200 * PER_EPOCH), ("2min", int(MARGIN * 120 / PACE))]
)
def test_a_budget_is_spent_and_not_overspent(written: str, steps: int) -> None:
    found, trials = tune(f"tune.budget={written}", "train.seeds=2")
    assert found.budget is not None and found.budget.steps == steps
    assert steps - 2 < spent(found.shares) <= steps  # the seeds share evenly
    assert {spec.config["train"]["steps"] for spec in trials.trainings} == {(steps - spent(found.shares[:2])) // 2}


def test_a_small_budget_shortens_the_climbs_and_a_large_one_leaves_them() -> None:
    large, small = tune("tune.budget=9000it")[0], tune("tune.budget=3600it")[0]
    assert large.search is not None and small.search is not None
    assert (
        large.search.up == 60 and small.search.up == 36
    )  # 60 (3600 / 3 - 300) / 1500, the most that a search of 60 takes
    assert spent(small.shares[:2]) <= SEARCH * 3600


def test_a_budget_too_small_for_the_search_is_refused_before_the_search() -> None:
    trials = Trials()
    config = loaded_with("tune.budget=10ep").config.model_dump(mode="json")
    with pytest.raises(NoAnswerError, match="is 400 updates; range test"):
        drive(Tune.from_config(config), trials)
    assert all(spec.sweep and not spec.climb for spec in trials.asked)


ABOVE = ("policy.max_lr=0.9", "policy.min_lr=0.5", "policy.final_lr=0.4")  # all of them above what is found


@pytest.mark.parametrize("overrides", [(), ("policy.final_lr=1e-5",), ABOVE, ("policy.up=10", "policy.shape=cosine")])
def test_the_tuned_copy_trains_what_was_trained(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    found, trials = tune(*overrides)
    assert found.max_lr is not None and found.min_lr is not None
    path = write_tuned(loaded_with(*overrides), found.max_lr, tmp_path / "tuned.yaml", min_lr=found.min_lr)
    again = Train.from_config(load_config(path).config.model_dump(mode="json")).propose([])
    assert [spec.config for spec in again] == [spec.config for spec in trials.trainings]


def test_a_policy_of_another_name_gives_way_to_a_one_cycle_in_the_copy(tmp_path: Path) -> None:
    source = tmp_path / "mine.yaml"
    source.write_text("policy: {name: step, milestones: [50%]}\ntrain: {epochs: 2}\n")
    loaded = load_config(source, ["policy.gamma=0.5", "data.batch_size=16"])
    copy = load_config(write_tuned(loaded, 0.2, tmp_path / "tuned.yaml", min_lr=0.04)).config
    assert (copy.policy.name, copy.train.epochs, copy.data.batch_size) == ("onecycle", 2, 16)
    assert getattr(copy.policy, "min_lr", None) == 0.04 and copy.optimizer.lr == 0.2


def test_killed_after_any_trial_it_asks_for_the_same_again() -> None:
    trials = Trials()
    experiment = Tune.from_config(loaded_with("tune.baseline=true").config.model_dump(mode="json"))
    _, results = drive(experiment, trials)
    asked: list[TrialResult] = []
    while specs := experiment.propose(asked):
        assert [spec.id for spec in specs] == [result.id for result in results[len(asked) : len(asked) + len(specs)]]
        asked = results[: len(asked) + len(specs)]
    assert len(asked) == len(results)

"""Every contradiction a policy section can have, named with both places, before any data is read."""

from pathlib import Path

import pytest

from lrlab.config.explain import dump_resolved
from lrlab.config.load import load_config
from lrlab.errors import ConfigError
from lrlab.registry import POLICIES


def fails(tmp_path: Path, text: str) -> str:
    path = tmp_path / "exp.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("policy: {final_lr: 0.001, final_div: 10}", ["policy.final_lr=0.001", "policy.final_div=10", "keep one"]),
        ("policy: {name: exponential, final_lr: 0.01, gamma: 0.9}", ["policy.final_lr=0.01", "policy.gamma=0.9"]),
        ("policy: {name: step, milestones: [5ep], every: 2ep}", ["policy.milestones=[5ep]", "policy.every=2ep"]),
        ("policy: {name: step, milestones: [5ep, 5ep]}", ["policy.milestones=[5ep, 5ep]", "do not rise"]),
        ("policy: {name: step, milestones: [50%, 100%]}", ["100% is not before the end of the training"]),
        ("policy: {name: step, milestones: [30ep]}\ntrain: {epochs: 20}", ["30ep", "train.epochs=20"]),
        ("policy: {name: step, milestones: [30it]}\ntrain: {steps: 20}", ["30it", "train.steps=20"]),
        ("policy: {name: step, milestones: []}", ["policy.milestones"]),
        ("policy: {up: 6ep, down: 5ep}\ntrain: {epochs: 10}", ["policy.up=6ep + policy.down=5ep", "train.epochs=10"]),
        (
            "policy: {up: 60it, warmup: 30it}\ntrain: {steps: 80}",
            ["policy.warmup=30it + policy.up=60it", "train.steps=80"],
        ),
        ("policy: {up: 60%, down: 50%}", ["policy.up=60% + policy.down=50%", "the whole training"]),
        ("policy: {warmup_from: 0.2}", ["policy.warmup_from=0.2", "without policy.warmup"]),
        ("policy: {name: exponential, every: 1ep}", ["policy.every=1ep", "without policy.gamma"]),
        ("policy: {name: triangular, mode: exp_range}", ["policy.mode=exp_range", "needs policy.gamma"]),
        ("policy: {name: triangular, gamma: 0.9}", ["policy.mode=triangular", "no use for policy.gamma=0.9"]),
        ("policy: {name: triangular, min_lr: 0.5}", ["policy.min_lr=0.5", "optimizer.lr=0.1"]),
        ("policy: {name: cosine_restarts, min_lr: 0.5, max_lr: 0.4}", ["policy.min_lr=0.5", "policy.max_lr=0.4"]),
        ("policy: {name: cosine, final_lr: 0.1}", ["policy.final_lr=0.1", "optimizer.lr=0.1"]),
        ("policy: {name: wsd, lr: 0.2, final_lr: 0.3}", ["policy.final_lr=0.3", "policy.lr=0.2"]),
        ("policy: {name: cosine}\ntrain: {steps: 1}", ["train.steps=1", "policy.name=cosine", "needs 2"]),
        ("policy: {warmup: 1it}\ntrain: {steps: 3}", ["train.steps=3", "policy.name=onecycle", "needs 4"]),
        (
            "policy: {name: triangular, cycle_momentum: true}\noptimizer: {momentum: 0}",
            ["optimizer.momentum=0", "policy.cycle_momentum"],
        ),
        (
            "policy: {name: triangular, momentum_low: 0.9, momentum_high: 0.8}",
            ["policy.momentum_low=0.9", "policy.momentum_high=0.8"],
        ),
        (
            "policy: {match_effective: true, cycle_momentum: false}",
            ["policy.match_effective=true", "policy.cycle_momentum=false"],
        ),
        (
            "policy: {match_effective: true}\noptimizer: {momentum_form: ema}",
            ["policy.match_effective=true", "optimizer.momentum_form=ema", "lr itself"],
        ),
        ("policy: {match_effective: true}\noptimizer: {name: adam}", ["match_effective", "optimizer.name=adam"]),
        ("policy: {up: 3.5}", ["policy.up", "parts (30), steps (200it), epochs (5ep) or a share", "got 3.5"]),
        ("policy: {up: 0}", ["policy.up", "got 0"]),
        ("policy: {up: 30 epochs}", ["policy.up", "got 30 epochs"]),
        ("policy: {up: 120%}", ["policy.up", "got 120%"]),
        ("policy: {warmup: 5}", ["policy.warmup", "a length has a unit", "got 5"]),
        ("policy: {warmup: 0it}", ["policy.warmup", "got 0it"]),
        ("policy: {name: triangular, half_cycle: 5}", ["policy.half_cycle", "a length has a unit"]),
        ("policy: {name: cosine, warmpu: 5ep}", ["no key 'warmpu' (with name: cosine)", "did you mean 'warmup'?"]),
        ("policy: {name: cosin}", ["there is no 'cosin'", "did you mean 'cosine'?", "lrlab policy ls"]),
    ],
)  # fmt: skip
def test_both_places_are_named(tmp_path: Path, text: str, words: list[str]) -> None:
    message = fails(tmp_path, text + "\n")
    assert all(word in message for word in words), message
    assert "exp.yaml:" in message


@pytest.mark.parametrize("name", POLICIES)
def test_every_policys_defaults_are_sound_and_survive_being_written(name: str, tmp_path: Path) -> None:
    loaded = load_config(None, [f"policy.name={name}"])
    path = tmp_path / "resolved.yaml"
    path.write_text(dump_resolved(loaded))
    assert load_config(path).config == loaded.config


def test_lengths_of_every_unit_survive_being_written(tmp_path: Path) -> None:
    loaded = load_config(
        None,
        ["policy.name=step", "policy.milestones=[2.5ep, 30%, 900it]", "policy.warmup=1ep", "policy.warmup_from=0.5"],
    )
    path = tmp_path / "resolved.yaml"
    path.write_text(dump_resolved(loaded))
    assert load_config(path).config.policy == loaded.config.policy

"""extends, overrides, arm switching, origins, editing, and configs as shipped."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab.config.edit import set_keys
from lrlab.config.explain import config_hash, dump_resolved, yaml_scalar
from lrlab.config.load import load_config
from lrlab.config.source import parse_layer
from lrlab.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_every_shipped_config_is_valid_and_commented() -> None:
    found = sorted(CONFIGS.rglob("*.yaml"))
    assert [p.stem for p in found] == ["cifar10", "digits", "imagefolder", "mnist"]
    for path in found:
        assert load_config(path).notes == ()
        assert path.read_text().startswith("# ")


def test_extends_goes_up_the_chain_and_the_child_wins(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", "train: {epochs: 3, seed: 7}\noptimizer: {lr: 0.5}\n")
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "mid.yaml", "extends: ../base.yaml\ntrain: {seed: 8}\n")
    loaded = load_config(write(tmp_path, "child.yaml", "extends: sub/mid.yaml\noptimizer: {lr: 0.25}\n"))
    assert (loaded.config.train.epochs, loaded.config.train.seed, loaded.config.optimizer.lr) == (3, 8, 0.25)
    assert loaded.origins["train.epochs"].endswith("base.yaml:1:17")
    assert loaded.origins["optimizer.lr"].endswith("child.yaml:2:17")


def test_extends_in_a_circle_and_to_nowhere(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "extends: b.yaml\n")
    path = write(tmp_path, "b.yaml", "extends: a.yaml\n")
    with pytest.raises(ConfigError, match="circle"):
        load_config(path)
    with pytest.raises(ConfigError, match=r"c.yaml:1:10.*there is no file") as caught:
        load_config(write(tmp_path, "c.yaml", "extends: nope.yaml\n"))
    assert "did you mean" in str(caught.value) or "there are" in str(caught.value)


def test_switching_arms_drops_what_the_new_arm_does_not_have(tmp_path: Path) -> None:
    text = "policy: {name: torch, pct_start: 0.2, max_lr: 0.7}\ndata: {name: cifar10, crop: 4, flip: true}\n"
    path = write(tmp_path, "a.yaml", text)
    loaded = load_config(path, ["data.name=imagefolder"], flags=[("--policy", "policy.name", "onecycle")])
    assert loaded.config.policy.name == "onecycle" and loaded.config.policy.max_lr == 0.7  # both have max_lr
    assert (loaded.config.data.crop, loaded.config.data.flip) == (4, True)
    (note,) = loaded.notes
    assert "policy.pct_start" in note and "a.yaml:1:23" in note and "policy.name is now onecycle" in note


def test_a_key_beside_the_new_name_that_the_new_arm_does_not_have_is_an_error() -> None:
    with pytest.raises(ConfigError, match="policy has no key 'pct_start'"):
        load_config(None, ["policy.name=onecycle", "policy.pct_start=0.2"])


def test_a_key_that_never_was_one_is_not_dropped_silently(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "policy: {name: torch, pct_strat: 0.2}\n")
    with pytest.raises(ConfigError, match="pct_strat"):
        load_config(path, ["policy.name=onecycle"])


def test_switching_from_the_default_arm(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, "a.yaml", "optimizer: {momentum: 0.8, lr: 0.3}\n"), ["optimizer.name=adam"])
    assert loaded.config.optimizer.name == "adam" and loaded.config.optimizer.lr == 0.3
    assert "optimizer.momentum" in loaded.notes[0]


def test_steps_given_later_replace_epochs(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, "a.yaml", "train: {epochs: 3}\n"), ["train.steps=50"])
    assert (loaded.config.train.steps, loaded.config.train.epochs) == (50, None)
    assert "train.epochs" in loaded.notes[0]
    assert load_config(None).config.train.epochs == 10


def test_resolved_text_has_origins_and_loads_to_the_same_config(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "range_test:\n  lr_min: 1e-7\ntrain: {steps: 9}\n")
    loaded = load_config(path, [(2, "optimizer.name=adamw")], flags=[("--seeds", "train.seeds", 3)])
    text = dump_resolved(loaded)
    line = {text.split(":")[0].strip(): text for text in text.splitlines()}
    assert "# command line, argument 2" in line["name"] or "argument 2" in text
    assert line["seeds"].endswith("# --seeds") or "# --seeds" in text
    assert "a.yaml:2:11" in line["lr_min"] or "a.yaml:2:11" in text
    again = load_config(write(tmp_path, "resolved.yaml", text))
    assert again.config == loaded.config
    assert config_hash(again.config) == config_hash(loaded.config) != config_hash(load_config(None).config)


EDITS = [
    "",
    "# only a comment\n",
    "name: x\noptimizer:\n  lr: 0.1  # keep me\n  momentum: 0.9\n\n# tail\n",
    "optimizer: {name: sgd, lr: 0.1}\n",
    "optimizer:\ntrain:\n    epochs: 3\n",
    "train:\n  epochs: 3\n\n# the end, without a newline",
]


@pytest.mark.parametrize("text", EDITS)
def test_edited_text_loads_with_the_new_values_and_keeps_its_comments(text: str, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"optimizer.lr": 3.2e-6, "data.root": "/a b/c", "train.checkpoint.every": 7}
    edited = set_keys(text, changes)
    config = load_config(write(tmp_path, "e.yaml", edited)).config
    assert (config.optimizer.lr, config.data.root, config.train.checkpoint.every) == (3.2e-6, "/a b/c", 7)
    for line in text.splitlines():
        if "#" in line:
            assert line[line.index("#") :] in edited
    if "epochs: 3" in text:
        assert config.train.epochs == 3


scalars = st.one_of(
    st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@given(scalars)
def test_any_value_survives_being_written(value: Any) -> None:
    back = parse_layer(f"key: {yaml_scalar(value)}\n", "t").data["key"]
    assert back == value and type(back) is type(value)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("abdtrain:{}[]&*!-#\n \t'\"0.1e,<|>?%@`"), max_size=60))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    try:
        parse_layer(text, "t.yaml")
        load_config(None, [text])
    except ConfigError as error:
        assert error.diagnostics

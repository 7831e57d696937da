"""Every fault a config can have: named, with its place, before anything runs; nothing in it is executed."""

import os
from pathlib import Path

import pytest

from lrlab.config.load import LoadedConfig, load_config
from lrlab.errors import ConfigError, ExitCode


def fails(tmp_path: Path, text: str | bytes, overrides: list[str] | None = None) -> str:
    path = tmp_path / "exp.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides or [])
    assert caught.value.exit_code == ExitCode.USAGE
    return str(caught.value)


def loads(tmp_path: Path, text: str, overrides: list[str] | None = None) -> LoadedConfig:
    path = tmp_path / "exp.yaml"
    path.write_text(text)
    return load_config(path, overrides or [])


def test_fault_1_missing_file_lists_the_near_one(tmp_path: Path) -> None:
    (tmp_path / "mnist.yaml").write_text("name: x\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "mnits.yaml")
    assert "there is no file" in str(caught.value) and "did you mean" in str(caught.value)
    assert "mnist.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"  \n\n", "empty"), (b"\xff\xfe\x00a", "not UTF-8"), (b"na\x00me: x", "binary")],
)
def test_fault_1_unreadable_content(tmp_path: Path, content: bytes, reason: str) -> None:
    message = fails(tmp_path, content)
    assert reason in message and "exp.yaml" in message


def test_fault_1_a_folder_and_a_byte_order_mark(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbftrain:\n  epochs: 3\n")
    assert load_config(path).config.train.epochs == 3


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("train:\n  epochs: [1, 2\n", "exp.yaml:3:1", "not YAML"),
        ("train:\n\tepochs: 3\n", "exp.yaml:2:1", "tabs"),
        ("name: a\n---\nname: b\n", "exp.yaml:2:1", "one document"),
        ("- a\n- b\n", "exp.yaml:1:1", "mapping of sections"),
        ("just words\n", "exp.yaml:1:1", "mapping of sections"),
    ],
)
def test_fault_2_syntax_has_line_column_and_caret(tmp_path: Path, text: str, where: str, what: str) -> None:
    message = fails(tmp_path, text)
    assert where in message and what in message
    if text.splitlines()[int(where.split(":")[1]) - 1 :]:
        assert "^" in message


def test_fault_3_duplicate_key_names_both_lines(tmp_path: Path) -> None:
    message = fails(tmp_path, "train:\n  epochs: 1\n  seed: 3\n  epochs: 2\n")
    assert "exp.yaml:4:3" in message and "twice" in message and "line 2" in message


def test_fault_3_tags_are_refused_and_never_executed(tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    payloads = [f"name: !!python/object/apply:os.mkdir ['{owned}']", "name: !!python/name:os.system", "name: !mine x"]
    for payload in payloads:
        assert "is not allowed" in fails(tmp_path, payload + "\n")
    with pytest.raises(ConfigError, match="is not allowed"):
        load_config(None, [f"name=!!python/object/apply:os.mkdir ['{owned}']"])
    assert not owned.exists()


def test_fault_3_dotted_paths_in_values_are_only_words(tmp_path: Path) -> None:
    assert "there is no 'os:system'" in fails(tmp_path, "model:\n  name: os:system\n")


def test_fault_3_alias_bomb_cycle_and_merge_key(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
    )
    assert "too many" in fails(tmp_path, bomb)
    assert "inside itself" in fails(tmp_path, "train: &t\n  checkpoint: *t\n")
    assert "extends" in fails(tmp_path, "a: &a {epochs: 1}\ntrain:\n  <<: *a\n")
    assert "deep" in fails(tmp_path, "name: " + "[" * 60 + "]" * 60 + "\n")
    assert "bytes" in fails(tmp_path, "name: " + "x" * 1_100_000 + "\n")


def test_fault_4_unknown_key_and_section(tmp_path: Path) -> None:
    message = fails(tmp_path, "data:\n  batchsize: 64\ntrian:\n  epochs: 5\n")
    assert "exp.yaml:2:3" in message and "did you mean 'batch_size'?" in message
    assert "exp.yaml:3:1" in message and "did you mean 'train'?" in message


@pytest.mark.parametrize(
    ("written", "value"), [("1e-3", 1e-3), ("1E+1", 10.0), (".5", 0.5), ("3", 3.0), ("010", 10.0), ("0x10", 16.0)]
)
def test_fault_5_yaml_1_2_numbers(tmp_path: Path, written: str, value: float) -> None:
    assert loads(tmp_path, f"optimizer:\n  lr: {written}\n").config.optimizer.lr == value


@pytest.mark.parametrize("written", ["no", "yes", "on", "1_000", "1:30", "2024-01-01"])
def test_fault_5_words_stay_words(tmp_path: Path, written: str) -> None:
    assert loads(tmp_path, f"name: {written}\n").config.name == written
    assert f"got {written}" in fails(tmp_path, f"train:\n  epochs: {written}\n")
    assert f"got {written}" in fails(tmp_path, f"optimizer:\n  nesterov: {written}\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("train: {epochs: true}", "got true"),
        ('train: {epochs: "5"}', "quoted"),
        ("train: {epochs: 5.5}", "got 5.5"),
        ("optimizer: {lr: .nan}", "got .nan"),
        ("optimizer: {lr: .inf}", "got .inf"),
        ("optimizer: {nesterov: 1}", "true or false"),
        ("train: 5", "section"),
    ],
)
def test_fault_6_types(tmp_path: Path, text: str, shown: str) -> None:
    assert shown in fails(tmp_path, text + "\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optimizer: {lr: 0}", ["optimizer.lr", "above 0", "got 0"]),
        ("policy: {min_lr: 0.5, max_lr: 0.1}", ["policy.min_lr=0.5", "policy.max_lr=0.1"]),
        ("policy: {min_lr: 0.5}", ["policy.min_lr=0.5", "optimizer.lr=0.1"]),
        ("policy: {final_lr: 0.05}", ["policy.final_lr=0.05", "policy.min_lr=0.01"]),
        ("policy: {name: torch, pct_start: 1.5}", ["policy.pct_start", "below 1", "got 1.5"]),
        ("policy: {name: torch, pct_start: 0}", ["policy.pct_start", "above 0"]),
        ("train: {epochs: 0}", ["train.epochs", "at least 1", "got 0"]),
        ("train: {steps: 2}", ["train.steps=2", "policy.name=onecycle", "needs 3"]),
        ("train: {epochs: 2, steps: 5}", ["train.epochs=2", "train.steps=5", "one length"]),
        ("train: {seed: -1}", ["train.seed", "at least 0"]),
        ("train: {seed: 4294967296}", ["train.seed", "below 4294967296"]),
        ("range_test: {lr_min: 1, lr_max: 0.1}", ["range_test.lr_min=1", "range_test.lr_max=0.1"]),
        ("range_test: {steps: 5}", ["range_test.steps", "at least 10"]),
        ("range_test: {steps: 40, staircase: 5}", ["range_test.steps=40", "range_test.staircase=5"]),
        ("optimizer: {momentum: 0}", ["optimizer.momentum=0", "policy.cycle_momentum"]),
        ("optimizer: {nesterov: true, momentum_form: ema}", ["nesterov", "momentum_form=ema"]),
        ("policy: {momentum_low: 0.95, momentum_high: 0.9}", ["momentum_low=0.95", "momentum_high=0.9"]),
        ("data: {val_fraction: 0}\nrange_test: {validation: true}", ["data.val_fraction=0", "range_test.validation"]),
    ],
)
def test_fault_7_ranges_name_both_fields_and_values(tmp_path: Path, text: str, words: list[str]) -> None:
    message = fails(tmp_path, text + "\n")
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("text", "near", "listing"),
    [
        ("model: {name: convnt}", "convnet", "lrlab models ls"),
        ("data: {name: minst}", "mnist", "lrlab data ls"),
        ("optimizer: {name: adamm}", "adam", ""),
        ("policy: {name: onecylce}", "onecycle", "lrlab policy ls"),
        ("init: {name: kaiming}", "kaiming_normal", ""),
        ("model: {norm: batchnorm}", "batch", ""),
    ],
)
def test_fault_8_unknown_names(tmp_path: Path, text: str, near: str, listing: str) -> None:
    message = fails(tmp_path, text + "\n")
    assert "there is no" in message and near in message and listing in message


def test_fault_8_unknown_device(tmp_path: Path) -> None:
    assert "auto, cpu, cuda, cuda:N" in fails(tmp_path, "train: {device: gpu}\n")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("trian.epochs=5", ["did you mean 'train'?"]),
        ("train.epoch=5", ["did you mean 'epochs'?"]),
        ("epochs", ["is not KEY=VALUE"]),
        ("train.epochs=", ["has no value"]),
        ("train.epochs=five", ["whole number", "got five"]),
        ("train.epochs=[1, 2", ["is not YAML"]),
        ("train..epochs=1", ["is not KEY=VALUE"]),
        ("train.checkpoint.snapshots.0=5", ["train.checkpoint.snapshots"]),
        ("train=5", ["train must be a section of keys"]),
    ],
)
def test_fault_9_overrides_name_their_argument(override: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, [(1, "optimizer.lr=0.2"), (3, override)])
    assert all(word in str(caught.value) for word in ["command line, argument 3", *words]), str(caught.value)


def test_fault_9_a_key_given_twice() -> None:
    with pytest.raises(ConfigError, match="given twice; first by command line, argument 1"):
        load_config(None, ["train.epochs=1", "train.epochs=2"])
    with pytest.raises(ConfigError, match=r"value of its own|section that another argument"):
        load_config(None, ["train.checkpoint=1", "train.checkpoint.keep=2"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("policy: {name: constant, pct_start: 0.3}", ["policy has no key 'pct_start' (with name: constant)"]),
        ("data: {name: mnist, image_size: 8}", ["data has no key 'image_size' (with name: mnist)"]),
        ("init: {name: xavier_normal, mode: fan_out}", ["init has no key 'mode'"]),
        ("policy: {cycle_momentum: false, momentum_low: 0.8}", ["a.yaml:1:", "policy.momentum_low=0.8 has no effect"]),
        ("policy: {name: torch, cycle_momentum: false, max_momentum: 0.9}", ["policy.max_momentum=0.9 has no effect"]),
        ("data: {storage: resident, workers: 2}", ["data.workers=2 has no effect with data.storage=resident"]),
        ("train: {validate_every: 0}", ["train.validate_every", "a number of steps (50)", "10% (of the training)"]),
        ("compare_policy: {policies: [step, cosin]}", ["a.yaml:1:", "policies.1", "did you mean 'cosine'?"]),
        ("data: {val_fraction: 0}\ntrain: {validate_every: 5}", ["train.validate_every=5 has no effect"]),
        (
            "plugins: {m: 'a:b'}\nmodel: {name: m, activation: tanh}",
            ["model.activation=tanh has no effect with init.name=as_built"],
        ),
    ],
)
def test_fault_10_an_option_without_effect(tmp_path: Path, text: str, words: list[str]) -> None:
    message = fails(tmp_path, text + "\n").replace("exp.yaml", "a.yaml")
    assert all(word in message for word in words), message


def test_fault_10_a_switched_off_key_at_its_default_says_nothing(tmp_path: Path) -> None:
    loads(tmp_path, "policy: {cycle_momentum: false, momentum_low: 0.85}\ndata: {storage: resident, workers: 0}\n")
    loads(tmp_path, "plugins: {m: 'a:b'}\nmodel: {name: m, activation: tanh}\ninit: {name: kaiming_uniform}\n")


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = "data:\n  name: mnst\n  batchsize: 1\nmodel:\n  width: x\npolicy:\n  min_lr: 3\n  max_lr: 2\ntrian: {}\n"
    message = fails(tmp_path, text, ["train.epochs=0"])
    expected = ("exp.yaml:2:", "exp.yaml:3:", "exp.yaml:5:", "exp.yaml:7:", "exp.yaml:9:", "command line, argument 1")
    for place in expected:
        assert place in message, place


def test_the_environment_is_not_read(tmp_path: Path) -> None:
    os.environ["LRLAB_TEST_SECRET"] = "x"
    assert loads(tmp_path, "name: ${LRLAB_TEST_SECRET}\n").config.name == "${LRLAB_TEST_SECRET}"


def test_problems_come_in_the_order_of_their_places() -> None:
    overrides = [f"train.nonsense{i}=1" for i in range(9)] + ["trian.epochs=5", "model.name=convnett"]
    with pytest.raises(ConfigError) as caught:
        load_config(None, overrides)
    found = [int(d.where.rpartition(" ")[2]) for d in caught.value.diagnostics]
    assert found == list(range(1, 12))

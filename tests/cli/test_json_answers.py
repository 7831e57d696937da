"""What `--json` prints is frozen: a key that comes, goes or changes its type is a reviewed difference in a snapshot.

`LRLAB_UPDATE_SNAPSHOTS=1 pytest tests/cli/test_json_answers.py` writes the snapshots anew.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from lrlab.cli.app import app

pytestmark = pytest.mark.usefixtures("undrawn")
SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "json"
UPDATE = "LRLAB_UPDATE_SNAPSHOTS"
TINY = ("data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "-q")
TRAIN, RANGE = ("train", *TINY, "train.steps=6"), ("range-test", *TINY)
COMPARE = ("compare-policy", *TINY, "train.steps=4", "--policies", "onecycle,constant")
SEARCH = ("find-min-lr", *TINY, "find_min_lr.steps=12", "--seeds", "2", "--confirm", "find_min_lr.confirm_steps=6")
TUNE = ("tune", *TINY, "train.steps=6", "find_min_lr.steps=12", "find_min_lr.seeds=2")
DIVERGES = ("--policy", "constant", "optimizer.lr=1e25", "model.norm=none")
NO_SIGNAL = ("range_test.lr_min=20", "range_test.lr_max=1000")
WORDS = {"changes", "facts", "answer"}  # objects whose keys are not frozen here

COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "train": [TRAIN, (*TRAIN, "--seeds", "2"), (*TRAIN, *DIVERGES)],
    "train --dry-run": [(*TRAIN, "--dry-run"), ("train", "data.name=mnist", "data.root=nowhere", "--dry-run")],
    "range-test": [(*RANGE, "--apply"), (*RANGE, "--seeds", "2"), (*RANGE, *NO_SIGNAL)],
    "range-test --dry-run": [(*RANGE, "--dry-run")],
    "find-min-lr": [(*SEARCH, "--max-lr", "0.05", "--apply"), (*SEARCH, "--max-lr", "1e25"), SEARCH],
    "find-min-lr --dry-run": [(*SEARCH, "--dry-run")],
    "tune": [(*TUNE, "--baseline", "--seeds", "2"), (*TUNE, "--budget", "4000it"), (*TUNE, *NO_SIGNAL)],
    "tune --dry-run": [(*TUNE, "--dry-run")],
    "compare-policy": [
        (*COMPARE, "model.norm=none", "--lrs", "0.1,1e25", "--seeds", "2"), (*COMPARE, "--lrs", "0.1", "--seeds", "1"),
    ],
    "compare-policy --dry-run": [(*COMPARE, "--dry-run")],
    "runs ls": [("runs", "ls")],
    "runs show": [("runs", "show", "train/latest"), ("runs", "show", "range-test/latest")],
    "config show": [("config", "show")],
    "validate": [("validate", "mine.yaml")],
    "data ls": [("data", "ls")],
    "data get": [("data", "get", "digits")],
    "data show": [("data", "show", "fake")],
    "data verify": [("data", "verify", "digits")],
    "models ls": [("models", "ls")],
    "models show": [("models", "show", "convnet", "data.name=fake")],
    "init ls": [("init", "ls")],
    "configs ls": [("configs", "ls")],
    "doctor": [("doctor",)],
    "policy ls": [("policy", "ls")],
    "policy show": [("policy", "show", "onecycle"), ("policy", "show", "constant", "--png", "a.png")],
}  # fmt: skip
SILENT = {
    "board",  # becomes another program
    *("runs path", "configs cat", "configs cp", "config schema", "config reference"),  # a path or a text is the answer
}


def commands(group: Any = None, trail: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    group = group if group is not None else typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*trail, name))
        else:
            yield " ".join((*trail, name)), command


def shape(value: Any) -> Any:
    """Names and types; a list is the union of its items."""
    if isinstance(value, dict):
        return {key: {} if key in WORDS else shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [merged([shape(item) for item in value])] if value else []
    kinds = {bool: "bool", int: "number", float: "number", str: "string", type(None): "null"}
    return kinds[type(value)]


def merged(shapes: list[Any]) -> Any:
    """One shape for all: `number|null`; a key that is not in all of them gets a question mark."""
    objects = [s for s in shapes if isinstance(s, dict)]
    lists = [s for s in shapes if isinstance(s, list)]
    plain = sorted({word for s in shapes if isinstance(s, str) for word in s.split("|")})
    if objects:
        keys = dict.fromkeys(key for s in objects for key in s)
        return {
            key + ("" if all(key in s for s in objects) or key.endswith("?") else "?"): merged(
                [s[key] for s in objects if key in s]
            )
            for key in keys
        }
    if lists:
        items = [item for s in lists for item in s]
        return [merged(items)] if items else []
    return "|".join(plain)


@pytest.fixture
def ready(here: Path) -> Path:
    (here / "mine.yaml").write_text("train:\n  seeds: 2\n")
    return here


@pytest.mark.parametrize("name", COMMANDS)
def test_the_shape_of_the_answer_is_the_recorded_one(lrlab: Any, ready: Path, name: str) -> None:
    if name.startswith("runs"):
        lrlab(*TRAIN)
        lrlab(*RANGE)
    answers = [lrlab(*command, "--json") for command in COMMANDS[name]]
    assert all(answer.code in (0, 4) for answer in answers), answers
    found = merged([shape(json.loads(answer.out)) for answer in answers])
    path = SNAPSHOTS / f"{name.replace(' ', '-').replace('---', '-')}.json"
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(path.read_text()), f"if this is meant: {UPDATE}=1"


def test_every_command_with_an_answer_prints_json_and_has_a_snapshot() -> None:
    having = {name for name, command in commands() if any("--json" in p.opts for p in command.params)}
    assert having == {name for name, _ in commands()} - SILENT
    assert having == {name.partition(" --")[0] for name in COMMANDS}
    assert len(list(SNAPSHOTS.glob("*.json"))) == len(COMMANDS)


def test_the_comparison_sees_a_key_and_a_type() -> None:
    assert shape({"a": 1}) != shape({"a": 1, "b": 1}) != shape({"a": 1, "b": "x"})
    assert merged([{"a": "number"}, {"a": "null", "b": "string"}]) == {"a": "null|number", "b?": "string"}
    assert shape([{"a": 1}, {"a": None}]) == [{"a": "null|number"}]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("train", "trian.epochs=1"), 2),
        (("range-test", "data.name=mnist", "data.root=nowhere"), 3),
        (("train", "--device", "cuda:99", "--dry-run"), 5),
        (("train", "--resume"), 7),
        (("runs", "show", "nothing"), 2),
        (("validate", "nothing.yaml", "mine.yaml"), 2),
        (("policy", "show", "onecycel"), 2),
        (("data", "get", "minst"), 2),
    ],
)
def test_a_failure_prints_nothing_on_stdout(lrlab: Any, ready: Path, command: tuple[str, ...], code: int) -> None:
    answer = lrlab(*command, "--json")
    assert answer.code == code and answer.out == "" and answer.err.startswith("error: ")


@pytest.mark.parametrize("command", [TRAIN, (*RANGE, "--apply")])
def test_a_finished_run_that_is_resumed_gives_its_answer_again(lrlab: Any, ready: Path, command: Any) -> None:
    first = json.loads(lrlab(*command, "--json").out)
    again = lrlab(command[0], "--resume", Path(first["run"]).name, "--json")
    assert again.code == 0 and "is finished" in again.err
    assert json.loads(again.out) == first

"""Completion, asked for as shells ask: what is offered, that it is quick of mind, and that it is never loud."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_startup import HEAVY, imported_by

from lrlab.cli.completion.files import folders, yaml_files
from lrlab.cli.completion.protocol import join_words
from lrlab.config.key_words import key_words
from lrlab.config.keys import PLUGIN, sections
from lrlab.registry import DATASETS, MODELS, POLICIES

RUNS = ("train/20260101-000000-a-0001", "train/20260102-000000-b-0002", "range-test/20260103-000000-c-0003")
Ask = Callable[..., list[str]]


@pytest.fixture
def ask(lrlab: Any, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The words that bash is given; the last one asked for is the one being typed."""

    def asked(*words: str) -> list[str]:
        monkeypatch.setenv("_LRLAB_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(("lrlab", *words)))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        answer = lrlab()
        assert answer.code == 0 and answer.err == ""
        return list(answer.out.splitlines())

    return asked


@pytest.fixture
def with_runs(here: Path) -> Path:
    for name in RUNS:
        (here / "runs" / name).mkdir(parents=True)
    return here


def shell(here: Path, name: str, line: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {"_LRLAB_COMPLETE": f"complete_{name}", **more}
    if name == "bash":
        environment |= {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    else:
        environment |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    command = [sys.executable, "-m", "lrlab"]
    return subprocess.run(command, cwd=here, env=os.environ | environment, capture_output=True, text=True)


def test_each_shell_is_answered_by_a_process(here: Path) -> None:
    bash = shell(here, "bash", "lrlab train policy.name = co")
    assert bash.stdout.split() == ["constant", "cosine", "cosine_restarts"]
    zsh = shell(here, "zsh", "lrlab train policy.name=co")
    assert '"policy.name=cosine"' in zsh.stdout and zsh.stdout.startswith("_arguments")
    fish = shell(here, "fish", "lrlab train --policy co")
    assert "cosine\thalf a cosine down" in fish.stdout.splitlines()
    assert bash.stderr == zsh.stderr == fish.stderr == ""


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_every_key_can_be_shown_by_shells_with_sentences(
    lrlab: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("_LRLAB_COMPLETE", f"complete_{name}")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    for section in sections():
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"lrlab train {section}.")
        answer = lrlab()
        assert answer.code == 0 and answer.err == ""
        assert answer.out.count("=") >= sum(key.startswith(f"{section}.") for key in key_words({})), section


@pytest.mark.parametrize(
    "line", ["lrlab train data.", "lrlab train --policy w", "lrlab runs show l", "lrlab policy show wsd policy.st"]
)
def test_neither_torch_nor_the_schema_is_imported(with_runs: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LRLAB_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    assert imported_by(with_runs).isdisjoint({*HEAVY, "numpy", "yaml", "lrlab.config.schema"})


def test_a_config_or_an_override_may_come_first(ask: Ask, here: Path) -> None:
    (here / "mine.yaml").write_text("train:\n  epochs: 1\n")
    (here / "notes.txt").write_text("")
    both = ask("train", "")
    assert "mine.yaml" in both and {"data.", "model.", "policy.", "train."} < set(both) and "notes.txt" not in both
    assert ask("train", "m") == ["mine.yaml", *(word for word in ask("train", "model."))]
    after = ask("train", "mine.yaml", "")
    assert "mine.yaml" not in after and "data." in after
    assert "mine.yaml" not in ask("train", "train.seed", "=", "1", "")  # a config behind an override is refused


@pytest.mark.parametrize("command", [["range-test"], ["config", "show"], ["models", "show"], ["data", "show"]])
def test_every_command_with_a_config_offers_both(ask: Ask, here: Path, command: list[str]) -> None:
    (here / "mine.yaml").write_text("")
    assert {"mine.yaml", "data."} < set(ask(*command, ""))


def test_a_word_that_is_not_done_never_stands_alone(ask: Ask) -> None:
    """For bash puts a space behind the only word."""
    assert "optimizer.lr=" in ask("train", "opt") and "optimizer.name=" in ask("train", "opt")
    assert ask("train", "data.batch_s") == ["data.batch_size=", "data.batch_size=64", "data.batch_size=32"]


def test_values_of_a_key(ask: Ask) -> None:
    assert ask("train", "policy.name", "=") == sorted(POLICIES)
    assert ask("train", "model.name", "=", "res") == ["resnet"]
    assert ask("train", "train.precision", "=") == ["fp32", "bf16", "fp16"]
    assert ask("train", "data.flip", "=", "t") == ["true"]
    assert ask("train", "train.clip_norm", "=") == ["null"]
    assert {"auto", "cpu"} <= set(ask("train", "train.device", "="))
    assert ask("train", "trian.epochs", "=") == []


def test_the_name_of_a_section_decides_its_keys(ask: Ask) -> None:
    wsd = ["policy.stable=", "policy.stable=75"]
    assert ask("train", "policy.name", "=", "wsd", "policy.sta") == wsd
    assert ask("train", "--policy", "wsd", "policy.sta") == wsd
    assert ask("policy", "show", "wsd", "policy.sta") == wsd
    assert ask("train", "--policy", "onecycle", "policy.sta") == []
    assert "policy.staircase=" in ask("train", "policy.sta")  # exponential's
    assert "model.depth=" in ask("models", "show", "resnet", "model.")
    assert "model.hidden=" not in ask("models", "show", "resnet", "model.")


def test_names(ask: Ask) -> None:
    assert ask("train", "--policy", "") == list(POLICIES) == [w for w in ask("policy", "show", "") if w in POLICIES]
    assert ask("train", "--policy", "=", "on") == ["onecycle"]
    assert [w for w in ask("models", "show", "") if w in MODELS] == list(MODELS)
    assert [w for w in ask("data", "show", "") if w in DATASETS] == list(DATASETS)
    assert ask("data", "get", "cifar") == ["cifar10", "cifar100"] and "imagefolder" not in ask("data", "get", "")
    assert "mnist" not in ask("data", "verify", "mnist", "")
    assert {"digits", "mnist"} <= set(ask("configs", "cat", "")) == set(ask("configs", "cp", ""))
    assert ask("doc") == ["doctor"]


def test_devices_are_those_of_the_driver(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrlab.cli.completion.overrides.nvidia_gpus", lambda: 2)
    assert ask("train", "--device", "") == ["auto", "cpu", "cuda", "cuda:0", "cuda:1"]
    assert ask("train", "--device", "cuda", ":") == ["0", "1"]
    assert ask("train", "train.device", "=", "cuda", ":", "1") == ["1"]
    assert ask("train", "--device", "=", "cuda", ":") == ["0", "1"]


def test_runs(ask: Ask, with_runs: Path) -> None:
    names = [run.partition("/")[2] for run in reversed(RUNS)]
    words = ask("runs", "show", "")
    assert (
        words == ["latest", "range-test/latest", "train/latest", *names] == ask("board", "") == ask("runs", "path", "")
    )
    assert ask("runs", "show", "train/") == ["train/latest", RUNS[1], RUNS[0]]
    assert ask("train", "--resume", "") == names[1:] and ask("range-test", "--resume", "2") == names[:1]
    (with_runs / "runs").rename(with_runs / "else where")
    assert ask("runs", "show", "") == []
    assert ask("runs", "show", "--root", "else\\ where", "") == words
    assert ask("train", "--out", "else\\ where", "--resume", "") == names[1:]


def test_paths_with_spaces_are_written_for_bash(ask: Ask, here: Path) -> None:
    (here / "my nets").mkdir()
    (here / "my nets" / "a b.yaml").write_text("")
    assert ask("validate", "") == ["my\\ nets/a\\ b.yaml"] == ask("validate", "my\\ nets/a")


def test_folders_are_gone_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("only/way/a.yaml", "only/way/b.yml", "only/way/c.txt", ".hidden/x.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "empty").mkdir()
    assert yaml_files("") == ["only/way/a.yaml", "only/way/b.yml"] == yaml_files("on")
    assert yaml_files(".h") == [".hidden/x.yaml"] and yaml_files("nowhere/") == []
    (tmp_path / "only" / "way" / "round").symlink_to(tmp_path / "only")
    assert "only/way/round/" in yaml_files("only/")
    assert folders("em") == ["empty", "empty/"]


@pytest.mark.parametrize(
    ("words", "joined", "kept"),
    [
        (["lrlab", "train", "a.b", "=", "c"], ["lrlab", "train", "a.b=c"], "a.b="),
        (["lrlab", "train", "a.b", "="], ["lrlab", "train", "a.b="], "a.b="),
        (["lrlab", "train", "a.b", "=", "c", ""], ["lrlab", "train", "a.b=c", ""], ""),
        (["lrlab", "train", "a", "=", "cuda", ":", "0"], ["lrlab", "train", "a=cuda:0"], "a=cuda:"),
        (["lrlab", "train", "--device", "=", "cuda", ":"], ["lrlab", "train", "--device=cuda:"], "cuda:"),
        (["lrlab", "train", "a=c"], ["lrlab", "train", "a=c"], ""),  # COMP_WORDBREAKS without the =
        (["lrlab", "tr"], ["lrlab", "tr"], ""),
    ],
)
def test_what_bash_splits_is_joined(words: list[str], joined: list[str], kept: str) -> None:
    assert join_words(words) == (joined, kept)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_that_bash_is_given(here: Path) -> None:
    """typer's own function, called as bash calls it."""
    program = here / "lrlab"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lrlab "$@"\n')
    program.chmod(0o755)
    script = subprocess.run(
        [program], env=os.environ | {"_LRLAB_COMPLETE": "source_bash"}, capture_output=True, text=True
    )
    ask = "COMP_WORDS=(lrlab train policy.name = onec); COMP_CWORD=4; _lrlab_completion lrlab; echo ${COMPREPLY[@]}"
    path = f"{here}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"{script.stdout}\n{ask}"], env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("onecycle\n", "")


BROKEN_RUN = (
    "os.makedirs('runs/train/20260101-000000-a-0001'); open('runs/train/20260101-000000-a-0001/status.json', 'w')"
)
NO_FOLDER = "open('runs', 'w')"
DELETED = "os.rmdir(os.getcwd())"


@pytest.mark.parametrize("harm", [BROKEN_RUN, NO_FOLDER, DELETED], ids=["broken run", "no folder", "deleted"])
@pytest.mark.parametrize("line", ["runs show 2", "train --resume 2", "validate x"])
def test_a_wrong_state_says_nothing(here: Path, harm: str, line: str) -> None:
    words = ["lrlab", *line.split()]
    asked = f"import os\n{harm}\nos.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'lrlab'])"
    environment = os.environ | {
        "_LRLAB_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run([sys.executable, "-c", asked], cwd=here, env=environment, capture_output=True, text=True)
    named = "20260101-000000-a-0001\n" if harm == BROKEN_RUN and "2" in words else ""  # a name is a name
    assert (done.returncode, done.stdout, done.stderr) == (0, named, "")


@pytest.mark.parametrize("changed", [{"COMP_CWORD": "x"}, {"COMP_CWORD": "99"}, {"COMP_WORDS": ""}])
def test_a_shell_that_asks_nonsense_gets_nothing(here: Path, changed: dict[str, str]) -> None:
    environment = (
        os.environ | {"_LRLAB_COMPLETE": "complete_bash", "COMP_WORDS": "lrlab t", "COMP_CWORD": "1"} | changed
    )
    command = [sys.executable, "-m", "lrlab"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""


def test_the_keys_are_those_of_the_schema() -> None:
    """The quick source against the slow one: every key of every arm, and no other."""
    for section, arms in sections().items():
        for arm in arms:
            for name in [name for name in arm.names or ("",) if name != PLUGIN]:
                slow = {f"{section}.{key.name}" for key in arm.keys} | ({f"{section}.name"} if name else set())
                quick = {key for key in key_words({section: name}) if key.startswith(f"{section}.")}
                assert quick == slow, (section, name)
    anyway = set(key_words({}))
    assert set(key_words({"policy": "wsd"})) < anyway
    assert set(key_words({"model": "my_net"})) == anyway  # a plugin's may be any

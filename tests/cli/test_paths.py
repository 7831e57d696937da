"""Fault 13: paths with spaces and letters of any script, `~`, relative, links, and folders that cannot be written."""

import json
from pathlib import Path
from typing import Any

import pytest

SMALL = "data: {name: fake, batch_size: 16}\nmodel: {width: 4, depth: 1}\nrange_test: {steps: 20}\n"


def runs_in(folder: Path) -> list[Path]:
    return list((folder / "range-test").iterdir())


@pytest.mark.parametrize(
    "name", ["with space", "ünïcödé-名前", "-dash", "a'quote", 'a"quote', "$HOME", "a=b", "[x]", "#x"]
)
def test_odd_names_of_configs_and_folders(lrlab: Any, here: Path, name: str) -> None:
    (here / name).mkdir()
    config = here / name / f"{name}.yaml"
    config.write_text(SMALL, encoding="utf-8")
    for path in (str(config), f"./{name}/{name}.yaml"):
        answer = lrlab("validate", path)
        assert answer.code == 0 and answer.out == f"ok  {Path(path)}\n", answer.err
    answer = lrlab("config", "show", str(config), "--origin")
    assert answer.code == 0 and f"{config}:1:14" in answer.out
    base = here / "child.yaml"
    base.write_text(f"extends: {json.dumps(f'{name}/{name}.yaml')}\n", encoding="utf-8")
    assert lrlab("validate", "child.yaml").code == 0


def test_a_run_below_a_folder_with_an_odd_name(lrlab: Any, here: Path) -> None:
    config = here / "ein Ordner" / "名前 1.yaml"
    config.parent.mkdir()
    config.write_text(SMALL, encoding="utf-8")
    answer = lrlab("range-test", str(config), "-q", "--out", "out with ü", "--apply", "--json")
    assert answer.code in (0, 4), answer.err
    (run,) = runs_in(here / "out with ü")
    assert Path(json.loads(answer.out)["run"]) == run and run.name.isascii()
    assert (run / "config.yaml").read_text(encoding="utf-8") == SMALL


def test_home_relative_and_linked_folders(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = here / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "mine.yaml").write_text(SMALL)
    assert lrlab("range-test", "~/mine.yaml", "-q", "--out", "~/runs").code in (0, 4)
    assert len(runs_in(home / "runs")) == 1
    (here / "sub").mkdir()
    (here / "link").symlink_to(here / "sub")
    (here / "mine.yaml").symlink_to(home / "mine.yaml")
    assert lrlab("range-test", "mine.yaml", "-q", "--out", "link/../link/runs").code in (0, 4)
    assert len(runs_in(here / "sub" / "runs")) == 1


@pytest.mark.parametrize(
    "out", ["a-file", "a-file/runs", "/proc/runs", "/dev/null", "~nobody-of-this-name/runs", "dangling"]
)
def test_an_out_that_cannot_be_written_is_refused_before_training(
    lrlab: Any, here: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrlab.engine.task import Task

    def trained(*_: Any) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr(Task, "update", trained)
    (here / "a-file").write_text("")
    (here / "dangling").symlink_to("/proc/nowhere")
    (here / "mine.yaml").write_text(SMALL)
    before = sorted(here.rglob("*"))
    answer = lrlab("range-test", "mine.yaml", "--out", out)
    assert answer.code == 5 and out in answer.err and "--out DIR" in answer.err, answer.err
    assert "Traceback" not in answer.err and sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("circle.yaml", "cannot read circle.yaml"),
        ("~nobody-of-this-name/x.yaml", "there is no file"),
        ("a-file.yaml/x.yaml", "there is no file"),
        ("x" * 300 + ".yaml", "cannot read"),
        ("dangling.yaml", "there is no file dangling.yaml"),
    ],
)
def test_a_config_that_cannot_be_read_is_said_to_be_one(lrlab: Any, here: Path, path: str, says: str) -> None:
    (here / "circle.yaml").symlink_to("circle.yaml")
    (here / "dangling.yaml").symlink_to("gone.yaml")
    (here / "a-file.yaml").write_text("name: x\n")
    for command in ("validate", "range-test"):
        answer = lrlab(command, path)
        assert answer.code == 2 and says in answer.err and "Traceback" not in answer.err, answer.err


def test_a_path_in_a_config_with_a_byte_that_no_path_has(lrlab: Any, here: Path) -> None:
    (here / "a.yaml").write_text('extends: "x\\0y.yaml"\n')
    answer = lrlab("validate", "a.yaml")
    assert answer.code == 2 and "a.yaml:1:10: cannot read" in answer.err, answer.err
    (here / "b.yaml").write_text('plugins: {m: {target: "a:b", folder: "x\\0y"}}\nmodel: {name: m}\n')
    assert lrlab("validate", "b.yaml").code == 0
    answer = lrlab("range-test", "b.yaml")
    assert answer.code == 2 and "there is no module 'a'" in answer.err, answer.err

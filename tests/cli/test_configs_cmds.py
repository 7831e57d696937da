"""`lrlab configs` in a checkout and in an installed package; `lrlab validate` on folders."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lrlab.config.load import load_config

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.relative_to(ROOT / "configs") for path in (ROOT / "configs").rglob("*.yaml"))
NAMES = [path.with_suffix("").as_posix() for path in SHIPPED]
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


def schema_of(config: Path) -> Path:
    """The file that an editor would take."""
    found = MODELINE.match(config.read_text(encoding="utf-8"))
    assert found is not None
    if found[1].startswith("file:"):
        from urllib.parse import unquote, urlparse

        return Path(unquote(urlparse(found[1]).path))
    return (config.parent / found[1]).resolve()


def test_ls_has_a_line_per_config(lrlab: Any) -> None:
    lines = lrlab("configs", "ls").out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES and len(NAMES) >= 4
    assert all(len(line.split()) > 3 for line in lines) and "yaml-language-server" not in "".join(lines)
    rows = json.loads(lrlab("configs", "ls", "--json").out)
    assert [row["name"] for row in rows] == NAMES and all(Path(row["path"]).is_file() for row in rows)


def test_cat_prints_the_file(lrlab: Any) -> None:
    assert lrlab("configs", "cat", NAMES[0]).out == (ROOT / "configs" / SHIPPED[0]).read_text(encoding="utf-8")
    assert lrlab("configs", "cat", f"{NAMES[0]}.yaml").code == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_valid_and_its_schema_and_commands_are_found(lrlab: Any, here: Path, name: str) -> None:
    answer = lrlab("configs", "cp", name)
    copy = here / answer.out.strip()
    assert answer.code == 0 and copy == here / f"{Path(name).name}.yaml"
    assert load_config(copy).config == load_config(ROOT / "configs" / f"{name}.yaml").config
    assert "extends:" not in copy.read_text()  # it stands alone, and so does its copy
    assert schema_of(copy) == ROOT / "schema" / "lrlab.schema.json"
    for line in copy.read_text().splitlines():
        if line.startswith("#   lrlab"):
            assert "configs/" not in line


def test_cp_takes_a_file_or_a_folder_and_overwrites_only_when_told(lrlab: Any, here: Path) -> None:
    (here / "a folder").mkdir()
    assert lrlab("configs", "cp", "digits", "a folder").out.strip() == "a folder/digits.yaml"
    assert "lrlab range-test 'a folder/digits.yaml'" in (here / "a folder" / "digits.yaml").read_text()
    assert lrlab("configs", "cp", "digits", "ü.yaml").code == 0
    (here / "ü.yaml").write_text("name: mine\n")
    answer = lrlab("configs", "cp", "mnist", "ü.yaml")
    assert answer.code == 2 and "ü.yaml is there already" in answer.err and "--force" in answer.err
    assert (here / "ü.yaml").read_text() == "name: mine\n"
    assert lrlab("configs", "cp", "mnist", "ü.yaml", "--force").code == 0
    assert "name: mnist" in (here / "ü.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["cat", "mnits"], 2, "did you mean 'mnist'?"),
        (["cp", "../configs/mnist"], 2, "no config named"),
        (["cp", "mnist", "no/folder/here.yaml"], 2, "there is no folder no/folder"),
        (["cp", "mnist", "sub/"], 2, "there is no folder sub"),
        (["cp", "mnist", "/proc/x.yaml"], 5, "cannot write /proc/x.yaml"),
    ],
)
def test_what_cannot_be_is_said(lrlab: Any, here: Path, arguments: list[str], code: int, says: str) -> None:
    answer = lrlab("configs", *arguments)
    assert answer.code == code and says in answer.err and list(here.iterdir()) == []


def test_a_copy_inside_the_checkout_has_a_relative_modeline(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for part in ("src", "configs", "schema"):
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "mine").mkdir()
    run(checkout / "src", checkout / "mine", "configs", "cp", "digits")
    copy = checkout / "mine" / "digits.yaml"
    assert copy.read_text().startswith("# yaml-language-server: $schema=../schema/lrlab.schema.json\n")
    assert schema_of(copy) == checkout / "schema" / "lrlab.schema.json"


def test_an_installed_package_has_configs_and_schema(tmp_path: Path) -> None:
    """The folders of the wheel, laid out as pyproject.toml says."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    site, work = tmp_path / "site packages", tmp_path / "work"
    work.mkdir()
    for package in wheel["packages"]:
        name = Path(package).name
        shutil.copytree(ROOT / package, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    for source, target in wheel["force-include"].items():
        shutil.copytree(ROOT / source, site / target)
    assert [line.split()[0] for line in run(site, work, "configs", "ls").splitlines()] == NAMES
    run(site, work, "configs", "cp", "digits")
    copy = work / "digits.yaml"
    assert "%20" in copy.read_text().splitlines()[0]  # an editor reads a modeline up to the first space
    assert schema_of(copy) == site / "lrlab" / "schema" / "lrlab.schema.json" and schema_of(copy).is_file()
    assert "ok  digits.yaml" in run(site, work, "validate", "digits.yaml")
    shutil.rmtree(site / "lrlab" / "configs")
    assert "lacks its configs/" in run(site, work, "configs", "ls", code=5)
    assert "there is no file mnist.yaml" in run(site, work, "validate", "mnist.yaml", code=2)


def run(source: Path, cwd: Path, *arguments: str, code: int = 0) -> str:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, "-P", "-m", "lrlab", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_config_that_is_not_there_but_comes_with_lrlab(lrlab: Any) -> None:
    answer = lrlab("range-test", "mnist.yaml")
    assert answer.code == 2 and "lrlab configs cp mnist mnist.yaml" in answer.err


def test_validate_takes_files_and_folders(lrlab: Any, here: Path) -> None:
    answer = lrlab("validate", str(ROOT / "configs"))
    assert answer.code == 0 and answer.out.count("ok  ") == len(SHIPPED)
    (here / "sub").mkdir()
    (here / "sub" / "bad.yaml").write_text("trian: {}\n")
    (here / "sub" / "good.yml").write_text("train: {epochs: 1}\n")
    (here / "sub" / "notes.txt").write_text("no config")
    answer = lrlab("validate", "sub")
    assert answer.code == 2 and "did you mean 'train'?" in answer.err and answer.out == "ok  sub/good.yml\n"
    (here / "none").mkdir()
    answer = lrlab("validate", "none")
    assert answer.code == 2 and "no YAML file in this folder" in answer.err

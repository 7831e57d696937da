"""What answers at once must not import what takes seconds."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("torch", "torchvision", "tensorboard", "matplotlib", "scipy", "sklearn")
PROBE = """
import json, sys
from lrlab.cli.app import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    code = end.code or 0
sys.stderr.write(json.dumps({"code": code, "modules": sorted(sys.modules)}))
"""


def imported_by(here: Path, *arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], cwd=here, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    assert found["code"] == 0, done.stderr
    return set(found["modules"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        *([name, "--help"] for name in ("range-test", "train", "doctor", "compare-policy", "find-min-lr", "tune")),
        ["models", "show", "--help"],
        ["--version"],
    ],
    ids=str,
)
def test_help_imports_neither_torch_nor_the_schema(here: Path, arguments: list[str]) -> None:
    assert imported_by(here, *arguments).isdisjoint({*HEAVY, "numpy", "lrlab.config.schema"})


def test_the_first_page_leaves_pydantic_alone_too(here: Path) -> None:
    assert "pydantic" not in imported_by(here, "--help")  # typer takes it for the options of a command


LOOKING = (
    *("validate mine.yaml", "config show", "config schema", "config reference"),
    *(
        "configs ls",
        "configs cat digits",
        "configs cp digits",
        "runs ls",
        "data ls",
        "models ls",
        "init ls",
        "policy ls",
    ),
)


@pytest.mark.parametrize("command", ["configs ls", "configs cat digits"])
def test_the_shipped_configs_are_listed_without_the_schema(here: Path, command: str) -> None:
    assert "lrlab.config.schema" not in imported_by(here, *command.split())


@pytest.mark.parametrize("command", LOOKING)
def test_looking_imports_no_torch(here: Path, command: str) -> None:
    (here / "mine.yaml").write_text("train:\n  epochs: 3\n")
    assert imported_by(here, *command.split()).isdisjoint({"torch", "torchvision", "tensorboard", "matplotlib"})


def test_the_probe_sees_torch(here: Path) -> None:
    code = "import torch\n" + PROBE
    done = subprocess.run([sys.executable, "-c", code, "--help"], cwd=here, capture_output=True, text=True)
    assert "torch" in json.loads(done.stderr.splitlines()[-1])["modules"]


def test_help_answers(here: Path, record_property: Any) -> None:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "lrlab", "--help"], cwd=here, capture_output=True, text=True)
    record_property("seconds", time.perf_counter() - began)  # reported, never judged: machines differ
    assert done.returncode == 0 and "range-test" in done.stdout and "train" in done.stdout

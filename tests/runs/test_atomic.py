"""A file is the old one or the new one, at whatever instant the disk or the process fails."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lrlab.runs import atomic
from lrlab.runs.jsontext import dumps, restore

OLD, NEW = b"old contents", b"new contents" * 1000


def full(*arguments: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "file.bin"
    path.write_bytes(OLD)
    return path


def test_replaces_contents(target: Path) -> None:
    atomic.write_atomic(target, NEW)
    assert target.read_bytes() == NEW
    atomic.write_atomic(target, "α β\n")
    assert target.read_text(encoding="utf-8") == "α β\n"
    assert os.listdir(target.parent) == [target.name]


@pytest.mark.parametrize("point", ["fsync", "replace"])
def test_failure_keeps_the_old_and_leaves_nothing(target: Path, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, point, full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_atomic(target, NEW)
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == [target.name]


def test_an_exception_inside_the_block_keeps_the_old(target: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic.open_atomic(target) as file:
        file.write(NEW)
        raise KeyboardInterrupt
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == [target.name]


def test_a_folder_that_cannot_be_synced_is_no_failure(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", full)  # only the folder is opened by os.open
    atomic.write_atomic(target, NEW)
    assert target.read_bytes() == NEW


def in_child(code: str, path: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, timeout=60, check=False)


KILLED = """
import os, signal, sys
from pathlib import Path
from lrlab.runs.atomic import write_atomic
real = os.{point}
def die(*arguments):
    if {after}: real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
os.{point} = die
write_atomic(Path(sys.argv[1]), b"new contents" * 1000)
"""


@pytest.mark.parametrize(
    ("point", "after", "expected"),
    [("fsync", False, OLD), ("fsync", True, OLD), ("replace", False, OLD), ("replace", True, NEW)],
)
def test_killed_at_each_point(target: Path, point: str, after: bool, expected: bytes) -> None:
    done = in_child(KILLED.format(point=point, after=after), target)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == expected


LIMITED = """
import resource, signal, sys
from pathlib import Path
from lrlab.runs.atomic import write_atomic
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    {write}
except OSError as error:
    sys.exit(9)
"""


def test_full_disk_keeps_the_old(target: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096
    done = in_child(LIMITED.format(write="write_atomic(Path(sys.argv[1]), b'x' * 10000)"), target)
    assert done.returncode == 9, done.stderr
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == [target.name]


def test_a_plain_write_would_destroy_it(target: Path) -> None:
    """Negative control for the test above."""
    done = in_child(LIMITED.format(write="Path(sys.argv[1]).write_bytes(b'x' * 10000)"), target)
    assert done.returncode == 9, done.stderr
    assert target.read_bytes() != OLD


def test_json_survives_non_finite_values(tmp_path: Path) -> None:
    value = {"loss": [1.5, math.nan, math.inf, -math.inf], "steps": 3, "name": "é", "ok": True, "none": None}
    atomic.write_json(tmp_path / "x.json", value)
    text = (tmp_path / "x.json").read_text(encoding="utf-8")

    def no_bare_words(word: str) -> None:
        raise AssertionError(word)

    strict = json.loads(text, parse_constant=no_bare_words)
    assert strict["loss"] == [1.5, "nan", "inf", "-inf"]
    back = restore(strict)
    assert math.isnan(back["loss"][1])
    assert back["loss"][2:] == [math.inf, -math.inf]
    assert {k: v for k, v in back.items() if k != "loss"} == {k: v for k, v in value.items() if k != "loss"}


@pytest.mark.parametrize("loss", [1.0, math.nan])
def test_json_takes_numpy_and_paths(loss: float) -> None:
    import numpy as np

    value = {"a": np.float32(0.5), "b": np.arange(2), "c": Path("x/y"), "d": (1, 2), "e": np.float64(loss)}
    back = restore(json.loads(dumps(value)))
    assert (back["a"], back["b"], back["c"], back["d"]) == (0.5, [0, 1], "x/y", [1, 2])
    assert back["e"] == loss or math.isnan(loss)
    with pytest.raises(TypeError, match="object has no JSON form"):
        dumps({"a": object(), "loss": loss})

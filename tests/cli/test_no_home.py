"""Fault 42: without a home that can be written, and with nothing written outside `--out`."""

import json
import subprocess
import sys
from pathlib import Path

from on_disk import FAKE

WATCHED = """
import os, sys
written = []

def hear(event, data):
    if event == "open" and isinstance(data[0], str) and data[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        written.append(data[0])
    elif event in ("os.mkdir", "os.rename"):
        written.append(os.fspath(data[0]))

sys.addaudithook(hear)
try:
    from lrlab.cli.app import main
    main(sys.argv[2:])
except SystemExit as end:
    assert not end.code
finally:
    with open(sys.argv[1], "w") as record:
        record.write(os.linesep.join(written[:-1]))
"""


def test_a_training_without_a_home_writes_to_its_run_folder_alone(tmp_path: Path) -> None:
    scratch, here, record = tmp_path / "scratch", tmp_path / "here", tmp_path / "record"
    for folder in (scratch, here):
        folder.mkdir()
    # HOME cannot be made; only what a process needs is in the environment
    environment = {"HOME": "/proc/none", "TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = ":".join(path for path in sys.path if path)
    command = [sys.executable, "-B", "-c", WATCHED, str(record), "train", *FAKE, "--out", "out", "--json"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["run"]).is_dir() and "Traceback" not in done.stderr
    written = [here / name for name in record.read_text().splitlines()]
    inside = [path for path in written if path.is_relative_to(here / "out")]
    assert len(inside) > 10  # the watch sees writes
    # besides: temporary files, and the attempt to make the home
    allowed = (scratch, Path("/proc"), Path("/dev"))
    assert [path for path in written if path not in inside and not any(map(path.is_relative_to, allowed))] == []
    assert [path.name for path in here.iterdir()] == ["out"]
    assert not any(path.is_file() for path in scratch.rglob("*"))  # matplotlib's font list, for want of a home: gone

"""Faults 16 and 17, with a real SIGKILL: at every fault point of a checkpoint write, and at any instant."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trainings import same, spec_of, train

from forked import Forked
from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.track.jsonl import read_rows

OVERRIDES = ("train.checkpoint.every=3", "train.validate_every=100")
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from trainings import spec_of, train
from lrlab.engine import faultpoint

left, options = 0, sys.argv[3:]
train(spec_of(*options), None)  # every import and the images, once for all children

def pull_the_plug(name):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

for run in range(10**6):
    folder = Path(sys.argv[2], str(run))
    pid = os.fork()  # one thread, so nothing is held by another
    if pid == 0:
        faultpoint.hook, left = pull_the_plug, run + 1
        train(spec_of(*options), folder)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        break  # a run with fewer fault points than that: all have been visited
    print(run, flush=True)
"""


def test_killed_at_every_fault_point_resume_equals_the_undisturbed_run(tmp_path: Path) -> None:
    spec = spec_of(*OVERRIDES, "train.steps=6")
    straight = train(spec, None)
    arguments = [str(Path(__file__).parent), str(tmp_path), *OVERRIDES, "train.steps=6"]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=True)
    killed = [int(line) for line in done.stdout.split()]
    assert len(killed) == 5 * 4  # five points each: initial, step 3, best at 6, step 6
    whole = {run: len(CheckpointStore(tmp_path / str(run)).steps()) for run in killed}
    assert set(whole.values()) == {0, 1, 2}
    for run in (run for run, count in whole.items() if count):
        resumed = train(spec, tmp_path / str(run), resume=True)
        assert same(resumed.state, straight.state) and resumed.metrics == straight.metrics


LONG = (
    "train", "data.name=fake", "data.batch_size=16", "data.crop=1", "model.width=8", "model.depth=2",
    "model.dropout=0.2", "train.steps=900", "train.validate_every=50", "train.checkpoint.every=20",
    "train.log_every=3", "-q",
)  # fmt: skip


@pytest.mark.slow
def test_killed_at_random_instants_until_it_is_through(tmp_path: Path) -> None:
    whole, chased, chance = tmp_path / "whole", tmp_path / "chased", random.Random(0)
    for folder in (whole, chased):
        folder.mkdir()
    for kills in range(3):
        last = kills == 2
        process = start(chased, *(["--resume"] if kills else []))
        seen = written(chased)
        while not last and process.poll() is None and written(chased) == seen:  # until its first write
            time.sleep(0.005)
        if not last:
            time.sleep(chance.uniform(0.0, 0.3))
            assert process.poll() is None, "too quick to be killed: make it longer"
            process.send_signal(signal.SIGKILL)
        assert process.wait(240) == (0 if last else -signal.SIGKILL)
    assert start(whole).wait(240) == 0
    ends = []
    for folder in (whole, chased):
        (trial,) = folder.glob("runs/train/2*/trials/*")
        state = load_checkpoint(CheckpointStore(trial / "checkpoints").steps()[-1])
        ends.append((state["model"], state["optimizer"], read_rows(trial / "metrics.jsonl")))
    assert same(*ends)


def start(folder: Path, *more: str) -> Forked:
    return Forked([*LONG, *more], folder, os.environ, {"stdout": os.devnull, "stderr": os.devnull})


def written(folder: Path) -> set[Path]:
    return set(folder.glob("runs/train/2*/trials/*/checkpoints/*"))

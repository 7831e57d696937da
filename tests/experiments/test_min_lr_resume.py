"""A search that is stopped goes on where it was: no trial twice, the same answer."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from planted import HOLD, Asked, Curve, Planted, answer, climbing, config_of, exploding, reaching

from lrlab.experiments.min_lr.experiment import FindMinLr
from lrlab.launch.driver import Driver
from lrlab.launch.history import History
from lrlab.launch.serial import Serial
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.runs.journal import Journal


def eventful(a: Asked) -> list[float]:
    """A shut gate, a NaN on a later seed, a loser, a failed seed, and a winner that breaks in the hold."""
    if a.max_lr > 0.3 or (a.max_lr > 0.2 and a.seed == 4):
        return exploding(a)
    if (a.ratio, a.seed) == (0.3, 1):
        return [*reaching(29.0)[:9], float("inf")]
    losses = reaching({0.1: 30.5, 0.13: 26.5, 0.2: 20.5, 0.25: 55.5, 0.3: 20.5}[a.ratio] + a.seed, a.up + a.hold)
    return [*losses[:-HOLD], *[float("nan")] * HOLD] if a.ratio == 0.2 and a.seed == 2 else losses


def ramps(a: Asked) -> list[float]:
    shortest = {0.1: 20, 0.13: 22, 0.2: 9, 0.25: 15, 0.3: 40}[a.ratio] + a.seed
    return reaching(30.0, a.up + a.hold) if a.up >= shortest and a.max_lr < 0.4 else climbing(a)


RATIOS = (0.1, 0.13, 0.2, 0.25, 0.3)
SEARCHES = {
    "time-to-target": (eventful, {"ratios": RATIOS, "auto_shrink": True, "confirm": True}),
    "stable-ramp": (ramps, {"ratios": RATIOS, "auto_shrink": True, "method": "stable-ramp"}),
}
each_search = pytest.mark.parametrize("search", SEARCHES)


def run(path: Path, curve: Curve, wanted: dict[str, Any]) -> tuple[dict[str, Any], Counter[str]]:
    """The answer of a run with this journal, and how often each trial was run in this sitting."""
    planted = Planted(curve)
    finding, _ = Driver(FindMinLr.from_config(config_of(**wanted)), Serial(planted), Journal(path)).run()
    return finding.to_json(), Counter(spec.id for spec in planted.asked)


def finished(path: Path) -> set[str]:
    return set(History.of(Journal(path).read()).done)


@each_search
def test_cut_after_lines_of_the_journal_and_in_the_middle_of_some(search: str, tmp_path: Path) -> None:
    curve, wanted = SEARCHES[search]
    straight, once = run(tmp_path / "straight", curve, wanted)
    assert straight["decisive"] and straight["ratio"] == pytest.approx(0.13 if search == "time-to-target" else 0.2)
    assert set(once.values()) == {1}
    lines = (tmp_path / "straight").read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut"
    for n, kept in enumerate(range(0, len(lines), len(lines) // 6)):
        torn = len(lines[kept]) // 2 if n % 2 else 0
        cut.write_bytes(b"".join(lines[:kept]) + lines[kept][:torn])
        before = finished(cut)
        found, again = run(cut, curve, wanted)
        assert found == straight
        assert set(again.values()) <= {1} and not before & again.keys()
        assert before | again.keys() == once.keys()
        cut.unlink()


@each_search
def test_any_results_ask_for_the_trials_that_came_next(search: str) -> None:
    """Replay with nothing but the results, in whatever order they arrived within a round, and through JSON."""
    curve, wanted = SEARCHES[search]
    planted, experiment = Planted(curve), FindMinLr.from_config(config_of(**wanted))
    results: list[TrialResult] = []
    while specs := experiment.propose(results):
        early = [TrialResult.from_json(json.loads(json.dumps(r.to_json()))) for r in results]
        assert [s.id for s in experiment.propose(early)] == [s.id for s in specs]
        assert [s.id for s in experiment.propose([*results, *map(planted, specs[:-1])])] == [s.id for s in specs]
        results += map(planted, specs)
    assert len(results) > 30


def test_negative_control_another_curve_asks_for_other_trials(tmp_path: Path) -> None:
    """What is compared above can differ: the trials hang on the results."""
    curve, wanted = SEARCHES["time-to-target"]
    _, once = run(tmp_path / "one", curve, wanted)
    _, other = run(tmp_path / "other", lambda a: reaching(30.5 + a.seed, a.up + a.hold), wanted)
    assert once.keys() != other.keys()
    # and without its journal a run does everything again
    _, again = run(tmp_path / "fresh", curve, wanted)
    assert once == again


def test_a_trial_says_all_that_decides_it() -> None:
    """Other targets, caps and lengths are other trials; a target of 0 is one too, and all survive JSON."""
    config = config_of()
    specs = [
        TrialSpec("find-min-lr", 0, config, sweep=True, climb=True, **more)
        for more in ({}, {"target": 0.0}, {"target": 0.5}, {"cap": 7}, {"target": 0.5, "cap": 7})
    ]
    assert len({spec.id for spec in specs}) == len(specs)
    assert [TrialSpec.from_json(json.loads(json.dumps(s.to_json()))) for s in specs] == specs
    plain = TrialSpec("train", 0, config)
    assert not {"climb", "target", "cap"} & plain.to_json().keys()


def test_the_order_of_the_candidates_as_written_does_not_matter() -> None:
    one, other = (answer(eventful, ratios=ratios, auto_shrink=True).to_json() for ratios in (RATIOS, RATIOS[::-1]))
    assert one == other


KILLED = """
import json, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from lrlab.config.load import load_config
from lrlab.experiments.min_lr.experiment import FindMinLr
from lrlab.launch import sweep
from lrlab.launch.session import RunOptions, execute
from lrlab.runs.journal import Journal

root, overrides = Path(sys.argv[1]), sys.argv[2:]
loaded = load_config(None, overrides)

def search(where, resume=None, die_at=None, after=True):
    options = RunOptions(where, resume, quiet=True)
    count, append = 0, Journal.append
    def counted(self, *events):
        nonlocal count
        count += 1
        if count == die_at and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        append(self, *events)
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
    Journal.append = counted
    execute(FindMinLr.from_config(loaded.config.model_dump(mode="json")), loaded, options)

def fork(*arguments, **options):
    pid = os.fork()
    if pid == 0:
        search(*arguments, **options)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

from lrlab.launch.assemble import assemble
# images and imports, once for all
assemble(FindMinLr.from_config(loaded.config.model_dump(mode="json")).propose([])[0])
codes = [fork(root / "straight")]
for die_at, after in ((3, True), (5, False), (6, True)):
    codes.append(fork(root / "killed", resume="auto" if codes[1:] else None, die_at=die_at, after=after))
codes.append(fork(root / "killed", resume="auto"))
print(json.dumps(codes))
"""
SMALL = (
    "data.batch_size=64", "model.width=8", "model.depth=2", "find_min_lr.max_lr=1",
    "find_min_lr.steps=14", "find_min_lr.hold=7", "find_min_lr.seeds=3", "find_min_lr.gate_seeds=2",
    "find_min_lr.ratios=[0.1, 0.15, 0.3]", "train.threads=1",
)  # fmt: skip


def test_killed_three_times_and_resumed_equals_the_undisturbed_run(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), *SMALL]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [0, -9, -9, -9, 0]
    (straight,), (killed,) = (list((tmp_path / which).glob("find-min-lr/2*")) for which in ("straight", "killed"))
    one, other = (json.loads((folder / "result.json").read_text())["answer"] for folder in (straight, killed))
    assert timeless(one) == timeless(other) and one["min_lr"] is not None
    ids = [e["result"]["id"] for e in Journal(killed / "journal.jsonl").read() if e["event"] == "done"]
    assert len(ids) == len(set(ids)) and set(ids) == finished(straight / "journal.jsonl")


def timeless(value: Any) -> Any:
    """Without the seconds, which no two runs share."""
    if isinstance(value, dict):
        return {key: timeless(v) for key, v in value.items() if key != "seconds"}
    return [timeless(v) for v in value] if isinstance(value, list) else value

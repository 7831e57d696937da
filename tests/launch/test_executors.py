"""One contract for every executor: the same results, the same treatment of trials that go wrong."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from trial_faults import Faulty, Grid, Race, honest, specs_of

from lrlab.errors import DataError, ExitCode, LrlabError
from lrlab.launch.driver import Driver, TrialsStoppedError
from lrlab.launch.executor import Executor, TrialError
from lrlab.launch.pool import Limits, Pool
from lrlab.launch.progress import Console, Overview
from lrlab.launch.serial import Serial
from lrlab.runs.folder import RunPaths
from lrlab.runs.journal import Journal

Make = Callable[..., Executor]


@pytest.fixture
def watch(tmp_path: Path) -> Overview:
    return Overview(RunPaths(tmp_path), 5, quiet=True)


@pytest.fixture(params=["serial", "pool of 1", "pool of 3"])
def make(request: pytest.FixtureRequest, tmp_path: Path, watch: Overview) -> Iterator[Make]:
    """Makes the executor under test; closes it afterwards."""
    made: list[Executor] = []

    def executor() -> Executor:
        work = Faulty(tmp_path / "log")
        if request.param == "serial":
            made.append(Serial(work.prepare(Console(RunPaths(tmp_path), quiet=True), lambda: False)))
        else:
            made.append(Pool(int(request.param[-1]), work, watch=watch))
        return made[-1]

    yield executor
    for one in made:
        one.close()


@pytest.fixture
def pool(tmp_path: Path, watch: Overview) -> Iterator[Callable[..., Pool]]:
    made: list[Pool] = []

    def start(jobs: int = 2, **options: Any) -> Pool:
        made.append(Pool(jobs, Faulty(tmp_path / "log"), watch=watch, **options))
        return made[-1]

    yield start
    for one in made:
        one.close()


def attempts(folder: Path) -> list[str]:
    return (folder / "log").read_text().split()


def texts(results: Any) -> list[str]:
    """Compared as text, in which nan equals itself and every bit of a float counts."""
    return [repr(result.to_json()) for result in results]


def test_results_are_the_trials_own_to_the_bit_and_in_the_order_proposed(make: Make) -> None:
    specs = specs_of("slow", "none", "none", "none", "slow", "none")
    answer, results = Driver(Grid(specs), make()).run()
    assert texts(results) == texts(map(honest, specs)) == texts(answer.results)
    assert texts(results) != texts(map(honest, specs_of(*["none"] * 5, "slow")))  # the comparison sees a difference


def test_an_experiment_that_looks_at_results_asks_the_same_next(make: Make, tmp_path: Path) -> None:
    _, results = Driver(Race(), make()).run()
    twin, wanted = Driver(Race(), Serial(Faulty(tmp_path / "twin").prepare(None, lambda: False))).run()
    assert texts(results) == texts(wanted) and len(results) == 7
    assert texts(twin.results) == texts(wanted)


def test_a_hundred_trials_that_do_nothing(make: Make) -> None:
    specs = specs_of(*["none"] * 100)
    assert texts(Driver(Grid(specs), make()).run()[1]) == texts(map(honest, specs))


def test_a_trial_that_raises_is_tried_again_with_the_same_spec_and_then_failed(
    make: Make, tmp_path: Path, watch: Overview, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = specs_of("none", "raise", "none")
    journal = Journal(tmp_path / "journal.jsonl")
    _, results = Driver(Grid(specs), make(), journal, retries=2, watch=watch).run()
    assert [result.status for result in results] == ["completed", "failed", "completed"]
    assert results[1].id == specs[1].id and results[1].reason == "raised"
    assert results[1].notes == ("RuntimeError: boom",) and results[1].metrics == {}
    assert attempts(tmp_path).count(specs[1].id) == 3 and len(attempts(tmp_path)) == 5
    failures = [event for event in journal.read() if event["event"] == "failed"]
    assert [(event["id"], event["attempt"]) for event in failures] == [(specs[1].id, n) for n in (1, 2, 3)]
    kept = (tmp_path / "trials" / specs[1].id / "error.txt").read_text()
    assert kept.count("in _raise") == 3 and "RuntimeError: boom" in kept
    said = capsys.readouterr().err
    assert "seed 1, attempt 1: RuntimeError: boom; once more" in said and "giving it up" in said


def test_a_trial_that_fails_once_ends_like_one_that_never_did(make: Make) -> None:
    specs = specs_of("none", "raise once")
    _, results = Driver(Grid(specs), make(), retries=1).run()
    assert texts(results) == texts(map(honest, specs))


def test_the_users_mistake_ends_the_run_at_once(make: Make, tmp_path: Path) -> None:
    with pytest.raises(LrlabError, match="no such images") as caught:
        Driver(Grid(specs_of("user", "slow", "slow", "slow", "slow")), make(), retries=3).run()
    assert caught.value.exit_code == ExitCode.DATA and caught.value.hint == "get them"
    assert attempts(tmp_path).count(specs_of("user")[0].id) == 1 and len(attempts(tmp_path)) < 5


def test_fail_fast_ends_the_run_with_the_first_that_failed_for_good(make: Make, tmp_path: Path) -> None:
    with pytest.raises((RuntimeError, TrialError), match="boom"):
        Driver(Grid(specs_of("raise", *["slow"] * 8)), make(), retries=1, fail_fast=True).run()
    assert attempts(tmp_path).count(specs_of("raise")[0].id) == 2 and len(attempts(tmp_path)) < 9


@pytest.mark.parametrize(("fault", "code"), [("raise", ExitCode.BUG), ("memory", ExitCode.RESOURCE)])
def test_when_all_fail_there_is_no_answer(make: Make, fault: str, code: ExitCode) -> None:
    with pytest.raises(TrialError, match=r"all 2 trials failed, the last: .*(boom|memory)") as caught:
        Driver(Grid(specs_of(fault, fault)), make()).run()
    assert caught.value.exit_code == code
    assert ("Traceback" in caught.value.message) == (fault == "raise")


def test_what_the_journal_holds_is_not_run_again_but_what_failed_is(make: Make, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    specs = specs_of("none", "raise once", "none", "none")
    Driver(Grid(specs[:3]), make(), Journal(journal), retries=0).run()
    assert len(attempts(tmp_path)) == 3
    with journal.open("ab") as file:
        file.write(b'{"event": "do')  # killed while writing
    _, results = Driver(Grid(specs), make(), Journal(journal)).run()
    assert sorted(attempts(tmp_path)[3:]) == sorted([specs[1].id, specs[3].id])
    assert texts(results) == texts(map(honest, specs))


def test_a_spec_proposed_twice_is_run_once(make: Make, tmp_path: Path) -> None:
    (spec,) = specs_of("none")
    _, results = Driver(Grid([spec, spec]), make()).run()
    assert len(results) == 2 and attempts(tmp_path) == [spec.id]


def test_what_a_trial_says_reaches_the_listener(pool: Any, watch: Overview, capfd: Any) -> None:
    executor = pool(1)
    Driver(Grid(specs_of("speak")), executor, watch=watch).run()
    assert watch.lost_sinks == ["a sink"]
    out, err = capfd.readouterr()
    assert out == "" and "stray words" in err and "a warning" in err  # stdout is for the answer


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("die", r"its process was ended by SIGKILL \(out of memory\?\)"), ("exit", "its process ended with exit code 3")],
)
def test_a_worker_that_dies_costs_an_attempt_and_not_the_others(pool: Any, fault: str, reason: str) -> None:
    _, once = Driver(Grid(specs_of("none", f"{fault} once", "none", "none")), pool(), retries=1).run()
    assert texts(once) == texts(map(honest, specs_of("none", f"{fault} once", "none", "none")))
    _, always = Driver(Grid(specs_of("none", fault, "none")), pool(), retries=1).run()
    assert [result.status for result in always] == ["completed", "failed", "completed"]
    assert always[1].reason == "lost" and re.fullmatch(reason, always[1].notes[0])


def test_a_trial_that_hangs_is_broken_off_at_its_time_limit(pool: Any, tmp_path: Path) -> None:
    specs = specs_of("hang", "none", "hang once", "none")
    _, results = Driver(Grid(specs), pool(limits=Limits(timeout=1.0)), retries=1).run()
    assert [result.status for result in results] == ["failed", "completed", "completed", "completed"]
    assert results[0].reason == "timeout" and results[0].notes == ("not done after 1 s, its time limit",)
    assert attempts(tmp_path).count(specs[0].id) == 2


def test_only_the_trials_own_time_counts(pool: Any) -> None:
    """The start of a process, seconds with torch, is not held against the trial."""
    specs = specs_of("slow", "slow", "slow")
    _, results = Driver(Grid(specs), pool(1, limits=Limits(timeout=1.2))).run()
    assert [result.status for result in results] == ["completed"] * 3


def test_all_timed_out_is_no_answer_and_all_killed_is_a_matter_of_resources(pool: Any) -> None:
    with pytest.raises(TrialError) as caught:
        Driver(Grid(specs_of("hang")), pool(limits=Limits(timeout=0.3))).run()
    assert caught.value.exit_code == ExitCode.NO_ANSWER
    with pytest.raises(TrialError) as caught:
        Driver(Grid(specs_of("die")), pool()).run()
    assert caught.value.exit_code == ExitCode.RESOURCE


def test_asked_to_stop_trials_finish_their_step_and_nothing_more_begins(pool: Any, tmp_path: Path) -> None:
    def asked() -> bool:
        return (tmp_path / "log").exists() and len(attempts(tmp_path)) >= 2

    executor = pool(stop_asked=asked)
    with pytest.raises(TrialsStoppedError) as caught:
        Driver(Grid(specs_of("wait", "wait", "none")), executor, stop_asked=asked, retries=1).run()
    assert sorted(spec.seed for spec, _ in caught.value.saved) == [0, 1] and caught.value.lost == ()
    assert len(attempts(tmp_path)) == 2


def test_who_does_not_stop_within_the_grace_is_broken_off(pool: Any, tmp_path: Path) -> None:
    def asked() -> bool:
        return (tmp_path / "log").exists() and len(attempts(tmp_path)) >= 2

    began = time.monotonic()
    executor = pool(stop_asked=asked, limits=Limits(grace=1.0))
    with pytest.raises(TrialsStoppedError) as caught:
        Driver(Grid(specs_of("hang", "wait")), executor, stop_asked=asked).run()
    assert [spec.seed for spec in caught.value.lost] == [0] and [spec.seed for spec, _ in caught.value.saved] == [1]
    assert time.monotonic() - began < 30


def test_closing_leaves_no_process(pool: Any) -> None:
    executor = pool(3)
    for spec in specs_of("hang", "hang", "hang"):
        executor.submit(spec)
    processes = [worker.process.pid for worker in executor._workers]
    assert len(processes) == 3
    executor.close()
    executor.close()
    for pid in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_slot_sees_its_threads_and_its_gpu_before_torch_is_imported(
    pool: Any, watch: Overview, capsys: pytest.CaptureFixture[str]
) -> None:
    environments = [{"OMP_NUM_THREADS": "3", "CUDA_VISIBLE_DEVICES": gpu} for gpu in ("5", "7")]
    executor = pool(2, environments=environments)
    for spec in specs_of("environment", "environment"):
        executor.submit(spec)
    ended = list(executor.completed())
    while len(ended) < 2:
        ended += executor.completed()
    assert sorted(capsys.readouterr().err.split("\n"))[1:] == ["3 5 False", "3 7 False"]


ORPHANS = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from trial_faults import Faulty, specs_of
from lrlab.launch.pool import Limits, Pool

if __name__ == "__main__":
    pool = Pool(2, Faulty(Path(sys.argv[1])), limits=Limits(grace=1.0))
    for spec in specs_of("wait", "hang"):
        pool.submit(spec)
    print(*(worker.process.pid for worker in pool._workers), flush=True)
    pool.completed()
"""


def test_workers_end_soon_after_their_parent_was_killed(tmp_path: Path) -> None:
    """One finishes its step, one hangs and is ended by the grace."""
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS.format(tests=str(Path(__file__).parent)))
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, str(script), str(log)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        deadline = time.monotonic() + 60
        while not (log.exists() and len(log.read_text().split()) == 2):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        parent.kill()
    assert len(pids) == 2
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, "orphans"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_serial_lets_ctrl_c_through(tmp_path: Path) -> None:
    def run(spec: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Driver(Grid(specs_of("none")), Serial(run), retries=5).run()


def test_live_trials_raise_what_they_raised() -> None:
    from lrlab.launch.experiment import drive

    def run(spec: Any) -> Any:
        raise DataError("mine")

    with pytest.raises(DataError, match="mine"):
        drive(Grid(specs_of("none")), run)

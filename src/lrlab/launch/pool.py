"""Trials at once: worker processes that live as long as the run, each fed one trial after the other.

Own processes and pipes, since `concurrent.futures.ProcessPoolExecutor` gives up as a whole when one worker is
killed. They are spawned, not forked: a fork inherits the locks of threads and cannot use CUDA.
"""

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from lrlab.engine.interrupt import SIGNALS
from lrlab.launch.executor import Ended, Failure
from lrlab.launch.progress import Overview
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.worker import STOP, Work, serve

_POLL = 0.2  # seconds between two looks at the clock and at the user's wish to stop


@dataclass
class _Worker:
    """A process and what it is at; `deadline` is there from the moment its trial begins."""

    process: BaseProcess
    connection: Connection
    slot: int
    spec: TrialSpec | None = None
    deadline: float | None = None


@dataclass(frozen=True)
class Limits:
    """Seconds a trial may take, and seconds it has to finish its step and save once it is asked to stop."""

    timeout: float | None = None
    grace: float = 20.0


class Pool:
    """Runs up to `jobs` trials at once.

    A worker is started when a trial needs it, and replaced after a failure: an exception may leave a process
    damaged (CUDA), and a trial that is lost or overdue takes its process with it.

    Args:
        work: what the workers do with a spec.
        environments: variables of each slot, set before torch is imported; slot i takes number i modulo their count.
        stop_asked: whether the user has asked to stop; then every trial finishes its step and saves.
        watch: hears the progress.
    """

    def __init__(
        self,
        jobs: int,
        work: Work,
        *,
        environments: Sequence[Mapping[str, str]] = ({},),
        limits: Limits | None = None,
        stop_asked: Callable[[], bool] = lambda: False,
        watch: Overview | None = None,
    ) -> None:
        self.slots = jobs
        self._work, self._environments, self._limits = work, environments, limits or Limits()
        self._stop_asked, self._watch = stop_asked, watch
        self._workers: list[_Worker] = []
        self._patience: float | None = None  # until when trials may take to stop

    def submit(self, spec: TrialSpec) -> None:
        """Hand the trial to an idle worker, or to a new one."""
        idle = [worker for worker in self._workers if worker.spec is None]
        worker = idle[0] if idle else self._start()
        worker.spec = spec
        with contextlib.suppress(OSError):  # it died in its sleep; `completed` will see that
            worker.connection.send(spec.to_json())

    def completed(self) -> list[Ended]:
        """Wait for a trial to end, to be lost, or to overrun."""
        assert any(worker.spec for worker in self._workers), "nothing was submitted"
        ended: list[Ended] = []
        while not ended:
            self._pass_on_the_wish_to_stop()
            ready = wait([worker.connection for worker in self._workers], timeout=_POLL)
            for worker in [worker for worker in self._workers if worker.connection in ready]:
                ended += self._read(worker)
            ended += self._overdue()
        return ended

    def close(self) -> None:
        """Kill the workers. An idle one has nothing to lose; of the others the last checkpoint is whole."""
        for worker in tuple(self._workers):
            self._drop(worker)

    def _start(self) -> _Worker:
        taken = {worker.slot for worker in self._workers}
        slot = next(slot for slot in range(self.slots) if slot not in taken)
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        environment = dict(self._environments[slot % len(self._environments)])
        process = context.Process(target=serve, args=(theirs, self._work, environment, self._limits.grace))
        # Blocked signals stay blocked in the child until it has said how it takes them.
        former = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        theirs.close()  # so that the pipe ends when the worker does
        worker = _Worker(process, ours, slot)
        self._workers.append(worker)
        return worker

    def _read(self, worker: _Worker) -> list[Ended]:
        """Take in what a worker says; an end of the pipe is its death."""
        try:
            what, value = worker.connection.recv()
        except (EOFError, OSError):
            return self._end(worker, Failure.without_error("lost", self._obituary(worker)))
        if what == "ended":
            outcome = _outcome(value)
            if isinstance(outcome, Failure):
                return self._end(worker, outcome)
            spec, worker.spec, worker.deadline = worker.spec, None, None
            assert spec is not None
            return [Ended(spec, outcome)]
        if what == "began":
            timeout = self._limits.timeout
            worker.deadline = None if timeout is None else time.monotonic() + timeout
        elif self._watch is not None and worker.spec is not None:
            self._tell(self._watch, worker.spec, what, value)
        return []

    def _tell(self, watch: Overview, spec: TrialSpec, what: str, value: Any) -> None:
        match what:
            case "step":
                watch.step(spec.id, *value)
            case "say":
                watch.say(value)
            case "warn":
                watch.warn(value)
            case "lost":
                watch.lost(value)

    def _overdue(self) -> list[Ended]:
        now, ended = time.monotonic(), list[Ended]()
        for worker in [worker for worker in self._workers if worker.spec is not None]:
            if worker.deadline is not None and now > worker.deadline:
                sentence = f"not done after {self._limits.timeout:g} s, its time limit"
                ended += self._end(worker, Failure.without_error("timeout", sentence))
            elif self._patience is not None and now > self._patience:
                sentence = f"did not stop within {self._limits.grace:g} s"
                ended += self._end(worker, Failure.without_error("lost", sentence))
        return ended

    def _pass_on_the_wish_to_stop(self) -> None:
        if self._patience is not None or not self._stop_asked():
            return
        self._patience = time.monotonic() + self._limits.grace
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead already
                worker.connection.send(STOP)

    def _end(self, worker: _Worker, failure: Failure) -> list[Ended]:
        spec = worker.spec
        self._drop(worker)
        return [Ended(spec, failure)] if spec is not None else []

    def _drop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.kill()
        worker.process.join()
        worker.process.close()

    def _obituary(self, worker: _Worker) -> str:
        worker.process.join(1.0)
        code = worker.process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            why = " (out of memory?)" if -code == signal.SIGKILL else ""
            return f"its process was ended by {name}{why}"
        return "its process let go of the pipe" if code is None else f"its process ended with exit code {code}"


def _outcome(data: Mapping[str, Any]) -> TrialResult | Failure:
    return Failure(**data["failure"]) if "failure" in data else TrialResult.from_json(data["result"])

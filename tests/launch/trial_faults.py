"""Trials that go wrong on purpose, in this process or in a worker. Imports no torch: a worker starts in no time."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrlab.errors import DataError, ResourceError
from lrlab.launch.spec import TrialResult, TrialSpec


@dataclass(frozen=True)
class Faulty:
    """Work whose trials do what the `fault` in their config says; every attempt leaves a line in `log`."""

    log: Path

    def prepare(self, listener: Any, interrupted: Callable[[], bool]) -> Callable[[TrialSpec], TrialResult]:
        def run(spec: TrialSpec) -> TrialResult:
            with self.log.open("a") as file:
                file.write(f"{spec.id}\n")
            attempt = self.log.read_text().splitlines().count(spec.id)
            fault, _, when = str(spec.config["fault"]).partition(" ")
            if when != "once" or attempt == 1:
                FAULTS[fault](listener)
            if fault == "wait" and interrupted_in_time(interrupted):
                return TrialResult(spec.id, spec.seed, "interrupted", "interrupted", 5)
            return honest(spec)

        return run


def honest(spec: TrialSpec) -> TrialResult:
    """A result that depends on the seed to the last bit, a non-finite number in it."""
    draw = random.Random(spec.seed)
    series = {"lr": [draw.random() for _ in range(5)], "loss": [draw.random(), float("nan"), float("inf")]}
    return TrialResult(spec.id, spec.seed, "completed", "end", 5, {"best_loss": draw.random()}, series)


def interrupted_in_time(interrupted: Callable[[], bool], patience: float = 20.0) -> bool:
    deadline = time.monotonic() + patience
    while not interrupted() and time.monotonic() < deadline:
        time.sleep(0.01)
    return interrupted()


def _raise(error: Exception) -> None:
    raise error


def _kill(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


FAULTS: dict[str, Callable[[Any], object]] = {
    "none": lambda listener: None,
    "wait": lambda listener: None,
    "raise": lambda listener: _raise(RuntimeError("boom")),
    "memory": lambda listener: _raise(ResourceError("out of memory", hint="smaller batches")),
    "user": lambda listener: _raise(DataError("no such images", hint="get them")),
    "slow": lambda listener: time.sleep(0.5),
    "hang": lambda listener: time.sleep(600),
    "exit": lambda listener: os._exit(3),
    "die": lambda listener: _kill(signal.SIGKILL),
    "speak": lambda listener: (print("stray words"), listener.warn("a warning"), listener.lost("a sink")),
    "environment": lambda listener: listener.warn(
        f"{os.environ.get('OMP_NUM_THREADS')} {os.environ.get('CUDA_VISIBLE_DEVICES')} {'torch' in sys.modules}"
    ),
}


def specs_of(*faults: str) -> list[TrialSpec]:
    return [TrialSpec("test", seed, {"fault": fault}) for seed, fault in enumerate(faults)]


@dataclass(frozen=True)
class Answer:
    """All results, as they came."""

    results: tuple[TrialResult, ...]
    headline: str = "done"

    def to_json(self) -> dict[str, Any]:
        return {"results": [result.to_json() for result in self.results]}


@dataclass(frozen=True)
class Grid:
    """All trials at once."""

    specs: Sequence[TrialSpec]
    name: str = "test"

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        return [] if results else self.specs

    def conclude(self, results: Sequence[TrialResult]) -> Answer:
        return Answer(tuple(results))


@dataclass(frozen=True)
class Race:
    """Four candidates, slower the earlier; after each round the better half goes on with new seeds."""

    name: str = "race"

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        rounds = [results[:4], results[4:6], results[6:7]]
        done = [part for part in rounds if part]
        if len(done) == 3:
            return []
        if not done:
            return specs_of("slow", "none", "slow", "none")
        best = sorted(done[-1], key=lambda r: r.metrics["best_loss"])[: len(done[-1]) // 2]
        return [TrialSpec("test", 10 * len(done) + result.seed, {"fault": "none"}) for result in best]

    def conclude(self, results: Sequence[TrialResult]) -> Answer:
        return Answer(tuple(results))

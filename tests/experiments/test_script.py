"""Stories: what they ask for depends on what they have heard, and on nothing else."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import pytest

from lrlab.experiments.script import Scripted, recorded, told
from lrlab.launch.experiment import drive
from lrlab.launch.spec import TrialResult, TrialSpec


def spec(number: int) -> TrialSpec:
    return TrialSpec("story", number, {"number": number})


def result(asked: TrialSpec) -> TrialResult:
    return TrialResult(asked.id, asked.seed, "completed", "end", 1, {"value": float(asked.seed) ** 2})


@dataclass(frozen=True)
class Sum:
    """The answer of a story."""

    values: tuple[float, ...]
    headline: str = "sum"

    def to_json(self) -> dict[str, object]:
        return {"values": list(self.values)}


@dataclass(frozen=True)
class Collatz(Scripted):
    """Goes on from each number to two more, as long as what it hears is odd; one round asks for nothing."""

    start: int
    name: str = "collatz"

    def story(self) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Sum]:
        heard: list[float] = []
        number = self.start
        while True:
            first, second = yield [spec(number), spec(number + 1)]
            nothing = yield []
            assert not nothing
            heard += [first.metrics["value"], second.metrics["value"]]
            if first.metrics["value"] % 2 == 0 or len(heard) > 8:
                return Sum(tuple(heard))
            number += 2


@dataclass(frozen=True)
class Both(Scripted):
    """Stories made of stories."""

    name: str = "both"

    def story(self) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Sum]:
        log: list[TrialResult] = []
        one = yield from told(Collatz(2))
        two = yield from recorded(Collatz(5).story(), log)
        assert [r.metrics["value"] for r in log] == list(two.values)
        return Sum((*one.values, *two.values))


def test_a_story_asks_hears_and_ends() -> None:
    finding, results = drive(Both(), result)
    assert [r.seed for r in results] == [2, 3, *range(5, 15)]
    assert finding == Sum(tuple(float(r.seed) ** 2 for r in results))


def test_every_prefix_of_whole_rounds_asks_for_what_came_next() -> None:
    _, results = drive(Both(), result)
    for heard in range(0, len(results), 2):
        assert [s.seed for s in Both().propose(results[:heard])] == [r.seed for r in results[heard : heard + 2]]
    assert Both().propose(results) == []


def test_half_a_round_is_asked_for_again() -> None:
    _, results = drive(Both(), result)
    assert [s.seed for s in Both().propose(results[:3])] == [5, 6]


def test_an_answer_before_the_end_is_refused() -> None:
    _, results = drive(Both(), result)
    with pytest.raises(AssertionError, match="before the end"):
        Both().conclude(results[:-2])

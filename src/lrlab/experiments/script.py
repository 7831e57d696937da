"""An experiment told as a story: a generator that asks for trials, gets their results, and returns the answer.

What `propose` is asked is answered by telling the story again with the results so far, so an experiment that takes
many turns reads from top to bottom and still is a pure function of its results: killed and resumed, it goes the same
way. Stories are made of stories by `yield from`.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any

from lrlab.launch.experiment import Experiment, Finding
from lrlab.launch.spec import TrialResult, TrialSpec

Story = Generator[Sequence[TrialSpec], Sequence[TrialResult], Any]


class Scripted(ABC):
    """An experiment whose `story` must be deterministic: the same results, the same trials."""

    name: str

    @abstractmethod
    def story(self) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Finding]:
        """Yields the trials to run, each time; is sent their results in that order; returns the answer."""

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        """The trials that the story asks for once it has heard `results`."""
        return _tell(self.story(), results)[0]

    def conclude(self, results: Sequence[TrialResult]) -> Finding:
        """The answer that the story ends with."""
        specs, finding = _tell(self.story(), results)
        assert not specs and finding is not None, "asked for an answer before the end of the story"
        return finding


def told(experiment: Experiment) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Any]:
    """Another experiment as a part of a story; returns its finding."""
    results: list[TrialResult] = []
    while specs := experiment.propose(results):
        results += yield specs
    return experiment.conclude(results)


def recorded(
    story: Generator[Sequence[TrialSpec], Sequence[TrialResult], Any], log: list[TrialResult]
) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Any]:
    """The same story; every result it hears is added to `log`."""
    try:
        specs = next(story)
        while True:
            results = yield specs
            log += results
            specs = story.send(results)
    except StopIteration as end:
        return end.value


def _tell(
    story: Generator[Sequence[TrialSpec], Sequence[TrialResult], Finding], results: Sequence[TrialResult]
) -> tuple[Sequence[TrialSpec], Finding | None]:
    """What it asks for next, and nothing; or nothing, and how it ends."""
    try:
        specs = next(story)
        while len(results) >= len(specs):
            heard, results = results[: len(specs)], results[len(specs) :]
            specs = story.send(heard)
    except StopIteration as end:
        return [], end.value
    return specs, None

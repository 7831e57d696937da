"""The seam between a question and the trials that answer it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.runs.journal import Journal


class Finding(Protocol):
    """An answer as plain data."""

    @property
    def headline(self) -> str:
        """The answer in one line."""

    def to_json(self) -> dict[str, Any]:
        """Everything, with stable keys."""


class Experiment(Protocol):
    """A question: it proposes trials until it knows enough, and concludes."""

    @property
    def name(self) -> str:
        """What the command is called."""

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        """The trials to run next, given the results so far; none when it knows enough."""

    def conclude(self, results: Sequence[TrialResult]) -> Finding:
        """The answer."""


def drive(
    experiment: Experiment, run: Callable[[TrialSpec], TrialResult], journal: Journal | None = None
) -> tuple[Finding, list[TrialResult]]:
    """Ask, run, ask again; in this process, one trial after the other.

    With a journal every finished trial is on disk before the next begins, and one that is there is not run again.
    """
    finished = _finished(journal)
    results: list[TrialResult] = []
    while specs := experiment.propose(results):
        for spec in specs:
            result = finished.get(spec.id)
            if result is None:
                _note(journal, {"event": "proposed", "spec": spec.to_json()})
                result = run(spec)
                _note(journal, {"event": "done", "result": result.to_json()})
            results.append(result)
    return experiment.conclude(results), results


def _finished(journal: Journal | None) -> dict[str, TrialResult]:
    events = journal.read() if journal is not None else []
    done = [TrialResult.from_json(event["result"]) for event in events if event["event"] == "done"]
    return {result.id: result for result in done}


def _note(journal: Journal | None, event: dict[str, Any]) -> None:
    if journal is not None:
        journal.append(event)

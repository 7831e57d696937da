"""The seam between a question and the trials that answer it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lrlab.launch.driver import Driver
from lrlab.launch.serial import Serial
from lrlab.launch.spec import TrialResult, TrialSpec


class Finding(Protocol):
    """An answer as plain data."""

    @property
    def headline(self) -> str:
        """The answer in one line."""

    def to_json(self) -> dict[str, Any]:
        """Everything, with stable keys."""


class Experiment(Protocol):
    """A question: it proposes trials until it knows enough, and concludes.

    Both methods see the results in the order proposed, however many trials ran at once. Some may be `failed`, with
    neither metrics nor series; not all of them, for then the driver has given up.

    For a plan an experiment may also have `outline`, lines (label, text) on what its trials differ in, and `outlook`, a
    sentence on what it means to propose after them.
    """

    @property
    def name(self) -> str:
        """What the command is called."""

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        """The trials to run next, given the results so far; none when it knows enough."""

    def conclude(self, results: Sequence[TrialResult]) -> Finding:
        """The answer."""


def drive(experiment: Experiment, run: Callable[[TrialSpec], TrialResult]) -> tuple[Finding, list[TrialResult]]:
    """Answer with trials on live objects: here, one after the other, and the first exception ends it."""
    return Driver(experiment, Serial(run), fail_fast=True).run()

"""Progress of trials on stderr: of one, fed by its loop; of many, fed by the processes that run them."""

import contextlib
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self

from lrlab.engine.records import EvalRecord, Observer, SilentObserver, StepRecord
from lrlab.launch.driver import Watch
from lrlab.launch.executor import Failure
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.runs.folder import RunPaths
from lrlab.track.console import ProgressView, progress

_INTERVAL = 0.1  # seconds between updates of the view; a loop of 0.4 ms steps must not feel it
_QUIET = 1.0  # seconds between two lines about validations; the last one and the test always get a line


class StepProgress(SilentObserver):
    """Shows lr, loss, accuracy and ETA ten times a second, and a line per evaluation; a context manager."""

    def __init__(self, label: str, total: int, *, quiet: bool = False) -> None:
        self._view: ProgressView = progress(total, label, quiet=quiet, stream=sys.stderr)
        self._label, self._next, self._next_line = label, 0.0, time.perf_counter() + _QUIET
        self._latest: StepRecord | None = None
        self._unsaid: EvalRecord | None = None  # a validation that came too soon after the line before

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Update the view, if it is time."""
        self._latest = record
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._show()

    def on_evaluation(self, record: EvalRecord, task: Any) -> None:
        """A line above the bar; of validations that follow each other quickly, not every one."""
        now = time.perf_counter()
        if record.split == "val" and now < self._next_line:
            self._unsaid = record
            return
        self._next_line = now + _QUIET
        if record.split == "test":
            self._say_unsaid()
        self._unsaid = None
        self._say(record)

    def _say_unsaid(self) -> None:
        if (record := self._unsaid) is not None:
            self._unsaid = None
            self._say(record)

    def _say(self, record: EvalRecord) -> None:
        accuracy = "" if record.accuracy is None else f", accuracy {100 * record.accuracy:.2f} %"
        self._view.note(f"{self._label}, step {record.step}: {record.split} loss {record.loss:.4f}{accuracy}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say_unsaid()
        self._show()
        self._view.close()

    def _show(self) -> None:
        if (record := self._latest) is not None:
            self._view.update(record.step + 1, lr=record.lr, loss=record.loss, accuracy=record.accuracy)


class Listener(Protocol):
    """What a running trial tells: its progress, and what went wrong without ending it."""

    def progress(self, spec: TrialSpec, total: int) -> AbstractContextManager[Observer]:
        """An observer for a trial of `total` steps, entered while its loop runs."""

    def say(self, text: str) -> None:
        """A remark; not for those who want quiet."""

    def warn(self, text: str) -> None:
        """A line that everybody gets."""

    def lost(self, sentence: str) -> None:
        """A sink gave up."""


class Console(Watch):
    """Tells it all on stderr, for trials that run in this process.

    Attributes:
        quiet: no progress; warnings all the same.
        lost_sinks: what `lost` heard.
    """

    def __init__(self, run: RunPaths, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.lost_sinks: list[str] = []
        self._run = run

    def progress(self, spec: TrialSpec, total: int) -> AbstractContextManager[Observer]:
        """A view of its own."""
        return StepProgress(trial_label(spec), total, quiet=self.quiet)

    def say(self, text: str) -> None:
        """Print it, unless quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Print it."""
        sys.stderr.write(f"{text}\n")

    def lost(self, sentence: str) -> None:
        """Remember it, and warn."""
        self.lost_sinks.append(sentence)
        self.warn(f"warning: {sentence}")

    def failed(self, spec: TrialSpec, failure: Failure, attempt: int, again: bool) -> None:
        """Keep the traceback in the trial's folder, and say what happens now."""
        path = self._run.trial(spec.id) / "error.txt"
        with contextlib.suppress(OSError), path.open("a") as file:  # a full disk may be what befell it
            file.write(f"attempt {attempt}: {failure.message}\n{failure.traceback}\n")
        then = "once more" if again else "giving it up, the others go on"
        self.warn(f"warning: {trial_label(spec)}, attempt {attempt}: {failure.message}; {then}")


class Overview(Console):
    """One bar for all trials of a round, and a line for each that ended.

    Attributes:
        steps: how many a trial is expected to have; the bar counts in them.
    """

    def __init__(self, run: RunPaths, steps: int, *, quiet: bool = False) -> None:
        super().__init__(run, quiet=quiet)
        self._steps = steps
        self._view: ProgressView | None = None
        self._shares: dict[str, float] = {}
        self._labels: dict[str, str] = {}
        self._count = 0

    def begin(self, specs: Sequence[TrialSpec]) -> None:
        """A new bar."""
        self._shares, self._count = {}, len(specs)
        self._labels = {spec.id: trial_label(spec) for spec in specs}
        self._ended = 0
        if specs:
            label = f"{len(specs)} trials" if len(specs) > 1 else trial_label(specs[0])
            self._view = progress(self._steps * len(specs), label, quiet=self.quiet, stream=sys.stderr)

    def step(self, trial_id: str, step: int, total: int) -> None:
        """A trial has done `step` of `total`."""
        self._shares[trial_id] = step / max(total, 1)
        self._show()

    def ended(self, result: TrialResult) -> None:
        """A line; a trial that ended early is done all the same."""
        self._shares[result.id] = 1.0
        self._ended += 1
        self._show()
        done = f"{self._ended} of {self._count}"
        label = self._labels.get(result.id, f"seed {result.seed}")
        self.say(f"{label}: {result.status} after {result.steps} steps in {result.seconds:.1f} s ({done})")

    def warn(self, text: str) -> None:
        """Above the bar, where there is one."""
        if self._view is None or self.quiet:
            super().warn(text)
        else:
            self._view.note(text)

    def finish(self) -> None:
        """Take the bar away."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _show(self) -> None:
        if self._view is not None:
            self._view.update(round(self._steps * sum(self._shares.values())))


def trial_label(spec: TrialSpec) -> str:
    """What the user knows a trial by."""
    what = spec.label or ("range test" if spec.sweep else "")
    return f"{what}, seed {spec.seed}" if what else f"seed {spec.seed}"

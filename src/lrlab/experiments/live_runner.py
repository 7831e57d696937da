"""Runs the trials of a question on live parts, one after the other."""

from dataclasses import dataclass
from typing import cast

from lrlab.analysis.divergence import StopReason
from lrlab.engine.batches import LoaderStream
from lrlab.engine.interrupt import StopRequest
from lrlab.errors import DataError
from lrlab.launch.live import LiveParts, live_trial
from lrlab.launch.live_training import run_live_training
from lrlab.launch.progress import StepProgress, trial_label
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.sweep import run_sweep
from lrlab.optim.hyper import HyperSetter


@dataclass
class LiveRunner:
    """Runs a trial when called, and remembers what there is to say of them all.

    Attributes:
        consumed: batches taken from the loader.
        rewindable: False for an iterator.
        without_momentum: the optimizer that had no momentum to cycle; empty where none was to be, or all went well.
    """

    parts: LiveParts
    quiet: bool
    consumed: int = 0
    rewindable: bool = True
    without_momentum: str = ""

    def __call__(self, spec: TrialSpec) -> TrialResult:
        """Run one; everything is put back afterwards.

        Raises:
            DataError: the loader ended.
            KeyboardInterrupt: Ctrl-C.
        """
        run = run_sweep if spec.sweep else run_live_training
        with (
            StopRequest() as request,
            StepProgress(trial_label(spec), spec.config["train"]["steps"], quiet=self.quiet) as bar,
            live_trial(spec, self.parts) as trial,
        ):
            if spec.config["policy"].get("cycle_momentum") and not HyperSetter(trial.task.optimizer).momentum():
                self.without_momentum = type(trial.task.optimizer).__name__
            result = run(trial, observers=[bar], interrupted=request)
            stream = cast("LoaderStream", trial.stream)
        if request():
            raise KeyboardInterrupt
        self.consumed, self.rewindable = self.consumed + stream.consumed, stream.rewindable
        if result.reason == StopReason.EXHAUSTED.value:
            raise DataError(
                f"the loader is an iterator that ended after {self.consumed} batches, before the search did",
                hint="pass a loader that can be started again, or fewer seeds or candidates",
            )
        return result

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how it was measured."""
        found = []
        if self.parts.chance is None:
            found.append("the chance level is not known, and the first loss of each climb stands in; pass chance")
        if self.without_momentum:
            found.append(f"{self.without_momentum} has no momentum above 0, so none is cycled")
        if not self.rewindable:
            found.append(
                f"the loader is a one-shot iterator: {self.consumed} batches were consumed and cannot be put back; "
                "every climb had other batches, which makes the comparison less sure than it could be"
            )
        return tuple(found)

"""The seam between the driver and what runs trials: this process, or several."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from lrlab.errors import CheckpointError, DataError, ExitCode, LrlabError, UsageError
from lrlab.launch.spec import TrialResult, TrialSpec

_CODES = {"timeout": ExitCode.NO_ANSWER, "lost": ExitCode.RESOURCE}  # of `raised` the exception says


class TrialError(LrlabError):
    """A trial failed, and with it the run; the exit code is the trial's."""

    def __init__(self, message: str, *, exit_code: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = ExitCode(exit_code)


@dataclass(frozen=True, slots=True)
class Failure:
    """What befell one attempt at a trial, as data that can cross a pipe.

    Attributes:
        kind: `raised` an exception, ran into its `timeout`, or was `lost` with its process.
        message: one sentence.
        traceback: of the exception; empty without one.
        hint: what the user can do; None where nobody knows.
        exit_code: what the run ends with when no trial gets further.
        users: it is the user's to decide (usage, config, data, a damaged checkpoint): trying again gives the same.
        error: the exception itself, where it was raised in this process.
    """

    kind: Literal["raised", "timeout", "lost"]
    message: str
    traceback: str = ""
    hint: str | None = None
    exit_code: int = ExitCode.BUG
    users: bool = False
    error: Exception | None = field(default=None, compare=False)

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """What an exception means for the run."""
        text = "".join(traceback.format_exception(error))
        if isinstance(error, LrlabError):
            users = isinstance(error, UsageError | DataError | CheckpointError)
            return cls("raised", error.message, text, error.hint, error.exit_code, users, error)
        return cls("raised", f"{type(error).__name__}: {error}", text, error=error)

    @classmethod
    def without_error(cls, kind: Literal["timeout", "lost"], message: str) -> "Failure":
        """A process that was killed, by us or by the system."""
        return cls(kind, message, exit_code=_CODES[kind])

    def exception(self) -> Exception:
        """What to raise: the exception itself, or its sentence from another process."""
        return self.error or TrialError(self.message, exit_code=self.exit_code, hint=self.hint)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a pipe or the journal."""
        names = ("kind", "message", "traceback", "hint", "exit_code", "users")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt at a trial is over."""

    spec: TrialSpec
    outcome: TrialResult | Failure


class Executor(Protocol):
    """Runs trials. It holds no truth: what was submitted and what came of it is the driver's to know.

    Attributes:
        slots: trials at once.
    """

    slots: int

    def submit(self, spec: TrialSpec) -> None:
        """Begin a trial; at most `slots` may be under way."""

    def completed(self) -> Sequence[Ended]:
        """Those that ended, in any order; waits until there is one. At least one must be under way.

        Once the user has asked to stop, trials end with the status `interrupted`, or are lost.
        """

    def close(self) -> None:
        """Break off what is still under way and let everything go; again does nothing."""

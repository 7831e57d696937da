"""What can go wrong, as sentences and exit codes.

A user's mistake is an `LrlabError`: one message that names the place and what was written, and a hint that
says what to do next. The CLI prints it and leaves with `exit_code`; anything else is a bug and exits 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    BUG = 1
    USAGE = 2
    DATA = 3
    NO_ANSWER = 4
    RESOURCE = 5
    BUSY = 6
    CHECKPOINT = 7
    VERDICT = 8
    INTERRUPTED = 130
    TERMINATED = 143


class LrlabError(Exception):
    """A failure with a message for people. `hint` says what to do next."""

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LrlabError):
    """The command line or an API call asks for something that cannot be."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a config.

    Attributes:
        where: `file:line:col`, or `command line, argument 3`.
        message: what was written and what is allowed.
        hint: what to do next; may be empty.
        excerpt: the source line with a caret under the column; may be empty.
    """

    where: str
    message: str
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}"]
        if self.excerpt:
            lines.append(self.excerpt)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class ConfigError(UsageError):
    """Everything wrong with a config, reported at once."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics))


class DataError(LrlabError):
    """A data set is missing, damaged, or does not fit the model."""

    exit_code = ExitCode.DATA


class NoAnswerError(LrlabError):
    """The experiment ran and has no answer: it diverged, a gate failed, or there was no signal."""

    exit_code = ExitCode.NO_ANSWER


class ResourceError(LrlabError):
    """A device, memory or disk that is not there."""

    exit_code = ExitCode.RESOURCE


class RunBusyError(LrlabError):
    """Another process holds the run folder."""

    exit_code = ExitCode.BUSY


class CheckpointError(LrlabError):
    """A checkpoint is missing, damaged, or belongs to something else."""

    exit_code = ExitCode.CHECKPOINT


class InterruptedRunError(LrlabError):
    """The user or the system asked the run to stop; what it had is saved."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self, message: str, *, terminated: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        if terminated:
            self.exit_code = ExitCode.TERMINATED

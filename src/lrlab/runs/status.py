"""Where a run stands: the state machine behind `status.json`.

created -> running -> completed | interrupted | failed | diverged | degraded. Each of them may run again: what was
cut short to go on, what has its answer because more trials are asked for. `lost` is never written: it is what
`running` means once its process is dead.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from lrlab.errors import UsageError
from lrlab.runs.atomic import write_json
from lrlab.runs.process import ProcessMark

STATUS_NAME = "status.json"
FORMAT = 1


class State(StrEnum):
    """What a run can be."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    DIVERGED = "diverged"
    DEGRADED = "degraded"
    LOST = "lost"


_ENDS = {State.COMPLETED, State.INTERRUPTED, State.FAILED, State.DIVERGED, State.DEGRADED}
_NEXT: dict[State, set[State]] = {
    State.CREATED: {State.RUNNING, State.INTERRUPTED, State.FAILED},
    State.RUNNING: {State.RUNNING} | _ENDS,  # again running: a step was counted, or a lost run was taken over
    State.INTERRUPTED: {State.RUNNING, State.FAILED},
    State.FAILED: {State.RUNNING, State.INTERRUPTED},
    State.DEGRADED: {State.RUNNING, State.FAILED, State.INTERRUPTED},
    State.COMPLETED: {State.RUNNING},
    State.DIVERGED: {State.RUNNING},
}
UNFINISHED = frozenset({State.CREATED, State.RUNNING, State.INTERRUPTED, State.FAILED, State.LOST})


@dataclass(frozen=True, slots=True)
class Status:
    """The contents of `status.json`.

    Attributes:
        state: as written, or `lost`.
        process: who wrote it.
        created: when the run folder was made (UTC, ISO 8601).
        updated: when this was written (UTC, ISO 8601).
        facts: anything else worth saying: step, reason, exit code.
    """

    state: State
    process: ProcessMark
    created: str
    updated: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        """Whether there is something left to resume. A degraded run has its answer."""
        return self.state in UNFINISHED


def read_status(folder: Path) -> Status:
    """Read `folder/status.json`, with `lost` derived.

    Raises:
        OSError: it is not there or cannot be read.
        ValueError: it is not a status this version understands.
    """
    values = json.loads((folder / STATUS_NAME).read_bytes())
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    if values.get("format") != FORMAT:
        raise ValueError(f"format {values.get('format')!r}, this version reads {FORMAT}")
    try:
        process = ProcessMark.from_json(values["process"])
        status = Status(
            State(values["state"]),
            process,
            str(values["created"]),
            str(values["updated"]),
            dict(values["facts"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"key missing or of the wrong type: {error}") from error
    if status.state is State.RUNNING and process.alive() is False:
        return replace(status, state=State.LOST)
    return status


def start_status(folder: Path) -> Status:
    """Write the first status of a new run folder: created."""
    now = datetime.now(UTC).isoformat()
    return _write(folder, Status(State.CREATED, ProcessMark.current(), now, now))


def change_status(folder: Path, state: State | str, facts: Mapping[str, Any]) -> Status:
    """Replace the status, atomically.

    Raises:
        UsageError: the run cannot go there from where it stands.
        OSError: the disk refused; the old status is untouched.
    """
    old, new = read_status(folder), State(state)
    written = State.RUNNING if old.state is State.LOST else old.state
    if new not in _NEXT[written] and new is not written:
        raise UsageError(
            f"run {folder.name} is {old.state}; it cannot become {new}",
            hint="start a new run without --resume",
        )
    now = datetime.now(UTC).isoformat()
    return _write(folder, Status(new, ProcessMark.current(), old.created, now, dict(facts)))


def _write(folder: Path, status: Status) -> Status:
    values = {
        "format": FORMAT,
        "state": str(status.state),
        "created": status.created,
        "updated": status.updated,
        "process": status.process.to_json(),
        "facts": dict(status.facts),
    }
    write_json(folder / STATUS_NAME, values)
    return status

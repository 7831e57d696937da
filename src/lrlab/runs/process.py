"""Which process did it, and does it still live: pid, host, boot and start time.

A pid alone proves little: pids are reused, and mean nothing on another host or after a reboot.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process on one boot of one host.

    Attributes:
        pid: process id.
        host: host name.
        boot_id: the kernel's id of this boot; None where the system has none (not Linux).
        started: start of the process in clock ticks since boot; None where the system does not say.
    """

    pid: int
    host: str
    boot_id: str | None = None
    started: int | None = None

    @classmethod
    def current(cls) -> "ProcessMark":
        """This process."""
        pid = os.getpid()
        return cls(pid, socket.gethostname(), _boot_id(), _start_ticks(pid))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ProcessMark":
        """Read back `to_json`.

        Raises:
            KeyError, TypeError, ValueError: these are not the values of a mark.
        """
        started = values.get("started")
        return cls(
            int(values["pid"]),
            str(values["host"]),
            values.get("boot_id"),
            None if started is None else int(started),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def alive(self) -> bool | None:
        """True or False where this host can tell; None for a process of another host."""
        if self.host != socket.gethostname():
            return None
        boot = _boot_id()
        if boot is not None and self.boot_id is not None and boot != self.boot_id:
            return False
        if self.pid <= 0 or not _exists(self.pid):
            return False
        started = _start_ticks(self.pid)
        return started is None or self.started is None or started == self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@lru_cache(maxsize=1)
def _boot_id() -> str | None:
    try:
        return _BOOT_ID.read_text().strip() or None
    except OSError:
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return _proc_stat(pid)[:1] != ["Z"]  # a zombie has ended; only its parent has not yet looked


def _start_ticks(pid: int) -> int | None:
    fields = _proc_stat(pid)
    return int(fields[19]) if len(fields) > 19 else None


def _proc_stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the third (state) on; empty where unknown."""
    try:  # the second field, a file name, may hold spaces and brackets
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []

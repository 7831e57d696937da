"""The CPUs this process may use: what there is, and what a scheduler or a container leaves of it. Linux says most."""

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
_NVIDIA = Path("/proc/driver/nvidia/gpus")
_BF16_FLAGS = ("amx_bf16", "avx512_bf16", "bf16", "svebf16")  # the last two are ARM's


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor, as this process sees it.

    Attributes:
        name: as the kernel has it; the architecture where it has none.
        cores: logical ones of the machine.
        allowed: those this process may run on.
        quota: how many CPUs' time the control group grants; infinite without a limit.
        bf16: instructions for bf16 that it has, for example `amx_bf16`.
    """

    name: str
    cores: int
    allowed: int
    quota: float
    bf16: tuple[str, ...]

    @property
    def usable(self) -> int:
        """How many threads can truly run at once, at least 1."""
        return max(1, int(min(self.allowed, self.quota)))


def read_cpu() -> Cpu:
    """This machine's."""
    name, flags = read_cpuinfo()
    bf16 = tuple(flag for flag in _BF16_FLAGS if flag in flags)
    return Cpu(name, os.cpu_count() or 1, allowed_cpus(), cgroup_quota(), bf16)


def allowed_cpus() -> int:
    """Logical CPUs this process may run on: its affinity where there is such a thing, else all."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def read_cpuinfo(file: Path = _CPUINFO) -> tuple[str, frozenset[str]]:
    """Name and flags of the first CPU."""
    facts: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in file.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip().lower(), value.strip())
    name = facts.get("model name") or platform.processor() or platform.machine()
    return name, frozenset(facts.get("flags", facts.get("features", "")).split())


def cgroup_quota(groups: Path = _GROUPS, own: Path = _OWN_GROUP) -> float:
    """The tightest CPU quota on the way from this process's control group to the root, in CPUs; infinite without one.

    Version 2 keeps `quota period` in `cpu.max`, version 1 each in a file, both in microseconds.
    Source: Linux, Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files".
    """
    quotas = [float("inf")]
    for folder in _own_groups(groups, own):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text().split()
            quotas.append(float("inf") if quota == "max" else int(quota) / int(period))
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            spent, span = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            quotas.append(spent / span if spent > 0 else float("inf"))
    return min(quotas)


def nvidia_gpus(folder: Path = _NVIDIA) -> int:
    """How many GPUs the kernel's NVIDIA driver knows, whatever torch makes of them."""
    with contextlib.suppress(OSError):
        return len(list(folder.iterdir()))
    return 0


def _own_groups(groups: Path, own: Path) -> set[Path]:
    """The folders of this process's groups and all above them; inside a container these are the root alone."""
    found: set[Path] = {groups, groups / "cpu"}
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            top = groups / "cpu" if "cpu" in controllers.split(",") else groups
            folder = top / path.lstrip("/")
            found |= {place for place in (folder, *folder.parents) if place.is_relative_to(top)}
    return found

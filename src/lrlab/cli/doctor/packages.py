"""Python and the packages: are they there, new enough, and do torch's two fit together?"""

import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

from lrlab.cli.doctor.check import Check
from lrlab.runs.provenance import PACKAGES, version

PYTHON = (3, 11)
_OWN_LINE = ("torch", "torchvision")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)\s*$")
_WITHOUT = {"tensorboard": "no event files are written, and lrlab board shows nothing"}  # all others are needed


def installed() -> dict[str, str]:
    """The versions that are installed; empty for a package that is not."""
    return {name: version(name) or "" for name in PACKAGES}


def required() -> dict[str, str]:
    """The lowest version of each package that lrlab says it needs; empty where lrlab itself is not installed."""
    try:
        lines = metadata.requires("lrlab") or []
    except metadata.PackageNotFoundError:
        return {}
    return {match[1].lower(): match[2] for line in lines if (match := _REQUIREMENT.match(line))}


def package_checks(versions: Mapping[str, str], lowest: Mapping[str, str]) -> Iterator[Check]:
    """Python, torch and torchvision a line each, the others in one."""
    yield python_check(sys.version_info[:2])
    faults = {name: fault for name in lowest if (fault := _fault(name, versions, lowest))}
    for name in _OWN_LINE:
        yield faults.get(name) or Check(name, "ok", versions[name])
    others = [name for name in versions if name not in (*_OWN_LINE, *faults)]
    yield Check("packages", "ok", ", ".join(f"{name} {versions[name]}" for name in others if versions[name]))
    yield from (fault for name, fault in faults.items() if name not in _OWN_LINE)
    if not lowest:
        yield Check("lrlab", "note", "is not installed, so versions are not compared", "pip install lrlab")


def python_check(running: tuple[int, int]) -> Check:
    """Whether this Python is new enough."""
    if running >= PYTHON:
        return Check("python", "ok", platform.python_version())
    needed = ".".join(map(str, PYTHON))
    return Check("python", "problem", platform.python_version(), f"lrlab needs Python {needed} or newer")


def import_check(name: str) -> Check | None:
    """Import a package, which a wrong pair of builds refuses; None when that goes well."""
    try:
        __import__(name)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        advice = "install builds that belong together: pip install --force-reinstall torch torchvision"
        return Check(name, "problem", f"cannot be imported: {reason}", advice)
    return None


def older(one: str, other: str) -> bool:
    """Whether version `one` comes before `other`, by their numbers: `2.9.1+cpu` before `2.11`."""
    left, right = _numbers(one), _numbers(other)
    length = max(len(left), len(right))
    return _padded(left, length) < _padded(right, length)


def _fault(name: str, versions: Mapping[str, str], lowest: Mapping[str, str]) -> Check | None:
    have, need = versions.get(name, ""), lowest[name]
    if have and not older(have, need):
        return None
    install, lost = f"pip install -U '{name}>={need}'", _WITHOUT.get(name)
    if have:
        return Check(name, "problem", f"{have} is older than {need}", install)
    return Check(name, "note" if lost else "problem", f"not installed{f': {lost}' if lost else ''}", install)


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()


def _padded(numbers: Sequence[int], length: int) -> tuple[int, ...]:
    return (*numbers, *([0] * (length - len(numbers))))

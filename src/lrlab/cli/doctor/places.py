"""The data that is there, and the folders that something is written to."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lrlab.cli.doctor.check import Check, size
from lrlab.data.catalog import KNOWN
from lrlab.data.presence import ROOT_VARIABLE, check_files, get_command, locate, resolve_root
from lrlab.errors import DataError
from lrlab.runs.writable import Place, look_at

_LOW = 1_000_000_000  # bytes; some checkpoints of a small network


@dataclass(frozen=True, slots=True)
class FoundSet:
    """A named data set: whether its files are there, in which folder, and what is wrong with them, if anything."""

    name: str
    present: bool
    where: str
    problem: str


def find_sets(root: Path) -> list[FoundSet]:
    """The named data sets, looked for under `root`."""
    return [_find_set(name, root) for name in KNOWN]


def data_checks(sets: Sequence[FoundSet], root: Path) -> Iterator[Check]:
    """The embedded set; what lies under the data root; what is damaged there."""
    embedded = "digits come with scikit-learn"
    if find_spec("sklearn") is None:
        yield Check("data", "problem", "scikit-learn, which holds the digits, is not there", "pip install scikit-learn")
    else:
        yield Check("data", "ok", f"{embedded}: every command runs without a download")
    there = [found.name for found in sets if found.present and KNOWN[found.name].downloads]
    if there:
        yield Check("data root", "ok", f"{root} ({_origin()}): {', '.join(there)}")
    else:
        missing = "has none of the named sets" if root.is_dir() else "is not there"
        advice = f"fetch one: {get_command('mnist', root)}; or name your folder: export {ROOT_VARIABLE}=DIR"
        yield Check("data root", "note", f"{root} ({_origin()}) {missing}", advice)
    for found in sets:
        if found.problem:
            yield Check(found.name, "problem", found.problem, f"{get_command(found.name, root)} --force")


def places(out: Path, root: Path) -> dict[str, Place]:
    """Where runs, temporary files and downloads go."""
    return {"runs": look_at(out), "temporary": look_at(_temporary()), "data": look_at(root)}


def place_checks(found: dict[str, Place]) -> Iterator[Check]:
    """Each of `places`; only downloads can do without theirs."""
    advice = {"runs": "name a folder that can be written: --out DIR", "temporary": "export TMPDIR=DIR"}
    for name, place in found.items():
        topic, room = f"{name} folder", f"{place.path}, {size(place.free)} free"
        if place.problem and name in advice:
            yield Check(topic, "problem", f"{place.path} cannot be written: {place.problem}", advice[name])
        elif place.problem:
            found_text = f"{place.path} cannot be written: {place.problem}; what is there can be read"
            yield Check(topic, "note", found_text, "to download sets, name another: lrlab data get NAME --root DIR")
        elif 0 < place.free < _LOW:
            yield Check(topic, "note", room, "make room: checkpoints and event files will need it")
        else:
            yield Check(topic, "ok", room + ("" if place.exists else " (made when needed)"))


def data_root() -> Path:
    """Where data sets are looked for unless a config says otherwise."""
    return resolve_root(None)


def _find_set(name: str, root: Path) -> FoundSet:
    there, problem = locate(name, root), ""
    if KNOWN[name].downloads and (there.present or _some_files(name, Path(there.where))):
        try:
            check_files(name, root)
        except (DataError, OSError) as error:
            problem = str(error)
    return FoundSet(name, bool(there.present) and not problem, there.where, problem)


def _some_files(name: str, folder: Path) -> bool:
    return any((folder / file).is_file() for file in KNOWN[name].files)


def _origin() -> str:
    return f"of {ROOT_VARIABLE}" if os.environ.get(ROOT_VARIABLE) else f"{ROOT_VARIABLE} is not set"


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError:  # no place at all can be written
        return Path(os.environ.get("TMPDIR") or "/tmp")

"""`lrlab data verify`."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lrlab.cli.completion import words
from lrlab.cli.tables import print_table

if TYPE_CHECKING:
    from lrlab.data.verify import Verified

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...", help="Data sets; default: those that are there.", autocompletion=words.data_sets
    ),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Folder of data sets, or of your own images; default: LRLAB_DATA, else ./data."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_PATIENCE = 2.0  # seconds between two lines of progress


def verify_command(names: Names = None, root: Root = None, as_json: Json = False) -> None:
    """Read every file of the data sets and compare it with what is published; images of your own are decoded."""
    from lrlab.data.presence import resolve_root
    from lrlab.data.verify import verify
    from lrlab.errors import DataError
    from lrlab.registry import DATASETS

    folder = resolve_root(root)
    for name in names or []:
        if name not in DATASETS:
            DATASETS.resolve(name)  # refuses it, with the nearest name
    found = [verify(name, folder, _Ticker(name)) for name in names or _there(folder)]
    if as_json:
        typer.echo(json.dumps([{**asdict(one), "state": one.state} for one in found], indent=2))
    else:
        _print(found)
    bad = [one for one in found if one.problems]
    if bad:
        more = sum(len(one.problems) for one in bad) - 1
        rest = f" (and {more} more {'problem' if more == 1 else 'problems'}, above)" if more else ""
        raise DataError(f"{bad[0].problems[0]}{rest}", hint=bad[0].hint)


def _there(root: Path) -> list[str]:
    """The named sets that have files here, and the embedded one."""
    from lrlab.data.catalog import KNOWN
    from lrlab.data.presence import locate

    return [name for name in KNOWN if locate(name, root).present]


def _print(found: "list[Verified]") -> None:
    rows = [
        (one.name, one.state, "-" if one.images is None else f"{one.images:,}", one.checked, one.where) for one in found
    ]
    print_table(("name", "state", "images", "checked", "where"), rows)
    for one in found:
        for problem in one.problems:
            typer.echo(f"{one.name}: {problem}")


class _Ticker:
    """A line on stderr now and then, once it takes longer than a moment."""

    def __init__(self, name: str) -> None:
        self._name, self._next = name, time.monotonic() + _PATIENCE

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PATIENCE
            sys.stderr.write(f"{self._name}: {done:,} of {total:,} images\n")

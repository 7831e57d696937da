"""Tables for people: plain text, so that a pipe can cut it."""

from collections.abc import Iterable, Sequence
from typing import Any

import typer


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print columns as wide as they need to be."""
    lines = [tuple(header), *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

"""Tables as plain text, so that a pipe can cut them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import typer


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Collection[str] = ()) -> None:
    """Columns as wide as they need to be; those headed by a name in `right` end where their head does."""
    lines = [tuple(header), *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = [
            cell.rjust(width) if head in right else cell.ljust(width)
            for head, cell, width in zip(header, line, widths, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())

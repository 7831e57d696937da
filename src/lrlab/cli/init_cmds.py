"""`lrlab init ls`."""

import json
from typing import Annotated

import typer

from lrlab.cli.tables import print_table

init_app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@init_app.callback()
def schemes() -> None:
    """Ways to draw initial weights."""  # a group of one command would otherwise be that command itself


@init_app.command("ls")
def list_command(as_json: AsJson = False) -> None:
    """The schemes a config can name, and where they come from."""
    from lrlab.registry import INITS

    rows = [{"name": e.name, "summary": e.summary, "source": e.source} for e in INITS.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        print_table(("name", "what", "source"), [tuple(row.values()) for row in rows])

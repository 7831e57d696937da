"""`lrlab data`: what there is, fetching it and looking at it. stdout carries the answer alone."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lrlab.cli.completion import words
from lrlab.cli.data_show_cmd import show_command
from lrlab.cli.data_verify_cmd import verify_command
from lrlab.cli.tables import print_table

data_app = typer.Typer(help="Data sets: what there is, and where.", no_args_is_help=True)
data_app.command("show")(show_command)
data_app.command("verify")(verify_command)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Folder of data sets; default: the environment's LRLAB_DATA, else ./data."),
]
Force = Annotated[bool, typer.Option("--force", help="Download it again and replace what is there.")]


@data_app.command("ls")
def list_data(root: Root = None, as_json: Json = False) -> None:
    """List the data sets: name, shape, classes, whether the files are there, and where."""
    from lrlab.data.presence import resolve_root

    rows = data_rows(resolve_root(root))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    present = {True: "yes", False: "no", None: "-"}
    cells = [
        (
            row["name"],
            _shape(row["shape"]),
            row["classes"] or "-",
            present[row["present"]],
            row["where"],
            row["summary"],
        )
        for row in rows
    ]
    print_table(("name", "shape", "classes", "present", "where", "what"), cells)


@data_app.command("get")
def get_data(
    name: Annotated[
        str,
        typer.Argument(help="Name of a data set, as `lrlab data ls` shows it.", autocompletion=words.published_sets),
    ],
    root: Root = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Download a data set and print the folder it is in. Nothing happens when it is there already."""
    from lrlab.data.catalog import KNOWN
    from lrlab.data.download import fetch
    from lrlab.data.presence import locate, resolve_root
    from lrlab.errors import UsageError
    from lrlab.registry import DATASETS

    if name not in KNOWN:
        DATASETS.resolve(name)  # refuses a name that is none at all, with the nearest one
        raise UsageError(f"data set {name!r} is not one to download: {DATASETS[name].summary}")
    folder = resolve_root(root)
    where = fetch(name, folder, force=force) if KNOWN[name].downloads else locate(name, folder).where
    if as_json:
        typer.echo(json.dumps({"name": name, "where": str(where)}))
    else:
        typer.echo(where)


def data_rows(root: Path) -> list[dict[str, Any]]:
    """One row per data set: name, shape, classes, present, where, summary. No file is opened."""
    from lrlab.data.catalog import KNOWN
    from lrlab.data.presence import locate
    from lrlab.registry import DATASETS

    rows = []
    for entry in DATASETS.values():
        known, there = KNOWN.get(entry.name), locate(entry.name, root)
        rows.append(
            {
                "name": entry.name,
                "shape": list(known.shape) if known else None,
                "classes": known.classes if known else None,
                "present": there.present,
                "where": there.where,
                "summary": entry.summary,
            }
        )
    return rows


def _shape(shape: list[int] | None) -> str:
    return "x".join(map(str, shape)) if shape else "-"

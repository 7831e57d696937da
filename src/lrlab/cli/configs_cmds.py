"""`lrlab configs`: the configs that come with lrlab."""

import json
from typing import Annotated

import typer

from lrlab.cli.completion import words

configs_app = typer.Typer(no_args_is_help=True)
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name of a config, as `lrlab configs ls` shows it.", autocompletion=words.shipped
    ),
]
Dest = Annotated[str | None, typer.Argument(metavar="DEST", help="A file or a folder; default: ./NAME.yaml.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite DEST.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@configs_app.command("ls")
def list_command(as_json: AsJson = False) -> None:
    """List the configs: name and what it is."""
    from lrlab.config.shipped import shipped_configs

    configs = list(shipped_configs().values())
    if as_json:
        rows = [{"name": c.name, "summary": c.summary, "path": str(c.path)} for c in configs]
        typer.echo(json.dumps(rows, indent=2))
        return
    width = max((len(config.name) for config in configs), default=0)
    for config in configs:
        typer.echo(f"{config.name:{width}}  {config.summary}")


@configs_app.command("cat")
def cat_command(name: Name) -> None:
    """Print a config."""
    from lrlab.config.shipped import shipped_config

    typer.echo(shipped_config(name).text, nl=False)


@configs_app.command("cp")
def copy_command(name: Name, dest: Dest = None, force: Force = False) -> None:
    """Copy a config to a file of your own; one that is there already is left alone."""
    from lrlab.config.shipped import copy_text, shipped_config
    from lrlab.errors import ResourceError, UsageError
    from lrlab.paths import expand_home
    from lrlab.runs.atomic import write_atomic

    config = shipped_config(name)
    target = expand_home(dest or ".")
    if target.is_dir() or (dest or "").endswith("/"):
        target = target / f"{config.path.stem}.yaml"
    if target.exists() and not force:
        raise UsageError(f"{target} is there already", hint="--force overwrites it; or name another file")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", hint=f"mkdir -p {target.parent}")
    try:
        write_atomic(target, copy_text(config, target))
    except OSError as error:
        raise ResourceError(f"cannot write {target}: {error.strerror or error}") from error
    typer.echo(target)

"""`lrlab validate`, and `lrlab config`: what a config resolves to and what one may hold."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lrlab.cli.completion import words
from lrlab.cli.inputs import Arguments, Imports, announce, load, print_json
from lrlab.errors import ConfigError, Diagnostic

config_app = typer.Typer(no_args_is_help=True)
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="CONFIG",
        help="YAML configs, or folders of them.",
        autocompletion=words.config_files,
    ),
]
Origin = Annotated[bool, typer.Option("--origin", help="Say beside each value where it comes from.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def validate_command(files: Files, imports: Imports = None, as_json: AsJson = False) -> None:
    """Check configs without running anything; everything wrong at once."""
    from lrlab.config.files import find_configs
    from lrlab.config.load import load_config
    from lrlab.config.plugins import import_flags

    problems: list[Diagnostic] = []
    flags = import_flags(imports or [])
    valid: list[dict[str, Any]] = []
    for file in find_configs(files):
        try:
            notes = load_config(file, flags=flags).notes
        except ConfigError as error:
            problems += error.diagnostics
            continue
        valid.append({"file": str(file), "notes": list(notes)})
        if not as_json:
            typer.echo(f"ok  {file}")
        for note in notes:
            sys.stderr.write(f"note: {note}\n")
    if problems:
        raise ConfigError(problems)
    if as_json:
        print_json(valid)


@config_app.command("show")
def show_command(
    arguments: Arguments = None, imports: Imports = None, origin: Origin = False, as_json: AsJson = False
) -> None:
    """Print every value of a config, defaults and overrides included."""
    from lrlab.config.explain import dump_resolved

    loaded = load(arguments or [], [], resume=None, root=Path(), imports=imports)
    announce(loaded, verbose=False)
    if as_json:
        typer.echo(loaded.config.model_dump_json(indent=2))
    else:
        typer.echo(dump_resolved(loaded, origins=origin), nl=False)


@config_app.command("schema")
def schema_command() -> None:
    """Print the JSON schema of a config, for editors."""
    from lrlab.config.json_schema import schema_text

    typer.echo(schema_text(), nl=False)


@config_app.command("reference")
def reference_command() -> None:
    """Print the reference of every key: type, default, range, one sentence."""
    from lrlab.config.reference import reference_text

    typer.echo(reference_text(), nl=False)

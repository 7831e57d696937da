"""What the experiment commands share: their options, and how arguments become a loaded config."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.launch.session import RunOptions

Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CONFIG|KEY=VALUE",
        help="A YAML config (default: the embedded digits), then overrides.",
    ),
]
Imports = Annotated[
    list[str] | None,
    typer.Option(
        "--import",
        metavar="NAME=MODULE:ATTRIBUTE",
        help="Your own model, data set or loss, as in the config's plugins; may be repeated.",
    ),
]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, metavar="N", help="How many seeds to run.")]
Device = Annotated[str | None, typer.Option("--device", metavar="auto|cpu|cuda[:i]", help="Where to run.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where run folders are made.")]
Resume = Annotated[
    str | None,
    typer.Option("--resume", metavar="[RUN]", help="Continue RUN, or the newest unfinished run of the same config."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print the resolved config first, with origins.")]
DEFAULT_OUT = Path("runs")


def load(
    arguments: Sequence[str],
    flags: Sequence[tuple[str, str, Any]],
    *,
    resume: str | None,
    root: Path,
    imports: Sequence[str] | None = None,
) -> "LoadedConfig":
    """The config that CONFIG, the overrides, the flags and `--import` make together.

    Naming a run to resume without a CONFIG takes the config of that run.

    Raises:
        ConfigError: everything wrong with it, at once.
    """
    from lrlab.config.load import load_config
    from lrlab.config.plugins import import_flags

    path, overrides = split_arguments(arguments)
    if path is None and resume not in (None, "auto"):
        from lrlab.runs.index import find_run

        path = find_run(root, str(resume)).path / "resolved.yaml"
    given = [(text, key, value) for text, key, value in flags if value is not None]
    return load_config(path, overrides, flags=[*given, *import_flags(imports or [])])


def split_arguments(arguments: Sequence[str]) -> tuple[Path | None, list[tuple[int, str]]]:
    """CONFIG is the first argument, unless that is an override; overrides keep their place on the command line."""
    if not arguments:
        return None, []
    is_config = "=" not in arguments[0] or Path(arguments[0]).is_file()
    overrides = [(position, text) for position, text in enumerate(arguments, start=1)]
    return (Path(arguments[0]), overrides[1:]) if is_config else (None, overrides)


def announce(loaded: "LoadedConfig", *, verbose: bool) -> None:
    """Notes about the config on stderr; with `verbose` the resolved config itself."""
    for note in loaded.notes:
        sys.stderr.write(f"note: {note}\n")
    if verbose:
        from lrlab.config.explain import dump_resolved

        sys.stderr.write(dump_resolved(loaded))


def run_options(out: Path, resume: str | None, quiet: bool) -> "RunOptions":
    """How to run, from the options."""
    from lrlab.launch.session import RunOptions

    return RunOptions(root=out, resume=resume, argv=tuple(sys.argv), quiet=quiet)


def describe(loaded: "LoadedConfig") -> str:
    """What is trained, in a few words; the title of its figures."""
    config = loaded.config
    return ", ".join((config.name or config.data.name, config.model.name, config.optimizer.name))

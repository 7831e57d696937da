"""What the experiment commands share: their options, and how arguments become a loaded config."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.completion import words
from lrlab.errors import UsageError

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.launch.session import RunOptions

Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CONFIG|KEY=VALUE",
        help="A YAML config (default: the embedded digits), then overrides.",
        autocompletion=words.configs_and_overrides,
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
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="auto|cpu|cuda[:i]", help="Where to run.", autocompletion=words.devices),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where run folders are made.")]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="[RUN]",
        help="Continue RUN, or the newest unfinished run of the same config.",
        autocompletion=words.resumable,
    ),
]
StrictResume = Annotated[
    bool,
    typer.Option(
        "--strict-resume", help="With --resume: refuse a damaged newest checkpoint, or bits that may differ (exit 7)."
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", min=1, metavar="N", help="Trials at once, each in a process; spread over the GPUs.")
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=0.001, metavar="S", help="Seconds a trial may take (in a process of its own)."),
]
Retries = Annotated[int, typer.Option("--retries", min=0, metavar="N", help="Further attempts at a trial that failed.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="End the run with the first trial that failed for good.")]
Grace = Annotated[
    float, typer.Option("--grace", min=0.0, metavar="S", help="Seconds to finish the step and save when stopped.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and its predicted cost; run nothing.")]
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


def comma_list(text: str | None) -> list[str] | None:
    """`a, b` as a list; an empty text is an empty list, which the schema refuses."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def comma_numbers(text: str | None) -> list[float | str] | None:
    """`0.1,1e-2` as numbers; what is none stays text, and the schema says so."""

    def number(part: str) -> float | str:
        try:
            return float(part)
        except ValueError:
            return part

    parts = comma_list(text)
    return None if parts is None else [number(part) for part in parts]


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


def run_options(out: Path, resume: str | None, quiet: bool, *, strict: bool = False, **more: Any) -> "RunOptions":
    """How to run, from the options; `more` are other fields of `RunOptions`.

    Raises:
        UsageError: `--strict-resume` without `--resume`.
    """
    if strict and resume is None:
        raise UsageError("--strict-resume does nothing without --resume", hint="add --resume [RUN]")
    from lrlab.launch.session import RunOptions

    return RunOptions(root=out, resume=resume, argv=tuple(sys.argv), quiet=quiet, strict_resume=strict, **more)


def print_json(value: Any) -> None:
    """The answer as JSON on stdout; a non-finite float is the word `nan`, `inf` or `-inf`."""
    from lrlab.runs.jsontext import dumps

    typer.echo(dumps(value))


def recorded_answer(folder: Path) -> dict[str, Any]:
    """What `--json` printed when the run in `folder` was finished, made again from its files."""
    from lrlab.runs.folder import RESULT_NAME, read_object

    folder = folder.absolute()
    result = read_object(folder / RESULT_NAME)
    answer = {"experiment": result.get("experiment"), "headline": result.get("headline"), **result.get("answer", {})}
    return {**answer, **places(folder, sorted((folder / "plots").glob("*")))}


def places(folder: Path, plots: Sequence[Path]) -> dict[str, Any]:
    """Where everything is, for `--json`."""
    return {"run": str(folder), "plots": [str(path) for path in plots]}


def describe(loaded: "LoadedConfig") -> str:
    """What is trained, in a few words; the title of its figures."""
    config = loaded.config
    return ", ".join((config.name or config.data.name, config.model.name, config.optimizer.name))

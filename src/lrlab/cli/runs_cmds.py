"""`lrlab runs ls`, `lrlab runs show` and `lrlab board`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.completion import words

if TYPE_CHECKING:
    from lrlab.runs.index import RunInfo

runs_app = typer.Typer(no_args_is_help=True)

Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="Where the run folders are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's path, its name, the beginning of its name, or `latest`.",
        autocompletion=words.runs,
    ),
]
OptionalRun = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="A run's path or name; without one, all runs.",
        autocompletion=words.runs,
    ),
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port on localhost.")]
DEFAULT_ROOT = Path("runs")


@runs_app.command("ls")
def list_command(root: Root = DEFAULT_ROOT, as_json: AsJson = False) -> None:
    """List runs, newest first."""
    from lrlab.runs.index import list_runs

    runs = list_runs(root)
    if as_json:
        typer.echo(json.dumps([_summary(run) for run in runs], indent=2))
    elif not runs:
        typer.echo(f"no runs in {root}")
    else:
        _print_table(runs)


@runs_app.command("show")
def show_command(run: Run = "latest", root: Root = DEFAULT_ROOT, as_json: AsJson = False) -> None:
    """Show one run: its status, its command, its answer, its trials, its files."""
    from lrlab.runs.index import find_run

    details = _details(find_run(root, run))
    if as_json:
        typer.echo(json.dumps(details, indent=2))
    else:
        _print_details(details)


@runs_app.command("path")
def path_command(run: Run = "latest", root: Root = DEFAULT_ROOT) -> None:
    """Print the absolute path of one run's folder, for use in other commands."""
    from lrlab.runs.index import find_run

    typer.echo(find_run(root, run).path.absolute())


def board_command(run: OptionalRun = None, root: Root = DEFAULT_ROOT, port: Port = 6006) -> None:
    """Open TensorBoard on a run, or on all of them, for this computer only."""
    from lrlab.cli.board import serve
    from lrlab.runs.index import find_run

    serve(find_run(root, run).path / "tb" if run else root, port)


def _summary(run: "RunInfo") -> dict[str, Any]:
    return {
        "name": run.name,
        "experiment": run.experiment,
        "state": str(run.status.state) if run.status else "unreadable",
        "problem": run.problem or None,
        "created": run.created.isoformat(),
        "headline": run.headline,
        "config_hash": run.config_hash,
        "path": str(run.path),
    }


def _details(run: "RunInfo") -> dict[str, Any]:
    """Everything `show` knows. Of an unreadable run, what its name and its folder say."""
    from lrlab.runs.folder import META_NAME, RESULT_NAME, read_object

    readable = run.status is not None
    meta = read_object(run.path / META_NAME) if readable else {}
    result = read_object(run.path / RESULT_NAME) if readable else {}
    board = run.path / "tb"
    return _summary(run) | {
        "updated": run.status.updated if run.status else None,
        "facts": dict(run.status.facts) if run.status else {},
        "command": _command(meta.get("argv")),
        "answer": result.get("answer"),
        "trials": result.get("trials") or [],
        "plots": [str(path) for path in sorted(run.path.glob("plots/*")) if path.is_file()],
        "tensorboard": str(board) if board.is_dir() else None,
    }


def _command(argv: Any) -> str | None:
    import shlex

    return shlex.join(str(word) for word in argv) if isinstance(argv, list) else None


def _print_table(runs: "list[RunInfo]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("run", "experiment", "status", "age", "answer"):
        table.add_column(heading, no_wrap=heading in ("run", "age"))
    for run in runs:
        cells = (run.name, run.experiment, run.state, _age(run.created), run.headline or "")
        table.add_row(*(Text(cell) for cell in cells))  # Text: brackets in an answer are no markup
    _print(table)


def _print_details(details: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for label, value in _lines(details):
        table.add_row(Text(label, style="bold"), Text(value))
    _print(table)
    trials = [trial for trial in details["trials"] if isinstance(trial, dict)]
    if trials:
        _print("")
        _print(_trial_table(trials))


def _lines(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and value of what is known."""
    facts = ", ".join(f"{name}: {value}" for name, value in details["facts"].items())
    state = f"{details['state']}: {details['problem']}" if details["problem"] else details["state"]
    lines = [
        ("run", details["name"]),
        ("experiment", details["experiment"]),
        ("status", f"{state} ({facts})" if facts else state),
        ("created", details["created"]),
        ("updated", details["updated"]),
        ("config hash", details["config_hash"]),
        ("command", details["command"]),
        ("answer", details["headline"]),
        ("path", details["path"]),
        *(("plot", plot) for plot in details["plots"]),
        ("tensorboard", details["tensorboard"]),
    ]
    return [(label, str(value)) for label, value in lines if value]


def _trial_table(trials: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    metrics = [trial["metrics"] if isinstance(trial.get("metrics"), dict) else {} for trial in trials]
    names = list(dict.fromkeys(name for values in metrics for name in values))
    table = Table("trial", "seed", "status", *names, box=None, pad_edge=False)
    for trial, values in zip(trials, metrics, strict=True):
        cells = [str(trial.get(key, "")) for key in ("id", "seed", "status")]
        table.add_row(*(Text(cell) for cell in (*cells, *(_number(values.get(name)) for name in names))))
    return table


def _print(what: Any) -> None:
    """To stdout; where that is no terminal as wide as needed, so that nothing is cut off in a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=10_000)
    console.print(what)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)


def _age(created: datetime) -> str:
    """How long ago, in the largest unit that fits: `42 s`, `7 min`, `3 h`, `12 d`."""
    seconds = max((datetime.now(UTC) - created).total_seconds(), 0.0)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"

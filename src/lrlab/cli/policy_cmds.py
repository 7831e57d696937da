"""`lrlab policy ls` and `lrlab policy show NAME`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.inputs import print_json

if TYPE_CHECKING:
    from lrlab.policies.base import Policy

policy_app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="constant, range, onecycle or torch.")]
Overrides = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="For example policy.shape=cosine.")]
Steps = Annotated[int, typer.Option("--steps", min=1, help="Updates in all.")]
Lr = Annotated[
    float, typer.Option("--lr", min=1e-30, help="The optimizer's lr: constant's value, one-cycle's maximum.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Png = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Also draw it into a PNG.")]


@policy_app.command("ls")
def list_command(as_json: AsJson = False) -> None:
    """The policies a config can name."""
    from lrlab.registry import POLICIES

    if as_json:
        print_json([{"name": e.name, "summary": e.summary, "source": e.source} for e in POLICIES.values()])
        return
    for name, entry in POLICIES.items():
        typer.echo(f"{name:10}{entry.summary}{f'  [{entry.source}]' if entry.source else ''}")


@policy_app.command("show")
def show_command(
    name: Name,
    overrides: Overrides = None,
    steps: Steps = 80,
    lr: Lr = 1.0,
    png: Png = None,
    as_json: AsJson = False,
) -> None:
    """Draw a policy: lr and momentum over its steps, and the steps at which it turns."""
    from lrlab.config.load import load_config
    from lrlab.errors import UsageError
    from lrlab.policies.build import build_policy

    flags = [("NAME", "policy.name", name), ("--lr", "optimizer.lr", lr), ("--steps", "train.steps", steps)]
    config = load_config(None, list(enumerate(overrides or [], start=2)), flags=flags).config
    momentum = getattr(config.optimizer, "momentum", getattr(config.optimizer, "beta1", None))
    try:
        policy = build_policy(config.policy, total=steps, lr=lr, momentum=momentum)
    except ValueError as error:
        raise UsageError(f"policy {name} over {steps} steps: {error}") from error
    plot = _plot(policy, name, png) if png is not None else None
    if as_json:
        print_json(_json(policy, name, plot))
        return
    _print(policy)
    if plot is not None:
        typer.echo(f"plot   {plot}")


def _plot(policy: "Policy", name: str, png: Path) -> Path:
    from lrlab.report.policy_figure import policy_figure
    from lrlab.report.save import save_figure

    paths = save_figure(policy_figure(policy, title=f"Policy {name}"), png.parent, png.stem)
    return next(path for path in paths if path.suffix == ".png")


def _json(policy: "Policy", name: str, plot: Path | None) -> dict[str, Any]:
    hypers = [policy.at(step) for step in range(policy.total)]
    return {
        "name": name,
        "steps": policy.total,
        "lr": [hyper.lr for hyper in hypers],
        "momentum": [hyper.momentum for hyper in hypers],
        "knots": [
            {"step": knot.step, "lr": knot.lr, "momentum": knot.momentum, "label": knot.label}
            for knot in policy.knots()
        ],
        "plot": None if plot is None else str(plot),
    }


def _print(policy: "Policy") -> None:
    hypers = [policy.at(step) for step in range(policy.total)]
    typer.echo("learning rate")
    typer.echo(draw([h.lr for h in hypers]))
    momenta = [h.momentum for h in hypers if h.momentum is not None]
    if len(set(momenta)) > 1:
        typer.echo("\nmomentum")
        typer.echo(draw(momenta, rows=5))
    typer.echo(f"\n{'knot':10}{'step':>7}{'lr':>12}{'momentum':>10}")
    for knot in policy.knots():
        shown = f"{knot.momentum:.4g}" if knot.momentum is not None else "-"
        typer.echo(f"{knot.label:10}{knot.step:>7}{knot.lr:>12.4g}{shown:>10}")


def draw(values: Sequence[float], *, columns: int = 64, rows: int = 10) -> str:
    """A curve as text: one column per stretch of steps, eighths of a row where the terminal can show them."""
    eighths = " ▁▂▃▄▅▆▇█" if "utf" in (getattr(sys.stdout, "encoding", None) or "").lower() else "    ####"
    low, high = min(values), max(values)
    columns = min(columns, len(values))
    picked = [values[round(i * (len(values) - 1) / max(1, columns - 1))] for i in range(columns)]
    span = (high - low) or abs(high) or 1.0
    base = low if high > low else 0.0
    heights = [(v - base) / span * rows * 8 for v in picked]
    lines = []
    for row in reversed(range(rows)):
        cells = [eighths[min(len(eighths) - 1, max(0, round((h - 8 * row) * (len(eighths) - 1) / 8)))] for h in heights]
        label = f"{high:.3g}" if row == rows - 1 else f"{base:.3g}" if row == 0 else ""
        lines.append(f"{label:>9} |{''.join(cells).rstrip()}")
    return "\n".join(lines)

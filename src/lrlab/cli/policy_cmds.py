"""`lrlab policy ls` and `lrlab policy show NAME|CONFIG`."""

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.completion import words
from lrlab.errors import UsageError

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.policies.base import Policy
    from lrlab.policies.effective import MomentumForm

policy_app = typer.Typer(no_args_is_help=True)
Target = Annotated[
    str,
    typer.Argument(
        metavar="NAME|CONFIG",
        help="A policy (lrlab policy ls), or a config, whose policy is drawn.",
        autocompletion=words.policies_and_configs,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="For example policy.shape=cosine.", autocompletion=words.overrides),
]
Steps = Annotated[
    int | None, typer.Option("--steps", min=1, help="Updates in all; default: of the config's training, 80 for a NAME.")
]
StepsPerEpoch = Annotated[
    int | None, typer.Option("--steps-per-epoch", min=1, help="Updates in an epoch, for durations such as 5ep.")
]
Lr = Annotated[
    float | None,
    typer.Option("--lr", min=1e-30, help="The optimizer's lr; default: the config's, 1 for a NAME."),
]
Png = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Also draw it into a PNG.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print knots and every step's values as JSON.")]


@policy_app.command("ls")
def list_command(as_json: AsJson = False) -> None:
    """The policies a config can name."""
    from lrlab.registry import POLICIES

    if as_json:
        typer.echo(json.dumps([{"name": e.name, "summary": e.summary, "source": e.source} for e in POLICIES.values()]))
        return
    for name, entry in POLICIES.items():
        typer.echo(f"{name:17}{entry.summary}{f'  [{entry.source}]' if entry.source else ''}")


@policy_app.command("show")
def show_command(
    target: Target,
    overrides: Overrides = None,
    steps: Steps = None,
    steps_per_epoch: StepsPerEpoch = None,
    lr: Lr = None,
    png: Png = None,
    as_json: AsJson = False,
) -> None:
    """Draw a policy: lr, momentum and effective lr over its steps, and the steps at which it turns."""
    from lrlab.cli.inputs import announce

    loaded = _load(target, overrides or [], steps, lr)
    announce(loaded, verbose=False)
    policy, per_epoch = _policy(loaded, steps_per_epoch)
    form = _form(loaded.config.optimizer)
    plot = _draw_png(policy, form, f"Policy {loaded.config.policy.name}", png) if png is not None else None
    if as_json:
        typer.echo(json.dumps(_as_json(policy, form, loaded.config.policy.name, per_epoch, plot)))
        return
    from lrlab.cli.policy_text import describe

    for line in describe(policy, form, loaded.config.policy.name, per_epoch):
        typer.echo(line)
    if plot is not None:
        typer.echo(f"\nplot   {plot}")


def _load(target: str, overrides: list[str], steps: int | None, lr: float | None) -> "LoadedConfig":
    """The config that TARGET, the overrides and the options make together.

    Raises:
        UsageError: TARGET is neither a policy nor a file.
    """
    from lrlab.config.load import load_config
    from lrlab.registry import POLICIES, nearest

    is_config = Path(target).suffix in (".yaml", ".yml") or Path(target).is_file()
    if target not in POLICIES and not is_config:
        near = nearest(target, POLICIES)
        hint = f"did you mean {near!r}?" if near else "a config ends in .yaml"
        raise UsageError(f"{target!r} is neither a policy nor a config; there are: {', '.join(POLICIES)}", hint=hint)
    named = target in POLICIES
    path, first = (None, [f"policy.name={target}"]) if named else (Path(target), [])
    if named:
        steps, lr = steps or 80, lr or 1.0
    flags = [("--lr", "optimizer.lr", lr), ("--steps", "train.steps", steps)]
    arguments = list(enumerate([*first, *overrides], start=2 - len(first)))
    return load_config(path, arguments, flags=[flag for flag in flags if flag[2] is not None])


def _policy(loaded: "LoadedConfig", steps_per_epoch: int | None) -> tuple["Policy", Fraction | None]:
    """The policy over the config's training, and how many updates an epoch has where that is known.

    Raises:
        UsageError: the length of the training is not known before the data is read, or the policy does not fit it.
    """
    from lrlab.data.sizes import batches_per_epoch
    from lrlab.policies.build import build_policy

    config = loaded.config
    per_epoch = Fraction(steps_per_epoch) if steps_per_epoch is not None else None
    if per_epoch is None and loaded.path is not None:
        batches = batches_per_epoch(config.data)
        per_epoch = Fraction(batches, config.train.accumulate) if batches else None
    total = config.train.steps
    if total is None:
        if per_epoch is None:
            raise UsageError(
                f"how long {config.train.epochs} epochs of data.name={config.data.name} are shows when it is read",
                hint="pass --steps, or --steps-per-epoch",
            )
        total = int((config.train.epochs or 0) * per_epoch)
    optimizer = config.optimizer
    momentum = getattr(optimizer, "momentum", getattr(optimizer, "beta1", None))
    try:
        policy = build_policy(config.policy, total=total, lr=optimizer.lr, momentum=momentum, steps_per_epoch=per_epoch)
    except ValueError as error:
        hint = "or pass --steps-per-epoch" if "counts epochs" in str(error) else None
        raise UsageError(f"policy {config.policy.name} over {total} steps: {error}", hint=hint) from error
    return policy, per_epoch


def _form(optimizer: Any) -> "MomentumForm":
    """How momentum enters, from the optimizer's section."""
    form: MomentumForm = getattr(optimizer, "momentum_form", "torch" if hasattr(optimizer, "momentum") else "adam")
    return form


def _draw_png(policy: "Policy", form: "MomentumForm", title: str, png: Path) -> Path:
    from lrlab.report.policy_figure import policy_figure
    from lrlab.report.save import save_figure

    saved = save_figure(policy_figure(policy, form, title=title), png.parent, png.stem)
    return next(path for path in saved if path.suffix == ".png")


def _as_json(
    policy: "Policy", form: "MomentumForm", name: str, per_epoch: Fraction | None, plot: Path | None
) -> dict[str, Any]:
    from lrlab.policies.curve import sample
    from lrlab.policies.effective import effective_lr
    from lrlab.policies.spec import to_spec

    curve = sample(policy, form)
    return {
        "policy": name,
        "total": policy.total,
        "steps_per_epoch": float(per_epoch) if per_epoch is not None else None,
        "momentum_form": form,
        "momentum_cycled": curve.cycled,
        "spec": to_spec(policy),
        "knots": [
            {
                "label": knot.label,
                "step": knot.step,
                "lr": knot.lr,
                "momentum": knot.momentum,
                "lr_effective": effective_lr(knot.lr, knot.momentum, form),
            }
            for knot in policy.knots()
        ],
        "lr": curve.lrs,
        "momentum": curve.momenta,
        "lr_effective": curve.effective,
        "plot": str(plot) if plot is not None else None,
    }

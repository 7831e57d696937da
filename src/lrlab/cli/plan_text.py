"""`--dry-run`: the plan and its predicted cost, as text or JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from lrlab.cli.inputs import print_json

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.launch.experiment import Experiment
    from lrlab.launch.session import RunOptions


def print_plan(experiment: "Experiment", loaded: "LoadedConfig", options: "RunOptions", *, as_json: bool) -> None:
    """Plan, time a few steps, and print; no run folder is made."""
    from lrlab.launch.plan import make_plan

    plan = make_plan(experiment, loaded, options).to_json()
    if as_json:
        print_json(plan)
        return
    for label, text in _lines(plan, getattr(experiment, "outline", ())):
        typer.echo(f"{label:10}{text}")


def _lines(plan: dict[str, Any], outline: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    data, cost = plan["data"], plan["cost"]
    shape = "x".join(map(str, data["shape"]))
    images = f"{data['train']:,} training, {data['val']:,} validation, {data['test']:,} test images"
    seeds = ", ".join(dict.fromkeys(str(trial["seed"]) for trial in plan["trials"])) or "none"
    knots = [] if outline else plan["policy"]["knots"]
    which = "the first trial" if len(plan["lengths"]) > 1 else "a trial"
    lines = [
        ("trials", f"{len(plan['trials'])} to run (seeds {seeds}), {plan['done']} done, {plan['jobs']} at once"),
        *outline,
        *(("edited", f"{key}: {old} -> {new}") for key, (old, new) in plan["changes"].items()),
        ("data", f"{data['name']}, {shape}, {data['classes']} classes; {images}"),
        ("model", f"{plan['model']['name']}, {plan['model']['parameters']:,} parameters, on {plan['device']}"),
        *_length(plan),
        *(("policy" if i == 0 else "", _knot(plan, knot)) for i, knot in enumerate(knots)),
        ("cost", f"{_span(cost['trial'])} {which}, at {1e3 * cost['step']['seconds']:.3g} ms a step"),
        ("", f"{_span(cost['total'])} in all"),
    ]
    if cost["checkpoint_bytes"]["total"]:
        lines.append(("disk", f"{_size(cost['checkpoint_bytes']['trial'])} of checkpoints {which}"))
        lines.append(("", f"{_size(cost['checkpoint_bytes']['total'])} in all"))
    if plan["outlook"]:
        lines.append(("after", plan["outlook"]))
    if not data["present"]:
        lines.append(("note", f"{data['name']} is not there: timed on made-up images of the same shape"))
    lines.append(("note", "at most; predicted from a few steps, without the start of worker processes"))
    return lines


def _length(plan: dict[str, Any]) -> list[tuple[str, str]]:
    if len(plan["lengths"]) > 1:
        listing = ", ".join(f"{length['steps']:,} steps ({length['trials']} trials)" for length in plan["lengths"])
        return [("length", f"{listing}, batches of {plan['batch_size']}")]
    return [
        ("length", f"{plan['steps']:,} steps a trial, {plan['batches']:,} batches of {plan['batch_size']}"),
        ("", f"{plan['images']:,} images, {plan['epochs']:.3g} epochs of {plan['data']['batches']:,} batches"),
    ]


def _knot(plan: dict[str, Any], knot: dict[str, Any]) -> str:
    momentum = "" if knot["momentum"] is None else f", momentum {knot['momentum']:.4g}"
    return f"{plan['policy']['name']} {knot['label']}: step {knot['step']:,}, lr {knot['lr']:.4g}{momentum}"


def _span(cost: dict[str, float]) -> str:
    """For example `12.3 s (CPU 11.9 s)`."""
    return f"{_time(cost['seconds'])} (CPU {_time(cost['cpu_seconds'])})"


def _time(seconds: float) -> str:
    from lrlab.track.pace import clock

    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 100 else clock(seconds)


def _size(size: int) -> str:
    return f"{size / 1e6:.3g} MB"

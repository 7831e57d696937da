"""`lrlab data show`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lrlab.cli.completion import words
from lrlab.cli.inputs import announce, load
from lrlab.cli.tables import print_table

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.data.build import DataBundle
    from lrlab.data.facts import DataFacts

Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME|CONFIG|KEY=VALUE",
        help="A data set or a YAML config (default: the embedded digits), then overrides.",
        autocompletion=words.data_and_overrides,
    ),
]
Root = Annotated[Path | None, typer.Option("--root", help="Folder of data sets, for data.root.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def show_command(arguments: Arguments = None, root: Root = None, as_json: Json = False) -> None:
    """Load a data set as a training would: shape, splits, images per class, mean and std, fingerprint, storage."""
    loaded = _load(arguments or [], root)
    announce(loaded, verbose=False)
    import torch

    from lrlab.data.build import load_data

    bundle = load_data(loaded.config.data, seed=loaded.config.train.seed, device=torch.device("cpu"))
    if as_json:
        facts = {**asdict(bundle.facts), "shape": bundle.facts.shape, "classes": bundle.facts.classes}
        typer.echo(json.dumps({**facts, "steps_per_epoch": bundle.train.steps_per_epoch}, indent=2))
    else:
        _print(bundle)


def _load(arguments: Sequence[str], root: Path | None) -> "LoadedConfig":
    from lrlab.config.load import load_config
    from lrlab.registry import DATASETS

    flags = [("--root", "data.root", None if root is None else str(root))]
    if not arguments or arguments[0] not in DATASETS or Path(arguments[0]).is_file():
        return load(arguments, flags, resume=None, root=Path())
    given = [("NAME", "data.name", arguments[0]), *(flag for flag in flags if flag[2] is not None)]
    return load_config(None, list(enumerate(arguments[1:], start=2)), flags=given)


def _print(bundle: "DataBundle") -> None:
    facts, plan = bundle.facts, bundle.train.plan
    small, large = min(filter(None, facts.class_counts)), max(facts.class_counts)
    balanced = "drawn equally often" if plan.balance is not None else "drawn as they are"
    lines = {
        "name": facts.name,
        "shape": f"{facts.channels}x{facts.height}x{facts.width}, {facts.classes} classes",
        "images": ", ".join(f"{split} {sum(counts):,}" for split, counts in _counts(facts).items()),
        "epoch": f"{bundle.train.steps_per_epoch:,} batches of {plan.batch_size}",
        "classes": f"{small:,} to {large:,} training images each ({large / small:.3g} to 1), {balanced}",
        "mean": f"{_numbers(facts.mean)} ({facts.normalization})",
        "std": _numbers(facts.std),
        "storage": facts.storage,
        "sha256": facts.fingerprint,
    }
    for name, text in lines.items():
        typer.echo(f"{name:9}{text}")
    typer.echo()
    counts = _counts(facts)
    print_table(("class", *counts), zip(facts.class_names, *counts.values(), strict=True))


def _counts(facts: "DataFacts") -> dict[str, tuple[int, ...]]:
    """Images per class of each split there is."""
    counts = {"train": facts.class_counts, "val": facts.val_counts, "test": facts.test_counts}
    return {split: numbers for split, numbers in counts.items() if numbers}


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.4f}" for value in values)

"""`lrlab models ls` and `lrlab models show NAME|CONFIG`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.completion import words
from lrlab.cli.inputs import announce, split_arguments
from lrlab.cli.tables import print_table

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.models.summary import ModelSummary

models_app = typer.Typer(no_args_is_help=True)
Arguments = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME|CONFIG [KEY=VALUE]...",
        help="A model's name or a YAML config, then overrides, for example: resnet model.depth=20 data.name=cifar10.",
        autocompletion=words.models_and_overrides,
    ),
]
Classes = Annotated[int | None, typer.Option("--classes", min=2, help="Outputs; default: the classes of the data set.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@models_app.command("ls")
def list_command(as_json: AsJson = False) -> None:
    """The models a config can name, and where they come from."""
    from lrlab.registry import MODELS

    rows = [{"name": e.name, "summary": e.summary, "source": e.source} for e in MODELS.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        print_table(("name", "what", "source"), [tuple(row.values()) for row in rows])


@models_app.command("show")
def show_command(arguments: Arguments, classes: Classes = None, as_json: AsJson = False) -> None:
    """Show a model's layers: what they give out, their parameters and multiply-adds. Needs no images.

    Multiply-adds are those of convolutions and matrix products, for one image; biases, norms, activations,
    poolings and sums are not counted.
    """
    loaded = _load(arguments)
    announce(loaded, verbose=False)
    from lrlab.data.outline import image_shape
    from lrlab.models.summary import summarize_config

    config = loaded.config
    shape = image_shape(config.data)
    outputs = classes or _classes(config.data)
    summary = summarize_config(config.model, shape=shape, classes=outputs)
    if as_json:
        given = {"model": config.model.model_dump(), "data": config.data.name, "shape": shape, "classes": outputs}
        typer.echo(json.dumps({**given, **asdict(summary)}, indent=2))
        return
    options = " ".join(f"{key}={value}" for key, value in config.model.model_dump(exclude={"name"}).items())
    typer.echo(f"{config.model.name}  {options}")
    typer.echo(f"{_shape(shape)} images of {config.data.name}, {outputs} classes\n")
    _print(summary)


def _load(arguments: Sequence[str]) -> "LoadedConfig":
    """The config; a model's name counts as the override that sets it, so that its keys are checked with it."""
    from lrlab.config.load import load_config
    from lrlab.registry import MODELS

    first, *rest = arguments
    if first in MODELS:
        return load_config(None, list(enumerate((f"model.name={first}", *rest), start=1)))
    path, overrides = split_arguments(arguments)
    if path is not None and not path.exists() and path.suffix not in (".yaml", ".yml"):
        MODELS.resolve(first)  # refuses what is no name at all, with the nearest one
    return load_config(path, overrides)


def _classes(data: Any) -> int:
    from lrlab.data.outline import class_count
    from lrlab.errors import DataError

    try:
        return class_count(data)
    except DataError as error:
        hint = "set data.root to a folder with one folder of images per class, or say --classes N"
        raise DataError(error.message, hint=hint) from error


def _print(summary: "ModelSummary") -> None:
    header = ("layer", "kind", "output", "parameters", "multiply-adds")
    rows = [
        (layer.name, layer.kind, _shape(layer.output), _count(layer.parameters), _count(layer.multiply_adds))
        for layer in summary.layers
    ]
    rows.append(("total", "", "", _count(summary.parameters), _count(summary.multiply_adds)))
    print_table(header, rows, right=header[3:])
    mebibytes = 4 * summary.activations / 2**20
    typer.echo(f"\nper image: {summary.multiply_adds / 1e6:.4g} million multiply-adds (convolutions, matrix products),")
    typer.echo(f"{summary.activations:,} values from all layers, {mebibytes:.3g} MiB in fp32")


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "-"

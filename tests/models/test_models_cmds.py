"""`lrlab models` and `lrlab init` through the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lrlab.cli.app import app
from lrlab.errors import ConfigError, DataError, LrlabError, UsageError
from lrlab.registry import INITS, MODELS

RUN = CliRunner()


def answer(*arguments: str) -> str:
    result = RUN.invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def show(*arguments: str) -> dict[str, Any]:
    return json.loads(answer("models", "show", *arguments, "--json"))


def fails(*arguments: str) -> LrlabError:
    error = RUN.invoke(app, list(arguments)).exception
    assert isinstance(error, LrlabError), error
    return error


@pytest.fixture(autouse=True)
def no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No image anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LRLAB_DATA", raising=False)


@pytest.mark.parametrize(("group", "table"), [("models", MODELS), ("init", INITS)])
def test_ls_has_a_line_per_name(group: str, table: Any) -> None:
    rows = json.loads(answer(group, "ls", "--json"))
    assert [row["name"] for row in rows] == list(table)
    assert all(set(row) == {"name", "summary", "source"} for row in rows)
    lines = answer(group, "ls").splitlines()
    assert lines[0].split() == ["name", "what", "source"] and [line.split()[0] for line in lines[1:]] == list(table)


def test_resnet_20_on_cifar_without_its_files() -> None:
    found = show("resnet", "model.depth=20", "data.name=cifar10")
    assert (found["parameters"], found["multiply_adds"]) == (269_722, 40_551_040)
    assert found["shape"] == [3, 32, 32] and found["classes"] == 10 and found["data"] == "cifar10"
    assert found["model"] == {"name": "resnet", "depth": 20, "width": 16, "norm": "batch", "activation": "relu"}
    assert found["layers"][0] == {
        "name": "stem.conv", "kind": "Conv2d", "output": [16, 32, 32], "parameters": 432, "multiply_adds": 442_368,
    }  # fmt: skip


def test_the_table_lists_layers_in_order_and_totals() -> None:
    lines = answer("models", "show", "lenet", "data.name=mnist", "model.activation=relu").splitlines()
    assert lines[0] == "lenet  activation=relu pool=average"
    assert lines[1] == "1x28x28 images of mnist, 10 classes"
    rows = [line.split() for line in lines[3:-3]]
    assert rows[0] == ["layer", "kind", "output", "parameters", "multiply-adds"]
    assert rows[1] == ["features.conv1", "Conv2d", "6x28x28", "156", "117,600"]
    assert rows[2] == ["features.activation1", "ReLU", "6x28x28", "-", "-"]
    assert rows[-2] == ["head", "Linear", "10", "850", "840"]
    assert rows[-1] == ["total", "61,706", "416,520"]
    assert len({len(line) for line in lines[3:-3]}) == 1  # numbers end in one column
    assert "0.4165 million multiply-adds" in lines[-2] and "MiB in fp32" in lines[-1]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("data", ["digits", "mnist", "cifar10", "fake"])
def test_every_model_on_every_set_whose_shape_is_known(name: str, data: str) -> None:
    found = show(name, f"data.name={data}")
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"]) > 0


def test_made_up_images_have_the_shape_of_their_section() -> None:
    found = show("mlp", "data.name=fake", "data.image_size=6", "data.channels=3", "data.classes=5")
    assert (found["shape"], found["classes"]) == ([3, 6, 6], 5)


def test_a_config_stands_in_for_a_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("data:\n  name: mnist\nmodel:\n  name: mlp\n  depth: 1\n  width: 7\n")
    assert show(str(file))["parameters"] == 784 * 7 + 7 + 7 * 10 + 10
    assert show(str(file), "model.width=8", "--classes", "3")["parameters"] == 784 * 8 + 8 + 8 * 3 + 3
    assert show("model.name=mlp", "model.depth=0")["parameters"] == 650  # overrides of the embedded default


def test_an_image_folder_needs_a_size_and_classes(tmp_path: Path) -> None:
    error = fails("models", "show", "resnet", "data.name=imagefolder")
    assert isinstance(error, UsageError)
    assert error.message.startswith("data.name=imagefolder without data.image_size")
    assert error.hint == "set data.image_size, for example data.image_size=64"
    sized = ("data.name=imagefolder", "data.image_size=64", f"data.root={tmp_path / 'mine'}")
    error = fails("models", "show", "resnet", *sized)
    assert isinstance(error, DataError) and "looked in" in error.message and "--classes N" in str(error.hint)
    assert show("resnet", *sized, "--classes", "7")["layers"][-1]["output"] == [7]
    for name in ("cat", "dog", "eel"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        (tmp_path / "mine" / name / "1.png").touch()
    found = show("resnet", *sized)
    assert (found["shape"], found["classes"]) == ([3, 64, 64], 3)


def test_a_depth_that_is_no_resnet_lists_those_that_are() -> None:
    error = fails("models", "show", "resnet", "model.depth=18")
    assert isinstance(error, ConfigError)
    expected = "command line, argument 2: model.depth: there is no '18'; there are: 8, 14, 20, 26, 32, 38, 44, 50, 56"
    assert error.message.startswith(expected)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["rsenet"], "no model named 'rsenet'; there are: convnet, mlp, lenet, resnet", "did you mean 'resnet'?"),
        (["mine.yaml"], "there is no file", None),
        (["resnet", "model.dropout=0.1"], "model has no key 'dropout' (with name: resnet)", None),
        (["resnet", "mnist"], "'mnist' is not KEY=VALUE", None),
        (["resnet", "model.name=mlp"], "model.name is given twice", None),
        (["lenet", "data.name=fake", "data.image_size=4", "model.pool=mean"], "there is no 'mean'", None),
        (["resnet", "model.nrom=batch"], "did you mean 'norm'?", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_shown_is_said(arguments: list[str], message: str, hint: str | None) -> None:
    error = fails("models", "show", *arguments)
    assert isinstance(error, UsageError) and message in error.message
    assert hint is None or error.hint == hint


def test_a_scheme_that_does_not_exist_gets_the_nearest_name() -> None:
    message = fails("config", "show", "init.name=orthogonl").message
    assert "init.name: there is no 'orthogonl'" in message
    assert "did you mean 'orthogonal'? see: lrlab init ls" in message
    assert (
        "init has no key 'mode' (with name: normal)"
        in fails("config", "show", "init.name=normal", "init.mode=fan_in").message
    )
    assert "init.std must be above 0" in fails("config", "show", "init.name=normal", "init.std=0").message


@pytest.mark.parametrize("command", ["train", "range-test"])
def test_a_refused_scheme_stops_before_anything_is_written(command: str, tmp_path: Path) -> None:
    overrides = ("data.name=fake", "data.channels=3", "model.width=2", "init.name=delta_orthogonal")
    error = fails(command, *overrides)
    assert isinstance(error, UsageError)
    assert "layer 'features.0.conv' (Conv2d 3 -> 2, kernel 3x3) has fewer" in error.message
    assert list(tmp_path.iterdir()) == []

"""The schema for editors says what the loader says, as far as one file alone can show it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from draft7 import accepts

from lrlab.config.json_schema import config_schema
from lrlab.config.load import load_config
from lrlab.config.source import parse_layer
from lrlab.errors import ConfigError

ROOT = Path(__file__).parents[2]
SCHEMA = config_schema()
SHIPPED = sorted((ROOT / "configs").rglob("*.yaml"))


def editor_accepts(text: str) -> bool:
    return accepts(SCHEMA, parse_layer(text, "t.yaml").data, SCHEMA)


def loader_accepts(text: str, folder: Path) -> bool:
    path = folder / "t.yaml"
    path.write_text(text)
    try:
        load_config(path)
    except ConfigError:
        return False
    return True


GOOD = [
    "name: x",
    "schema_version: 1",
    "train: {steps: 5, epochs: null}",
    "model: {width: 8}",
    "model: {name: mlp, width: 8, depth: 0}",
    "optimizer: {lr: 1e-3}",
    "init: {name: xavier_uniform, gain: 2}",
    "policy: {name: torch, pct_start: 0.25}",
    "train: {checkpoint: {snapshots: [1, 2], every: 5}}",
    "plugins: {my_net: my_net:MyNet}\nmodel: {name: my_net, options: {width: 3}, activation: tanh}\n"
    "init: {name: kaiming_normal}",
    "plugins: {net: {target: 'a.b:C', folder: src}}\nmodel: {name: net}\ninit: {name: as_built}",
    "plugins: {set: 'a:b', loss: 'a:c'}\ndata: {name: set, batch_size: 8, options: {n: [1, {a: null}]}}\n"
    "train: {loss: loss}",
]
BAD = [
    "trian: {}",
    "schema_version: 2",
    "schema_version: x",
    "train: 5",
    "train: {epochs: 0}",
    "train: {epochs: true}",
    "train: {epochs: 5.5}",
    'train: {epochs: "5"}',
    "train: {seed: 4294967296}",
    "train: {device: gpu}",
    "train: {loss: mse}",
    "train: {checkpoint: {keep: 0}}",
    "optimizer: {lr: 0}",
    "data: {val_fraction: 0.6}",
    "data: {name: minst}",
    "data: {image_size: 8}",  # of another name
    "model: {name: mlp, norm: group}",
    "model: {norm: batchnorm}",
    "model: {options: {}}",
    "init: {name: as_built}",  # without a plugin there is nothing to leave as built
    "init: {name: torch, gain: 1}",
    "policy: {pct_start: 0.3}",
    "plugins: {net: 5}",
    "plugins: {net: no_colon}",
    "plugins: {'a b': 'a:b'}",
    "plugins: {net: {folder: x}}",
    "plugins: {net: 'a:b'}\nmodel: {name: net, width: 3}",
    "model: {name: 'os:system'}",
]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_are_valid(path: Path) -> None:
    assert editor_accepts(path.read_text())


@pytest.mark.parametrize("text", GOOD)
def test_what_loads_is_accepted(text: str, tmp_path: Path) -> None:
    assert loader_accepts(text, tmp_path) and editor_accepts(text)


@pytest.mark.parametrize("text", BAD)
def test_what_does_not_load_is_refused(text: str, tmp_path: Path) -> None:
    assert not loader_accepts(text, tmp_path) and not editor_accepts(text)


def test_a_file_that_extends_another_may_leave_out_names() -> None:
    assert editor_accepts("extends: base.yaml\npolicy: {pct_start: 0.3}\nmodel: {options: {width: 3}}")
    assert editor_accepts("extends: base.yaml\nmodel: {name: a_plugin_of_the_base}")
    assert not editor_accepts("extends: base.yaml\npolicy: {pct_strat: 0.3}")


def test_every_key_has_a_description() -> None:
    def fields(node: Any) -> Any:
        if isinstance(node, dict):
            for key, field in node.get("properties", {}).items():
                if "title" in field:
                    yield key, field
            for inner in node.values():
                yield from fields(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from fields(inner)

    found = list(fields(SCHEMA))
    assert len(found) > 80
    assert [key for key, field in found if not field.get("description") and key != "name"] == []
    assert all(field["title"] == key for key, field in found)


def test_units_are_said_and_are_no_keyword() -> None:
    train = SCHEMA["definitions"][SCHEMA["properties"]["train"]["allOf"][0]["$ref"].rpartition("/")[2]]
    assert train["properties"]["log_every"]["description"].endswith("Unit: steps.")
    assert '"unit"' not in json.dumps(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_modeline_of_a_shipped_config_leads_to_the_schema(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found is not None and (path.parent / found[1]).resolve() == ROOT / "schema" / "lrlab.schema.json"

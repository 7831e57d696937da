"""Plugins in a config: where they may be named, what the rest of the config then accepts; nothing is imported."""

import sys
from pathlib import Path
from typing import Any

import pytest

from lrlab.config.explain import config_hash, dump_resolved
from lrlab.config.load import load_config
from lrlab.config.plugins import import_flags
from lrlab.config.schema import Config, schema_for
from lrlab.errors import ConfigError


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


NET = "plugins: {my_net: my_net:MyNet}\nmodel: {name: my_net, options: {width: 3}}\n"


def fails(tmp_path: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, "a.yaml", text), overrides)
    return str(caught.value)


def test_a_name_in_plugins_is_a_name_of_a_model_a_data_set_and_a_loss(tmp_path: Path) -> None:
    text = "plugins: {mine: a.b:C.d}\nmodel: {name: mine}\ndata: {name: mine, batch_size: 5}\ntrain: {loss: mine}\n"
    config = load_config(write(tmp_path, "a.yaml", text)).config
    assert config.model.name == config.data.name == config.train.loss == "mine"
    assert config.data.batch_size == 5  # what all data sets share, a plugin's has too
    assert config.init.name == "as_built"


def test_nothing_is_imported_and_nothing_but_plugins_names_code(tmp_path: Path) -> None:
    (tmp_path / "poison.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    load_config(write(tmp_path, "a.yaml", "plugins: {p: poison:x}\nmodel: {name: p}\n"))
    assert "there is no 'poison:x'" in fails(tmp_path, "model: {name: 'poison:x'}\n")
    assert "has no key 'target'" in fails(tmp_path, NET + "data: {target: 'poison:x'}\n")
    assert not (tmp_path / "owned").exists() and "poison" not in sys.modules


def test_the_folder_is_that_of_the_file_that_names_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "base", "base.yaml", "plugins: {one: m:A, far: {target: 'm:B', folder: ../lib}}\n")
    child = write(tmp_path / "child", "a.yaml", "extends: ../base/base.yaml\nplugins: {two: m:C}\n")
    loaded = load_config(child, flags=import_flags(["three=m:D"]))
    folders = {name: plugin.folder for name, plugin in loaded.config.plugins.items()}
    expected = {"one": "base", "far": "lib", "two": "child", "three": ""}
    assert folders == {name: str(tmp_path / folder) for name, folder in expected.items()}
    assert loaded.origins["plugins.three"] == "--import three=m:D"


def test_a_config_reached_by_a_link_looks_beside_the_file_itself(tmp_path: Path) -> None:
    write(tmp_path / "real", "base.yaml", "train: {seed: 7}\n")
    real = write(tmp_path / "real", "a.yaml", "extends: base.yaml\n" + NET)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    loaded = load_config(link).config
    assert loaded.train.seed == 7 and loaded.plugins["my_net"].folder == str(tmp_path / "real")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plugins: {convnet: 'a:b'}", ["a.yaml:1:20", "'convnet' is the name of a built-in model"]),
        ("plugins: {mnist: 'a:b'}", ["built-in data set"]),
        ("plugins: {cross_entropy: 'a:b'}", ["built-in loss"]),
        ("plugins: {adam: 'a:b'}", ["built-in optimizer"]),
        ("plugins: {'my net': 'a:b'}", ["'my net' is not a word"]),
        ("plugins: {n: just_a_module}", ["a.yaml:1:14", "package.module:attribute", "got just_a_module"]),
        ("plugins: {n: 'a:b:c'}", ["package.module:attribute"]),
        ("plugins: {n: 5}", ["package.module:attribute", "got 5"]),
        ("plugins: {n: {folder: x}}", ["plugins.n.target is missing"]),
        ("plugins: {n: {targt: 'a:b'}}", ["plugins.n has no key 'targt'", "did you mean 'target'?"]),
        ("plugins: {n: {target: 'a:b', folder: 3}}", ["plugins.n.folder must be text; got 3"]),
        ("plugins: 5", ["plugins must be a section of keys"]),
        (NET + "init: {name: as_buit}", ["did you mean 'as_built'?"]),
        (
            "plugins: {my_net: 'a:b'}\nmodel: {name: my_nett}",
            ["did you mean 'my_net'?", "convnet, lenet, mlp, my_net, resnet"],
        ),
        ("plugins: {my_loss: 'a:b'}\ntrain: {loss: my_los}", ["did you mean 'my_loss'?"]),
        (
            "plugins: {m: 'a:b'}\nmodel: {name: m, width: 3}",
            ["a.yaml:2:18", "no key 'width' (with name: m)", "options"],
        ),
        ("plugins: {m: 'a:b'}\nmodel: {name: m, options: {a b: 3}}", ["'a b' is not the name of a keyword"]),
        ("plugins: {m: 'a:b'}\nmodel: {name: m, options: {a: [1, .inf]}}", ["a must be finite"]),
        ("model: {name: mine}", ["a network of your own is named in plugins"]),
        ("init: {name: as_built}", ["there is no 'as_built'"]),
    ],
)
def test_faults_have_a_place_and_a_sentence(tmp_path: Path, text: str, words: list[str]) -> None:
    message = fails(tmp_path, text + "\n")
    assert all(word in message for word in words), message


@pytest.mark.parametrize("text", ["my_net", "my_net=", "=a:b", "a.b=c:d", "a b=c:d"])
def test_an_import_that_is_none_names_its_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--import .* is not NAME=MODULE:ATTRIBUTE"):
        import_flags([text])


def test_imports_are_checked_like_the_section() -> None:
    with pytest.raises(ConfigError, match="imported twice"):
        import_flags(["a=m:A", "a=m:B"])
    with pytest.raises(ConfigError, match=r"--import n=m: plugins.n must be package.module:attribute; got m"):
        load_config(None, flags=import_flags(["n=m"]))


def test_a_plugin_that_nothing_uses_is_noted(tmp_path: Path) -> None:
    (note,) = load_config(write(tmp_path, "a.yaml", "plugins: {spare: 'a:b'}\n")).notes
    assert "plugins.spare" in note and "a.yaml:1:18" in note and "nothing uses it" in note


def test_switching_to_a_plugin_and_between_plugins(tmp_path: Path) -> None:
    text = "plugins: {one: m:A, two: m:B}\nmodel: {name: one, options: {width: 3}, activation: tanh}\n"
    path = write(tmp_path, "a.yaml", text + "init: {name: kaiming_normal}\n")
    loaded = load_config(path, ["model.name=two", "model.options.depth=2"])
    model: Any = loaded.config.model
    assert model.options == {"depth": 2} and model.activation == "tanh"
    assert any("model.options" in note and "model.name is now two" in note for note in loaded.notes)
    back = load_config(path, ["model.name=mlp"])
    assert back.config.model.name == "mlp" and any("model.options" in note for note in back.notes)


def test_an_init_that_is_asked_for_is_kept(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "a.yaml", NET + "init: {gain: 2}\n")).config.init.name == "kaiming_normal"
    assert load_config(write(tmp_path, "a.yaml", NET)).config.init.name == "as_built"
    assert load_config(None).config.init.name == "kaiming_normal"


def test_resolved_text_loads_to_the_same_config(tmp_path: Path) -> None:
    options = "options: {widths: [1, 'ä'], deep: {'a b': 1, no: null}, empty: {}, big: 1e16}"
    loaded = load_config(write(tmp_path, "a.yaml", NET.replace("options: {width: 3}", options)))
    again = load_config(write(tmp_path / "elsewhere", "resolved.yaml", dump_resolved(loaded)))
    assert again.config == loaded.config and config_hash(again.config) == config_hash(loaded.config)


def test_the_hash_is_of_what_is_asked_for_not_of_where_it_lies(tmp_path: Path) -> None:
    def hash_of(folder: str, text: str) -> str:
        return config_hash(load_config(write(tmp_path / folder, "a.yaml", text)).config)

    assert hash_of("one", NET) == hash_of("two", NET)
    assert hash_of("one", NET) != hash_of("one", NET.replace("MyNet", "Other"))
    assert hash_of("one", NET) != hash_of("one", NET.replace("width: 3", "width: 4"))


def test_the_schema_is_made_once_per_set_of_names() -> None:
    assert schema_for(frozenset()) is Config
    assert schema_for(frozenset({"a", "b"})) is schema_for(frozenset({"b", "a"})) is not Config
    data = load_config(None, flags=[*import_flags(["s=m:S"]), ("", "data.name", "s")]).config.data
    assert hash(data) == hash(data.model_copy())  # what has been read is kept by its section


def test_label_smoothing_belongs_to_cross_entropy(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("plugins: {my_loss: 'a:b'}\ntrain: {loss: my_loss, label_smoothing: 0.1}\n")
    with pytest.raises(ConfigError, match=r"label_smoothing=0\.1 is cross-entropy.s; train\.loss=my_loss"):
        load_config(path)
    path.write_text("train: {label_smoothing: 0.1}\n")
    assert load_config(path).config.train.label_smoothing == 0.1

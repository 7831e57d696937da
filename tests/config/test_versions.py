"""Fault 12: `schema_version` newer is refused, older is migrated in memory with a note."""

from pathlib import Path
from typing import Any

import pytest

from lrlab.config import versions
from lrlab.config.explain import dump_resolved
from lrlab.config.load import load_config
from lrlab.config.source import Layer
from lrlab.config.versions import move_key
from lrlab.errors import ConfigError


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.fixture
def version_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """A next version, in which `train.passes` has become `train.epochs` and the section `setup` is `init`."""

    def first_migration(layer: Layer) -> tuple[Layer, list[str]]:
        layer, one = move_key(layer, "train.passes", "train.epochs")
        layer, two = move_key(layer, "setup", "init")
        return layer, [*one, *two]

    monkeypatch.setattr(versions, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(versions.MIGRATIONS, 1, first_migration)


def test_newer_is_refused_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "name: x\nschema_version: 2\n")
    with pytest.raises(ConfigError, match=r"a.yaml:2:17: schema_version=2 is newer.*reads up to 1"):
        load_config(path)
    child = write(tmp_path, "b.yaml", "extends: a.yaml\n")
    with pytest.raises(ConfigError, match=r"a.yaml:2:17"):
        load_config(child)


@pytest.mark.parametrize("written", ["0", "-1", "one", "true", "1.5"])
def test_what_is_no_version_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigError, match=r"a.yaml:1:17: schema_version must be"):
        load_config(write(tmp_path, "a.yaml", f"schema_version: {written}\n"))


def test_present_and_absent_say_nothing(tmp_path: Path) -> None:
    for text in ("schema_version: 1\n", "name: x\n"):
        loaded = load_config(write(tmp_path, "a.yaml", text))
        assert loaded.notes == () and loaded.config.schema_version == 1
    assert "schema_version: 1" in dump_resolved(loaded)


@pytest.mark.usefixtures("version_2")
@pytest.mark.parametrize("head", ["", "schema_version: 1\n"])
def test_older_is_migrated_with_a_note_and_errors_name_the_written_place(tmp_path: Path, head: str) -> None:
    path = write(tmp_path, "a.yaml", f"{head}train:\n  passes: 3\nsetup: {{name: torch}}\n")
    loaded = load_config(path)
    assert loaded.config.train.epochs == 3 and loaded.config.init.name == "torch"
    (note,) = loaded.notes
    assert "a.yaml is schema version 1, read as version 2" in note
    assert "train.passes is now train.epochs" in note and "setup is now init" in note
    assert "passes" in path.read_text()  # in memory only
    line = len(head.splitlines()) + 2
    assert loaded.origins["train.epochs"].endswith(f"a.yaml:{line}:11")
    with pytest.raises(ConfigError, match=rf"a.yaml:{line}:11: train.epochs must be at least 1; got 0"):
        load_config(write(tmp_path, "a.yaml", f"{head}train:\n  passes: 0\n"))


@pytest.mark.usefixtures("version_2")
def test_layers_of_different_versions_extend_each_other(tmp_path: Path) -> None:
    write(tmp_path, "old.yaml", "train: {passes: 3, seed: 5}\n")
    loaded = load_config(write(tmp_path, "new.yaml", "schema_version: 2\nextends: old.yaml\ntrain: {epochs: 4}\n"))
    assert (loaded.config.train.epochs, loaded.config.train.seed) == (4, 5)
    assert len(loaded.notes) == 1 and "old.yaml" in loaded.notes[0]


@pytest.mark.usefixtures("version_2")
def test_the_new_version_does_not_know_the_old_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="train has no key 'passes'"):
        load_config(write(tmp_path, "a.yaml", "schema_version: 2\ntrain: {passes: 3}\n"))


@pytest.mark.usefixtures("version_2")
def test_a_note_where_the_version_is_written_and_none_where_nothing_changed(tmp_path: Path) -> None:
    assert "nothing in it changed" in load_config(write(tmp_path, "a.yaml", "schema_version: 1\n")).notes[0]
    assert load_config(write(tmp_path, "a.yaml", "name: x\n")).notes == ()


def test_every_version_before_this_one_has_a_migration() -> None:
    assert set(versions.MIGRATIONS) == set(range(1, versions.SCHEMA_VERSION))


def test_moving_a_key_that_is_not_there_changes_nothing() -> None:
    layer = Layer({"train": 5, "name": "x"})
    moved: Any = move_key(layer, "train.passes", "train.epochs")
    assert moved == (layer, [])

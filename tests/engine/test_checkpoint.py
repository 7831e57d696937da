"""Checkpoints: whole or not there, checked before they are trusted."""

import json
import os
import pickle
from pathlib import Path

import pytest
import torch

from lrlab.engine import checkpoint
from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.errors import CheckpointError


def state(value: float) -> dict[str, object]:
    return {"model": {"w": torch.full((3,), value)}, "progress": {"step": int(value)}}


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "checkpoints", keep=2)


def names(store: CheckpointStore) -> list[str]:
    return sorted(p.name for p in store.folder.iterdir())


def test_the_last_k_stay_and_the_others_are_outside_that_count(store: CheckpointStore) -> None:
    store.save_initial({"w": torch.zeros(3)})
    store.save_snapshot(1, {"w": torch.ones(3)})
    for step in range(1, 6):
        store.save_step(step, state(step))
        if step in (2, 4):
            store.save_best(step, state(step))
    assert names(store) == ["best-00000004", "initial", "snapshot-00000001", "step-00000004", "step-00000005"]
    latest = store.latest()
    assert latest is not None and latest[0]["progress"]["step"] == 5 and latest[1] == []
    best = store.best()
    assert best is not None and best["progress"]["step"] == 4


def test_there_may_be_none(store: CheckpointStore) -> None:
    assert store.latest() is None and store.best() is None


def test_one_flipped_bit_is_noticed_and_the_one_before_is_used(store: CheckpointStore) -> None:
    store.save_step(1, state(1))
    file = store.save_step(2, state(2)) / "state.pt"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    latest = store.latest()
    assert latest is not None and latest[0]["progress"]["step"] == 1
    assert len(latest[1]) == 1 and "sha256" in latest[1][0]


@pytest.mark.parametrize("harm", ["truncate", "no manifest", "no state", "manifest is a list"])
def test_other_damage_is_named(store: CheckpointStore, harm: str) -> None:
    path = store.save_step(1, state(1))
    if harm == "truncate":
        os.truncate(path / "state.pt", 100)
    elif harm == "manifest is a list":
        (path / "manifest.json").write_text("[]")
    else:
        (path / ("manifest.json" if harm == "no manifest" else "state.pt")).unlink()
    with pytest.raises(CheckpointError, match="no checkpoint is whole"):
        store.latest()


def test_a_newer_format_is_refused(store: CheckpointStore) -> None:
    path = store.save_step(1, state(1))
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(CheckpointError, match="format 99"):
        load_checkpoint(path)


def test_a_checkpoint_that_carries_code_is_refused(store: CheckpointStore, tmp_path: Path) -> None:
    import hashlib

    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "owned"),)

    path = store.save_step(1, state(1))
    torch.save(Payload(), path / "state.pt", pickle_module=pickle)
    data = (path / "state.pt").read_bytes()
    manifest = {"format": 1, "step": 1, "files": {"state.pt": hashlib.sha256(data).hexdigest()}}
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="refused"):
        load_checkpoint(path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("failing", ["_write_synced", "sync_folder"])
def test_a_write_that_fails_keeps_what_was_there(
    store: CheckpointStore, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save_step(1, state(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, failing, full)
    with pytest.raises(OSError, match="No space"):
        store.save_step(2, state(2))
    monkeypatch.undo()
    latest = store.latest()
    assert latest is not None
    assert latest[0]["progress"]["step"] == 1
    assert names(store) == ["step-00000001"]  # half a checkpoint would only take room
    store.save_step(2, state(2))
    assert names(store) == ["step-00000001", "step-00000002"]


def test_the_same_step_can_be_saved_again(store: CheckpointStore) -> None:
    store.save_step(3, state(3))
    store.save_step(3, state(3))
    assert names(store) == ["step-00000003"]

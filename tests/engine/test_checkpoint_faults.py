"""Faults 17, 20 and 22: the plug pulled between any two writes, a disk that fills up, bits that rot.

What a SIGKILL leaves is what is on disk at that instant, so a photograph of the folder at each fault point stands
for a kill there; `test_kill.py` does it for real.
"""

import errno
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lrlab.engine import checkpoint, faultpoint
from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.errors import CheckpointError

POINTS = ["folder made", "state written", "manifest written", "in place", "done"]


def state(value: float) -> dict[str, Any]:
    return {"model": {"w": torch.full((3,), value)}, "progress": {"step": int(value)}}


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "checkpoints", keep=2)


@pytest.fixture
def photographs(store: CheckpointStore, tmp_path: Path) -> Iterator[list[tuple[str, CheckpointStore]]]:
    """The disk at each fault point reached so far, by the point's name."""
    taken: list[tuple[str, CheckpointStore]] = []
    numbers = itertools.count()

    def take(name: str) -> None:
        copy = tmp_path / f"photograph-{next(numbers)}"
        shutil.copytree(store.folder, copy)
        taken.append((name, CheckpointStore(copy, store.keep)))

    faultpoint.hook = take
    yield taken
    faultpoint.hook = None


def newest(store: CheckpointStore) -> int:
    found = store.latest()
    assert found is not None and found[1] == []  # nothing that looks like damage
    step = int(found[0]["progress"]["step"])
    assert torch.equal(found[0]["model"]["w"], torch.full((3,), float(step)))
    return step


def names(store: CheckpointStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_killed_between_any_two_writes_the_newest_whole_checkpoint_loads(
    store: CheckpointStore, photographs: list[tuple[str, CheckpointStore]]
) -> None:
    for step in range(1, 5):
        store.save_step(step, state(step))
    assert [name for name, _ in photographs] == POINTS * 4
    for i, (name, then) in enumerate(photographs):
        before, after = i // len(POINTS), i // len(POINTS) + 1
        if name in ("in place", "done"):
            assert newest(then) == after
        elif before:
            assert newest(then) == before
        else:
            assert then.latest() is None


def test_what_is_left_behind_is_named_removed_and_not_counted(
    store: CheckpointStore, photographs: list[tuple[str, CheckpointStore]]
) -> None:
    for step in range(1, 5):
        store.save_step(step, state(step))
    (then,) = [then for name, then in photographs[-len(POINTS) :] if name == "state written"]
    assert [path.name for path in then.steps()] == ["step-00000002", "step-00000003"]  # keep 2, both still there
    assert then.clear() == [".tmp-step-00000004"] and then.clear() == []
    assert names(then) == ["step-00000002", "step-00000003"]


@pytest.mark.parametrize("kind", ["step", "best"])
def test_replacing_a_checkpoint_of_the_same_name_never_leaves_none(
    kind: str, store: CheckpointStore, photographs: list[tuple[str, CheckpointStore]]
) -> None:
    """After a resume the same step comes again; between its two renames neither has its name."""
    store.keep = 1
    save: Callable[..., Path] = store.save_step if kind == "step" else store.save_best
    save(7, state(7))
    photographs.clear()
    save(7, state(7))
    faultpoint.hook = None
    assert [name for name, _ in photographs] == [*POINTS[:3], "former one aside", *POINTS[3:]]
    for _, then in photographs:
        found = then.latest() if kind == "step" else (then.best(), [])
        assert found is not None and found[0] is not None and found[0]["progress"]["step"] == 7
        then.save_step(8, state(8))  # and writing goes on
        assert not any(name.startswith((".tmp", ".old")) for name in names(then))


def full(monkeypatch: pytest.MonkeyPatch, attempts: int, number: int = errno.ENOSPC) -> None:
    """So many writes fail."""
    left, honest = [attempts], checkpoint._write_synced

    def refuse(path: Path, data: bytes) -> None:
        if left[0]:
            left[0] -= 1
            path.write_bytes(data[:10])
            raise OSError(number, os.strerror(number))
        honest(path, data)

    monkeypatch.setattr(checkpoint, "_write_synced", refuse)


def test_making_room_keeps_the_newest_alone(store: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in (1, 2):
        store.save_step(step, state(step))
    (store.folder / ".tmp-step-00000009").mkdir()
    store.save_best(1, state(1))
    (store.folder / ".tmp-best-00000009").mkdir()
    store.make_room()
    assert names(store) == ["best-00000001", "step-00000002"]
    full(monkeypatch, 1)
    with pytest.raises(OSError):
        store.save_step(3, state(3))
    assert names(store) == ["best-00000001", "step-00000002"] and newest(store) == 2


def test_a_rename_that_fails_puts_the_former_one_back(store: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save_step(5, state(5))
    honest = os.rename

    def refuse(source: Any, target: Any) -> None:
        if Path(source).name.startswith(".tmp-"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        honest(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OSError):
        store.save_step(5, state(5))
    monkeypatch.undo()
    assert names(store) == ["step-00000005"] and newest(store) == 5


HARMS: dict[str, Callable[[Path], None]] = {
    "a bit flipped": lambda path: flip(path / "state.pt"),
    "truncated": lambda path: os.truncate(path / "state.pt", 100),
    "empty": lambda path: os.truncate(path / "state.pt", 0),
    "a file deleted": lambda path: (path / "state.pt").unlink(),
    "no manifest": lambda path: (path / "manifest.json").unlink(),
    "a bit of the manifest flipped": lambda path: flip(path / "manifest.json"),
}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", list(HARMS))
def test_damage_is_named_and_the_one_before_is_used(harm: str, store: CheckpointStore) -> None:
    store.save_step(1, state(1))
    path = store.save_step(2, state(2))
    HARMS[harm](path)
    found = store.latest()
    assert found is not None and found[0]["progress"]["step"] == 1
    (problem,) = found[1]
    assert "step-00000002" in problem


def test_a_damaged_one_set_aside_no_longer_counts(store: CheckpointStore) -> None:
    store.save_step(2, state(2))
    HARMS["truncated"](store.save_step(20, state(20)))
    store.set_aside_after(2)
    store.keep = 1
    store.save_step(3, state(3))
    assert newest(store) == 3 and ".damaged-step-00000020" in names(store)


def test_rotation_never_removes_the_one_just_written(store: CheckpointStore) -> None:
    """Step 20 sorts last: counting by name alone would drop step 3."""
    store.keep = 1
    store.save_step(20, state(20))
    store.save_step(3, state(3))
    assert load_checkpoint(store.folder / "step-00000003")


def test_every_checkpoint_damaged_is_an_error_that_names_each(store: CheckpointStore) -> None:
    for step in (1, 2):
        HARMS["truncated"](store.save_step(step, state(step)))
    with pytest.raises(CheckpointError, match=r"step-00000002.*step-00000001") as caught:
        store.latest()
    assert caught.value.exit_code == 7

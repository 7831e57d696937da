"""DataLoader workers that raise, die, hang or run out: one sentence, at the next batch, soon."""

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from lrlab.data import load_data
from lrlab.data.normalize import Normalize
from lrlab.data.source import BatchPlan, Finish
from lrlab.data.stream import StreamSource
from lrlab.data.workers import worker_error
from lrlab.errors import DataError, ExitCode, ResourceError

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]


@dataclass
class Odd:
    """16 images; reading row 9 in a worker does something."""

    act: Callable[[], Any]
    shape = (1, 2, 2)
    labels = torch.arange(16) % 2

    def read(self, rows: Sequence[int]) -> torch.Tensor:
        if 9 in rows and get_worker_info() is not None:
            self.act()
        return torch.zeros(len(rows), 1, 2, 2, dtype=torch.uint8)


def stream(act: Callable[[], Any], workers: int = 1) -> StreamSource:
    """Batches of 4, in order: row 9 is in the third."""
    finish = Finish(Normalize((0.0,), (1.0,), CPU))
    return StreamSource(Odd(act), torch.arange(16), BatchPlan(16, 4), finish, CPU, workers)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def failure(source: StreamSource, kind: type[Exception]) -> Any:
    """What the first epoch ends with, after two batches at most: a worker that dies takes what it read ahead along."""
    got = []
    with pytest.raises(kind) as caught:
        for _, targets in source.batches(0):
            got.append(targets.tolist())
    assert got in ([], [[0, 1, 0, 1]], [[0, 1, 0, 1]] * 2)
    return caught.value


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_damaged_while_training_is_named(section: Section, small_folder: Path, workers: int) -> None:
    cfg = section("imagefolder", root=str(small_folder), storage="stream", workers=workers, val_fraction=0.0)
    source = load_data(cfg, seed=0, device=CPU).train
    file = small_folder / "train" / "class1" / "005.png"
    file.write_bytes(b"not an image")
    with pytest.raises(DataError) as caught:
        list(source.batches(0))
    assert caught.value.message.startswith(f"cannot read image {file}: ")
    assert caught.value.hint == "replace the file or remove it"  # the message alone, no worker's traceback in it
    assert caught.value.exit_code == ExitCode.DATA


@pytest.mark.parametrize("workers", [1, 2])
def test_what_users_code_raises_in_a_worker_is_named_with_rows_reason_and_place(workers: int) -> None:
    def broken() -> None:
        raise ValueError("no such\npixel")

    error = failure(stream(broken, workers), DataError)
    assert error.message.startswith("images 8, 9, 10, 11 of Odd cannot be read: ValueError: no such pixel (")
    assert f"{__file__}:" in error.message


@pytest.mark.parametrize("act", [die, lambda: os._exit(3)])
def test_a_worker_that_dies_is_reported_soon(act: Callable[[], None]) -> None:
    began = time.monotonic()
    error = failure(stream(act), ResourceError)
    assert time.monotonic() - began < 30  # far below the patience of 300 s
    assert error.message.startswith("data workers failed: DataLoader worker (pid")
    assert "data.workers" in error.hint
    assert error.exit_code == ExitCode.RESOURCE


@pytest.mark.parametrize(("act", "kind"), [(die, ResourceError), (lambda: 1 / 0, DataError)])
def test_an_error_that_is_kept_keeps_no_workers(act: Callable[[], Any], kind: type[Exception]) -> None:
    """They would be inherited by the workers of the next epoch, where torch shuts them down again, with complaints."""
    kept = failure(stream(act), kind)
    assert kept.__traceback__ is not None
    assert not [thing for thing in gc.get_objects() if type(thing).__name__ == "_MultiProcessingDataLoaderIter"]


def test_a_death_between_two_batches_does_not_fall_into_the_training() -> None:
    batches = stream(die).batches(0)
    next(batches)  # the worker reads on, and dies of the third batch
    busy(1.0)
    with pytest.raises(ResourceError, match="data workers failed"):
        list(batches)


def test_without_lrlab_it_would() -> None:
    loader = iter(DataLoader(Plain(), batch_size=None, num_workers=1))
    next(loader)
    with pytest.raises(RuntimeError, match="DataLoader worker"):
        busy(10.0)
    del loader
    gc.collect()


class Plain(Dataset[Any]):
    """Anybody's data set, whose worker dies of its second item."""

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> int:
        if index == 1:
            time.sleep(0.2)
            die()
        return index


def busy(seconds: float) -> None:
    """An update of the training."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


def test_a_worker_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrlab.data.stream.WORKER_TIMEOUT", 1.0)
    error = failure(stream(lambda: time.sleep(600)), ResourceError)
    assert "timed out after 1" in error.message
    assert error.hint.startswith("is the disk of data.root slow or gone?")


def test_shared_memory_that_runs_out_is_said_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")

    monkeypatch.setattr(torch.Tensor, "share_memory_", full)
    with pytest.raises(ResourceError, match="No space left on device") as caught:
        next(stream(lambda: None).batches(0))
    assert caught.value.hint is not None and "--shm-size" in caught.value.hint


SAID = [
    ("DataLoader worker (pid 7) is killed by signal: Killed. ", "memory of the machine"),
    ("DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that ...", "--shm-size"),
    ("received 0 items of ancdata", "ulimit -n"),
    ("DataLoader timed out after 300 seconds", "slow or gone"),
    ("[Errno 12] Cannot allocate memory", "memory of the machine"),
    ("something new", "data.workers=0"),
]


@pytest.mark.parametrize(("text", "advice"), SAID)
def test_each_failure_of_the_machinery_has_its_advice(text: str, advice: str) -> None:
    error = worker_error(RuntimeError(text))
    assert error.message.startswith(f"data workers failed: {text.strip().rstrip('.')}")
    assert error.hint is not None and advice in error.hint


def test_workers_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Iterator[Any]:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(DataLoader, "__iter__", refuse)
    with pytest.raises(ResourceError, match="Resource temporarily unavailable"):
        next(stream(lambda: None).batches(0))


def test_ctrl_c_is_left_to_the_training(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    list(stream(lambda: seen.write_text(str(signal.getsignal(signal.SIGINT) is signal.SIG_IGN))).batches(0))
    assert seen.read_text() == "True"
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_of_two_open_sources_the_one_asked_next_says_it_and_then_others_are_heard_again() -> None:
    first, second = stream(lambda: None).batches(0), stream(die).batches(0)
    next(first), next(second)
    busy(1.0)
    with pytest.raises(ResourceError, match="killed by signal"):
        next(first)
    second.close()
    test_without_lrlab_it_would()  # with no source open, torch's handler is heard at once

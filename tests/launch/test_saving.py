"""Fault 20: a disk that is full, over quota or broken costs checkpoints, never the training."""

import errno
import os
from pathlib import Path

import pytest
from trainings import same, spec_of, train

from lrlab.engine import checkpoint
from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.launch.assemble import assemble
from lrlab.launch.saving import Saver
from lrlab.launch.training import Training


def full_from(monkeypatch: pytest.MonkeyPatch, write: int, until: int, number: int = errno.ENOSPC) -> None:
    """Writes number `write` to `until - 1` (two to a checkpoint) are refused after a few bytes."""
    honest, count = checkpoint._write_synced, [0]

    def refuse(path: Path, data: bytes) -> None:
        count[0] += 1
        if write <= count[0] < until:
            path.write_bytes(data[:10])
            raise OSError(number, os.strerror(number))
        honest(path, data)

    monkeypatch.setattr(checkpoint, "_write_synced", refuse)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_training_goes_on_and_the_old_checkpoint_stays(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = spec_of("train.checkpoint.every=3", "train.validate_every=100")
    straight = train(spec, None)
    full_from(monkeypatch, 5, 10**6, number)  # `initial` and the checkpoint of step 3 are written
    ended = train(spec, tmp_path)
    assert same(ended.state, straight.state) and ended.metrics == straight.metrics
    assert ended.result is not None and ended.result.status == "completed"
    err = capsys.readouterr().err
    assert err.count("warning: the checkpoint of step") == 4  # 6, 9, 12 and the end
    assert os.strerror(number) in err and "training goes on" in err and "step-00000003" in err
    (lost,) = ended.result.lost
    assert "step 13" in lost and "4 before it" in lost  # three checkpoints, and the best weights
    assert [path.name for path in CheckpointStore(tmp_path).steps()] == ["step-00000003"]
    assert load_checkpoint(tmp_path / "step-00000003")
    assert not list(tmp_path.glob(".tmp*"))


def test_space_made_by_dropping_older_ones_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt at step 3 fails; once step 1 is gone there is room."""
    full_from(monkeypatch, 7, 8)
    ended = train(spec_of("train.steps=3", "train.validate_every=null", "data.val_fraction=0"), tmp_path)
    assert ended.result is not None and ended.result.lost == ()
    assert [path.name for path in CheckpointStore(tmp_path).steps()] == ["step-00000002", "step-00000003"]


def test_what_was_interrupted_and_not_saved_does_not_claim_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of("train.checkpoint.every=100", "train.validate_every=100")
    assert train(spec, tmp_path, stop_after=4).result.notes == ("saved at step 4",)  # type: ignore[union-attr]
    full_from(monkeypatch, 1, 10**6)
    result = train(spec, tmp_path, resume=True, stop_after=3).result
    assert result is not None and result.status == "interrupted"
    assert "the checkpoint of step 7 could not be written" in result.notes[0] and "step-00000004" in result.notes[0]


def test_an_error_that_is_not_the_disks_is_not_hidden() -> None:
    def broken(store: CheckpointStore) -> None:
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        Saver(CheckpointStore(Path("nowhere")))("it", broken)


def test_a_real_full_disk(tmp_path: Path) -> None:
    """A file size limit stands for the full disk: the kernel refuses the write."""
    import resource
    import signal

    trial = assemble(spec_of("train.steps=4", "model.width=32"))
    training = Training(trial, CheckpointStore(tmp_path))
    warned: list[str] = []
    training.saver.warn = warned.append
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        result = training.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert result.status == "completed" and result.lost and "File too large" in warned[0]
    assert list(tmp_path.iterdir()) == []  # nothing half-written takes room

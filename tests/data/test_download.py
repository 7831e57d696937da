"""Downloads from a server on this machine: whole, cut, wrong, absent, silent, killed, and two at once."""

import errno
import fcntl
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from loopback import Loopback, loopback
from small_sets import md5, pack, publish, write_set
from torchvision import datasets

from lrlab.data import check_present, load_data
from lrlab.data.catalog import KNOWN
from lrlab.data.download import fetch
from lrlab.errors import DataError, ExitCode, ResourceError

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]
FIRST = "train-images-idx3-ubyte.gz"
# torchvision keeps the answers of servers that refuse it, and with them their sockets
pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def sockets_go_with_their_test() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data root"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with loopback() as served:
        yield served


@pytest.fixture
def kmnist(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small KMNIST on the server, which torchvision takes for the published one; the root it was made from."""
    origin = tmp_path / "origin"
    write_set("kmnist", origin)
    sums = pack("kmnist", origin, tmp_path / "packed")
    server.add(tmp_path / "packed")
    monkeypatch.setattr(datasets.KMNIST, "mirrors", [server.url])
    monkeypatch.setattr(datasets.KMNIST, "resources", list(sums.items()))
    return origin


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def assert_nothing_is_left(root: Path) -> None:
    assert [path.name for path in root.iterdir()] == [".lrlab-download.lock"]


def failure(root: Path) -> DataError:
    """A download that fails leaves nothing behind and says what to do."""
    with pytest.raises(DataError) as caught:
        fetch("kmnist", root)
    assert caught.value.exit_code == ExitCode.DATA
    assert caught.value.message.startswith(f"could not download 'kmnist' to {root}: ")
    assert "\n" not in caught.value.message
    assert f"lrlab data get kmnist --root '{root}'" in (caught.value.hint or "")
    assert_nothing_is_left(root)
    return caught.value


def test_a_download_is_checked_moved_into_place_and_not_repeated(
    kmnist: Path, root: Path, server: Loopback, section: Section
) -> None:
    assert fetch("kmnist", root) == root / "KMNIST/raw"
    found = contents(root / "KMNIST/raw")
    for file in KNOWN["kmnist"].files:
        assert found[file] == (kmnist / "KMNIST/raw" / file).read_bytes()
        assert md5(root / "KMNIST/raw" / f"{file}.gz") == dict(datasets.KMNIST.resources)[f"{file}.gz"]
    assert sorted(path.name for path in root.iterdir()) == [".lrlab-download.lock", "KMNIST"]
    assert socket.getdefaulttimeout() is None
    asked = dict(server.asked)
    assert set(asked.values()) == {2}
    fetch("kmnist", root)
    assert dict(server.asked) == asked
    assert load_data(section("kmnist", root=str(root)), seed=0, device=CPU).facts.test_size == 20


def test_a_training_downloads_where_the_config_says_so(
    kmnist: Path, root: Path, section: Section, capsys: pytest.CaptureFixture[str]
) -> None:
    cfg = section("kmnist", root=str(root), download=True)
    check_present(cfg)  # the download comes later
    assert load_data(cfg, seed=0, device=CPU).facts.train_size == 54
    assert capsys.readouterr().out == ""  # stdout is for answers


def test_a_truncated_file_is_refused(kmnist: Path, root: Path, server: Loopback) -> None:
    server.cut[FIRST] = len(server.files[FIRST]) // 2
    assert "corrupted" in failure(root).message


def test_a_truncated_file_with_the_sum_of_a_truncated_file_is_refused_too(
    kmnist: Path, root: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.files[FIRST] = server.files[FIRST][:-20]
    (tmp_path / "cut").write_bytes(server.files[FIRST])
    sums = dict(datasets.KMNIST.resources) | {FIRST: md5(tmp_path / "cut")}
    monkeypatch.setattr(datasets.KMNIST, "resources", list(sums.items()))
    assert "Compressed file ended" in failure(root).message


def test_a_wrong_sum_is_refused(kmnist: Path, root: Path, server: Loopback) -> None:
    changed = bytearray(server.files[FIRST])
    changed[40] ^= 1
    server.files[FIRST] = bytes(changed)
    assert "corrupted" in failure(root).message


def test_a_file_that_is_not_there(kmnist: Path, root: Path, server: Loopback) -> None:
    del server.files["t10k-labels-idx1-ubyte.gz"]
    assert "404" in failure(root).message


def test_no_server(kmnist: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(datasets.KMNIST, "mirrors", [f"http://127.0.0.1:{free.getsockname()[1]}/"])
        assert "refused" in failure(root).message


def test_a_server_that_goes_silent_is_given_up(
    kmnist: Path, root: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrlab.data.download.STALL_SECONDS", 0.5)
    server.silent[FIRST] = 100
    began = time.monotonic()
    assert "timed out" in failure(root).message
    assert time.monotonic() - began < 10
    assert socket.getdefaulttimeout() is None


def test_the_next_mirror_is_tried(kmnist: Path, root: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.KMNIST, "mirrors", [f"{server.url}gone/", server.url])
    fetch("kmnist", root)
    assert server.asked[f"gone/{FIRST}"] == 1


def test_a_full_disk_is_a_matter_of_resources(kmnist: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", full)
    with pytest.raises(ResourceError, match=f"the disk of {root} is full"):
        fetch("kmnist", root)
    assert_nothing_is_left(root)


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_what_is_missing_or_damaged_is_replaced_and_the_rest_too(
    kmnist: Path, root: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch("kmnist", root)
    whole, file = contents(root / "KMNIST"), root / "KMNIST/raw/train-images-idx3-ubyte"
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    capsys.readouterr()
    fetch("kmnist", root)
    assert contents(root / "KMNIST") == whole
    assert (f"{file} is damaged" in capsys.readouterr().err) == (damage == "cut")


def test_a_failed_repair_leaves_what_was_there(kmnist: Path, root: Path, server: Loopback) -> None:
    fetch("kmnist", root)
    (root / "KMNIST/raw/train-images-idx3-ubyte").unlink()
    before = contents(root)
    server.files.clear()
    with pytest.raises(DataError, match="404"):
        fetch("kmnist", root)
    assert contents(root) == before


def test_force_fetches_again(kmnist: Path, root: Path) -> None:
    fetch("kmnist", root)
    file = root / "KMNIST/raw/train-images-idx3-ubyte"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # IDX files have no sum: this one passes for whole
    fetch("kmnist", root)
    assert file.read_bytes() != whole
    fetch("kmnist", root, force=True)
    assert file.read_bytes() == whole


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "svhn"])
def test_sets_of_other_kinds_come_without_their_archives(
    server: Loopback, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: Section, name: str
) -> None:
    origin = tmp_path / "origin"
    folder = write_set(name, origin)
    publish(name, origin, monkeypatch)
    if name == "svhn":
        server.add(folder)
        lists = {split: [server.url + file, file, sum_] for split, (_, file, sum_) in datasets.SVHN.split_list.items()}
        monkeypatch.setattr(datasets.SVHN, "split_list", lists)
    else:
        kind = getattr(datasets, KNOWN[name].kind)
        with tarfile.open(tmp_path / kind.filename, "w:gz") as archive:
            archive.add(folder, folder.name)
        server.files[kind.filename] = (tmp_path / kind.filename).read_bytes()
        monkeypatch.setattr(kind, "url", server.url + kind.filename)
        monkeypatch.setattr(kind, "tgz_md5", md5(tmp_path / kind.filename))
    fetch(name, root)
    assert contents(root) == {**contents(origin), ".lrlab-download.lock": b""}
    assert load_data(section(name, root=str(root)), seed=0, device=CPU).facts.train_size == 54
    damaged = root / KNOWN[name].folder / KNOWN[name].files[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    fetch(name, root)  # torchvision's sums see it
    assert contents(root) == {**contents(origin), ".lrlab-download.lock": b""}


def test_a_root_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="cannot write to"):
        fetch("mnist", tmp_path / "file")


def get(server: Loopback, root: Path) -> "subprocess.Popen[str]":
    """`lrlab data get kmnist` in a process of its own."""
    helper, sums = Path(__file__).with_name("get_from.py"), json.dumps(dict(datasets.KMNIST.resources))
    arguments = [sys.executable, str(helper), server.url, sums, "data", "get", "kmnist", "--root", str(root)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_at_once_download_once(kmnist: Path, root: Path, server: Loopback) -> None:
    root.mkdir()
    with (root / ".lrlab-download.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # so that both come while somebody holds it
        both = [get(server, root) for _ in range(2)]
        for process in both:
            assert process.stderr is not None
            assert process.stderr.readline() == f"waiting for another process that downloads into {root}\n"
        assert not server.asked
    for process in both:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"{root / 'KMNIST/raw'}\n"), err
    assert set(server.asked.values()) == {2}  # of one download
    assert sorted(path.name for path in root.iterdir()) == [".lrlab-download.lock", "KMNIST"]


def test_a_killed_download_leaves_no_set_and_the_next_one_tidies_up(kmnist: Path, root: Path, server: Loopback) -> None:
    last = "t10k-labels-idx1-ubyte.gz"
    server.silent[last] = 10
    process = get(server, root)
    deadline = time.monotonic() + 60
    while not list(root.glob(f".lrlab-get-kmnist-*/KMNIST/raw/{last}")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not (root / "KMNIST").exists()
    assert len(list(root.glob(".lrlab-get-*"))) == 1
    server.silent.clear()
    server.release.set()
    fetch("kmnist", root)
    assert sorted(path.name for path in root.iterdir()) == [".lrlab-download.lock", "KMNIST"]
    assert (root / "KMNIST/raw" / last).read_bytes() == server.files[last]


def test_on_the_command_line_a_failure_is_a_sentence_and_exit_code_3(
    kmnist: Path, root: Path, server: Loopback
) -> None:
    server.files.clear()
    process = get(server, root)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "")
    assert f"error: could not download 'kmnist' to {root}: " in err and "Traceback" not in err
    assert f"hint: check the network, then run: lrlab data get kmnist --root '{root}'; or copy" in err

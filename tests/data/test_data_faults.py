"""What is wrong with the files, and what is said about it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from small_sets import IDX, publish, write_idx, write_set

from lrlab.data import check_present, data_root, load_data
from lrlab.data.catalog import KNOWN
from lrlab.data.download import fetch
from lrlab.data.images import RawSplits, TensorImages
from lrlab.data.parts import make_parts
from lrlab.errors import DataError, ExitCode, ResourceError, UsageError

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]


def fault(cfg: object) -> DataError:
    """The one error that both the early look and the loading give."""
    with pytest.raises(DataError) as early:
        check_present(cfg)
    with pytest.raises(DataError) as late:
        load_data(cfg, seed=0, device=CPU)
    assert early.value.message == late.value.message
    assert early.value.exit_code == ExitCode.DATA == 3
    return early.value


def loading_fault(cfg: object) -> DataError:
    """An error that needs the images themselves."""
    check_present(cfg)
    with pytest.raises(DataError) as caught:
        load_data(cfg, seed=0, device=CPU)
    return caught.value


FOLDERS = [
    ("mnist", "MNIST/raw"), ("fashionmnist", "FashionMNIST/raw"), ("kmnist", "KMNIST/raw"),
    ("cifar10", "cifar-10-batches-py"), ("cifar100", "cifar-100-python"), ("svhn", "."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "folder"), FOLDERS)
def test_a_missing_set_names_the_folder_and_the_command(
    section: Section, tmp_path: Path, name: str, folder: str
) -> None:
    root = tmp_path / "my data"
    error = fault(section(name, root=str(root)))
    assert error.message == f"data set '{name}' is not there; looked in {root / folder}"
    assert error.hint == f"run: lrlab data get {name} --root '{root}'"


@pytest.mark.parametrize(("name", "folder"), FOLDERS)
def test_one_missing_file_is_named(section: Section, tmp_path: Path, name: str, folder: str) -> None:
    last = sorted(KNOWN[name].files)[-1]
    write_set(name, tmp_path)
    (tmp_path / folder / last).unlink()
    assert f"lacks {last}" in fault(section(name, root=str(tmp_path))).message


@pytest.mark.parametrize("change", [-1, -500, 3])
def test_a_cut_or_swollen_idx_file_is_named_with_both_sizes(section: Section, small_mnist: Path, change: int) -> None:
    file = small_mnist / "MNIST/raw/train-images-idx3-ubyte"
    data = file.read_bytes()
    file.write_bytes(data[:change] if change < 0 else data + bytes(change))
    error = fault(section("mnist", root=str(small_mnist)))
    assert str(file) in error.message
    assert f"{len(data):,}" in error.message and f"{len(data) + change:,}" in error.message
    assert error.hint == f"run: lrlab data get mnist --root {small_mnist}"


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"<html>not found</html>", b"\0\0\x08\x03\0\0\0\x01"])
def test_a_file_that_is_no_idx_file_is_named(section: Section, small_mnist: Path, content: bytes) -> None:
    file = small_mnist / "MNIST/raw/train-images-idx3-ubyte"
    file.write_bytes(content)
    assert fault(section("mnist", root=str(small_mnist))).message == f"{file} is not an IDX file of bytes"


def test_labels_and_images_of_different_number(section: Section, small_mnist: Path) -> None:
    write_idx(small_mnist / "MNIST/raw/train-labels-idx1-ubyte", np.zeros(59))
    assert "(59,)" in fault(section("mnist", root=str(small_mnist))).message


@pytest.mark.parametrize("name", [name for name, _ in FOLDERS if name not in IDX])
def test_a_file_with_another_sum_is_named_before_it_is_read(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = write_set(name, tmp_path) / KNOWN[name].files[0]
    publish(name, tmp_path, monkeypatch)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])  # of a pickle, the end: unpickling it would fail, and must not be tried
    monkeypatch.setattr("pickle.load", lambda *_, **__: pytest.fail("read"))
    error = loading_fault(section(name, root=str(tmp_path)))
    assert f"{file} is damaged" in error.message
    assert error.hint == f"run: lrlab data get {name} --root {tmp_path}"


def test_files_that_hold_something_else_name_the_folder(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_set("cifar10", tmp_path)
    (folder / "data_batch_1").write_bytes(b"rubbish")
    publish("cifar10", tmp_path, monkeypatch)
    error = loading_fault(section("cifar10", root=str(tmp_path)))
    assert f"{folder} cannot be read (" in error.message and "Unpickling" in error.message


def test_labels_out_of_range(section: Section) -> None:
    images = TensorImages(torch.zeros(20, 1, 4, 4, dtype=torch.uint8), torch.arange(20) % 5)
    with pytest.raises(DataError, match=r"train labels go from 0 to 4; 3 classes need 0 to 2"):
        make_parts(RawSplits(("a", "b", "c"), images, images), section("fake"))


def test_no_folder(section: Section, tmp_path: Path) -> None:
    assert str(tmp_path / "none") in fault(section("imagefolder", root=str(tmp_path / "none"))).message


def test_no_class_folders(section: Section, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "lonely.png")
    assert fault(section("imagefolder", root=str(tmp_path))).message == f"no class folders; looked in {tmp_path}"


def test_an_empty_class_folder_is_named(section: Section, small_folder: Path) -> None:
    (small_folder / "train" / "zebra").mkdir()
    assert (
        str(small_folder / "train" / "zebra") in loading_fault(section("imagefolder", root=str(small_folder))).message
    )


def test_splits_with_different_classes(section: Section, small_folder: Path) -> None:
    (small_folder / "test" / "class2").rename(small_folder / "test" / "class9")
    assert "class2, class9" in loading_fault(section("imagefolder", root=str(small_folder))).message


@pytest.mark.parametrize("storage", ["resident", "stream"])
@pytest.mark.parametrize("damage", ["cut", "text"])
def test_a_corrupt_image_is_named(section: Section, small_folder: Path, storage: str, damage: str) -> None:
    file = small_folder / "train" / "class1" / "005.png"
    file.write_bytes(file.read_bytes()[:60] if damage == "cut" else b"not an image")
    error = loading_fault(section("imagefolder", root=str(small_folder), storage=storage))
    assert str(file) in error.message


def test_images_of_different_sizes_name_both_files_and_sizes(section: Section, small_folder: Path) -> None:
    file = small_folder / "train" / "class1" / "005.png"
    Image.new("RGB", (12, 9)).save(file)
    cfg = section("imagefolder", root=str(small_folder))
    error = loading_fault(cfg)
    first = small_folder / "train" / "class0" / "000.png"
    assert f"{first} is 10x8" in error.message and f"{file} is 12x9" in error.message
    assert error.hint is not None and "data.image_size" in error.hint
    cfg.image_size = 6
    assert load_data(cfg, seed=0, device=CPU).facts.shape == (3, 6, 6)


def test_a_root_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="cannot write to"):
        fetch("mnist", tmp_path / "file")


def test_fewer_fake_images_than_classes(section: Section) -> None:
    with pytest.raises(UsageError, match=r"data.test_size=3 is below data.classes=4"):
        load_data(section("fake", test_size=3), seed=0, device=CPU)


def test_the_root_comes_from_the_config_then_the_environment(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LRLAB_DATA", "/from/environment")
    assert data_root(section("mnist", root="~/mine")) == tmp_path / "mine"
    assert data_root(section("mnist")) == Path("/from/environment")
    monkeypatch.delenv("LRLAB_DATA")
    assert data_root(section("mnist")) == tmp_path / "data"


def test_looking_for_files_needs_no_torch() -> None:
    program = (
        "import sys; from types import SimpleNamespace as N; from lrlab.data import check_present\n"
        "check_present(N(name='digits', root=None, download=False))\n"
        "try: check_present(N(name='mnist', root='/nowhere', download=False))\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print([m for m in ('torch', 'torchvision', 'sklearn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["DataError", "[]"]

"""The files of a named set as torchvision knows them: made, read, and compared with their sums."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from torchvision import datasets
from torchvision.datasets.utils import check_integrity

from lrlab.data.catalog import KNOWN
from lrlab.data.presence import set_folder

Split = Literal["train", "test"]
_CHUNK = 2**20


def torchvision_set(name: str, root: Path, split: Split, *, download: bool = False) -> Any:
    """A named set's split as torchvision makes it; `download` has it fetch what is missing under `root`."""
    kind = _kind(name)
    if kind is datasets.SVHN:
        return kind(str(root), split=split, download=download)
    return kind(str(root), train=split == "train", download=download)


def damaged_files(name: str, root: Path) -> list[Path]:
    """Files of a named set that torchvision refuses to read: their md5 is not the published one."""
    folder = set_folder(name, root)
    return [folder / file for file, md5 in _sums(name).items() if not check_integrity(folder / file, md5)]


def strange_files(name: str, root: Path) -> tuple[str, list[Path]]:
    """Files whose contents are not the published ones, wherever that can be told.

    torchvision checks an IDX set when it downloads it, not when it reads it: the sums are those of the packed files.
    Where these lie beside the unpacked ones, and are whole, they bear witness.

    Returns:
        What was compared, for the user, and the files that differ.
    """
    known, folder = KNOWN[name], set_folder(name, root)
    if not known.idx:
        return "md5", damaged_files(name, root)
    if known.md5:
        return "md5", [folder / file for file, md5 in known.md5.items() if not check_integrity(folder / file, md5)]
    packed = {folder / file: folder / f"{file}.gz" for file in known.files}
    sums = dict(_kind(name).resources)
    if not all(check_integrity(witness, sums[witness.name]) for witness in packed.values()):
        return "structure; no .gz beside it to compare with", []
    return "md5 of the .gz files", [file for file, witness in packed.items() if not _same(file, witness)]


def _kind(name: str) -> Any:
    """The set's class, looked up when it is asked for."""
    return getattr(datasets, KNOWN[name].kind)


def _sums(name: str) -> dict[str, str]:
    """md5 by file, of the files that torchvision checks each time it reads them."""
    kind = _kind(name)
    if kind is datasets.SVHN:
        return {file: md5 for _, file, md5 in (kind.split_list[split] for split in ("train", "test"))}
    if issubclass(kind, datasets.CIFAR10):
        return {**dict(kind.train_list), **dict(kind.test_list), kind.meta["filename"]: kind.meta["md5"]}
    return {}


def _same(file: Path, packed: Path) -> bool:
    with file.open("rb") as plain, gzip.open(packed) as unpacked:
        return all(left == right for left, right in _chunks(plain, unpacked))


def _chunks(left: Any, right: Any) -> Iterator[tuple[bytes, bytes]]:
    """The two contents in pieces of one size, past the end of the shorter one."""
    while True:
        pair = left.read(_CHUNK), right.read(_CHUNK)
        yield pair
        if not any(pair):
            return

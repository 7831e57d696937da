"""Are the files there? Answered without torch, before any run folder is made."""

import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from lrlab.data.catalog import KNOWN
from lrlab.data.folders import find_layout
from lrlab.data.idx import idx_shape
from lrlab.errors import DataError
from lrlab.paths import expand_home

ROOT_VARIABLE = "LRLAB_DATA"


def resolve_root(root: str | Path | None) -> Path:
    """`root`, else the environment's LRLAB_DATA, else ./data; absolute, `~` expanded."""
    return expand_home(root or os.environ.get(ROOT_VARIABLE) or "data").absolute()


def data_root(cfg: Any) -> Path:
    """Where the config's data set lies; `cfg` is its data section."""
    return resolve_root(cfg.root)


@dataclass(frozen=True, slots=True)
class Presence:
    """What was found of a named data set.

    Attributes:
        present: whether all of it is there; None where the question has no answer (your own images).
        where: the folder, or what stands in for one.
    """

    present: bool | None
    where: str


def locate(name: str, root: Path) -> Presence:
    """Where a data set is, for listings. Looks at names of files only."""
    known = KNOWN.get(name)
    if known is None:
        return Presence(None, "data.root") if name == "imagefolder" else Presence(True, "made up on the spot")
    if not known.downloads:
        return Presence(True, "comes with scikit-learn")
    folder = set_folder(name, root)
    return Presence(all((folder / file).is_file() for file in known.files), str(folder))


def set_folder(name: str, root: Path) -> Path:
    """The folder under `root` that holds the files of a named set."""
    return root / KNOWN[name].folder


def get_command(name: str, root: Path) -> str:
    """The command that fetches a data set into `root`."""
    return f"lrlab data get {name} --root {quote(str(root))}"


def check_present(cfg: Any) -> None:
    """Look for the files of the config's data set; `cfg` is its data section.

    Raises:
        DataError: something is missing or damaged; names the place, and the command that fetches it.
    """
    if cfg.name == "imagefolder":
        find_layout(data_root(cfg))
    elif cfg.name in KNOWN and not cfg.download:
        check_files(cfg.name, data_root(cfg))


def check_files(name: str, root: Path) -> None:
    """Look for the files of a named set under `root`.

    Raises:
        DataError: see `check_present`.
    """
    known = KNOWN[name]
    folder, hint = set_folder(name, root), f"run: {get_command(name, root)}"
    missing = [file for file in known.files if not (folder / file).is_file()]
    if missing:
        there = "is not there" if len(missing) == len(known.files) else f"lacks {', '.join(missing)}"
        raise DataError(f"data set {name!r} {there}; looked in {folder}", hint=hint)
    if known.idx:
        try:
            check_idx_pairs([folder / file for file in known.files])
        except DataError as error:
            raise DataError(error.message, hint=hint) from None


def check_idx_pairs(files: list[Path]) -> None:
    """Images and labels alternate in `files`; each must be whole, and each pair of one length.

    Raises:
        DataError: names the first file that is not.
    """
    shapes = [idx_shape(file) for file in files]
    for images, labels, image_file, label_file in zip(shapes[::2], shapes[1::2], files[::2], files[1::2], strict=True):
        if len(images) != 3 or len(labels) != 1 or images[0] != labels[0]:
            raise DataError(f"{image_file} holds {images} values, {label_file} {labels}: not images and their labels")

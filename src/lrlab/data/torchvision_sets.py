"""The named sets with files: torchvision downloads and reads them."""

from pathlib import Path
from typing import Any

from lrlab.data.catalog import KNOWN
from lrlab.data.download import fetch
from lrlab.data.images import Moments, RawSplits, essence
from lrlab.data.integrity import Split, damaged_files, torchvision_set
from lrlab.data.presence import check_files, data_root, get_command, set_folder
from lrlab.data.vision_dataset import from_torchvision
from lrlab.errors import DataError


def load(cfg: Any) -> RawSplits:
    """The set that `cfg.name` names, downloaded first if `cfg.download` says so and it is not there.

    Raises:
        DataError: files are missing or damaged; names the file and the command that fetches it.
    """
    root, known = data_root(cfg), KNOWN[cfg.name]
    if cfg.download:
        fetch(cfg.name, root)
    check_files(cfg.name, root)
    train, test = _open(cfg.name, root, "train"), _open(cfg.name, root, "test")
    names = getattr(train, "classes", None) or tuple(map(str, range(known.classes)))
    return from_torchvision(train, test, class_names=names, moments=Moments(known.mean, known.std))


def _open(name: str, root: Path, split: Split) -> Any:
    """Have torchvision read a split; its complaints about the files become ours."""
    try:
        return torchvision_set(name, root, split)
    except Exception as error:  # whatever the readers below it raise about files that are no good
        damaged = ", ".join(map(str, damaged_files(name, root)))
        what = f"{damaged} is damaged" if damaged else f"{set_folder(name, root)} cannot be read"
        raise DataError(
            f"data set {name!r}: {what} ({essence(error)})", hint=f"run: {get_command(name, root)}"
        ) from error

"""Every file of a data set, read and compared with what is published of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrlab.data.catalog import KNOWN, KnownSet
from lrlab.data.folders import Layout, check_classes, find_images, find_layout
from lrlab.data.idx import idx_shape
from lrlab.data.presence import check_files, get_command, locate, set_folder
from lrlab.errors import DataError

_IDX_LABEL_HEADER = 8  # bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of looking at a data set.

    Attributes:
        name: of the set.
        where: its folder, or what stands in for one.
        images: how many there are; None where the files do not say.
        checked: what was compared.
        problems: a sentence each, naming the file; empty when all is well.
        hint: what to do about them.
        missing: whether files are not there at all.
    """

    name: str
    where: str
    images: int | None
    checked: str
    problems: tuple[str, ...] = ()
    hint: str = ""
    missing: bool = False

    @property
    def state(self) -> str:
        """`ok`, `damaged` or `missing`."""
        return "missing" if self.missing else "damaged" if self.problems else "ok"


def verify(name: str, root: Path, tick: Callable[[int, int], None] = lambda done, total: None) -> Verified:
    """Check the files of a data set.

    Args:
        name: of a registered set.
        root: folder of data sets; the folder of images itself for `imagefolder`.
        tick: told how many of how many images are decoded.
    """
    if name == "imagefolder":
        return _verify_images(root, tick)
    if name == "digits":
        return _verify_digits()
    if name not in KNOWN:
        return Verified(name, locate(name, root).where, None, "nothing: it has no files")
    return _verify_files(name, root)


def _verify_digits() -> Verified:
    from lrlab.data.digits import digit_splits

    known, splits = KNOWN["digits"], digit_splits()
    found, expected = tuple(len(images.labels) for images in splits), (known.train, known.test)
    problems = () if found == expected else (f"scikit-learn gives {found} images, not {expected}",)
    hint = "reinstall scikit-learn" if problems else ""
    return Verified("digits", "comes with scikit-learn", sum(found), "number of images", problems, hint)


def _verify_files(name: str, root: Path) -> Verified:
    known, folder = KNOWN[name], set_folder(name, root)
    get = f"run: {get_command(name, root)}"
    try:
        check_files(name, root)
    except DataError as error:
        missing = not locate(name, root).present
        return Verified(name, str(folder), None, "names" if missing else "structure", (error.message,), get, missing)
    from lrlab.data.integrity import strange_files

    checked, strange = strange_files(name, root)
    problems = [f"{file} is not the published file: its contents differ" for file in strange]
    images = known.train + known.test
    if known.idx:
        problems += _idx_problems(known, folder)
        checked = f"{checked}, counts, labels"
        images = sum(idx_shape(folder / file)[0] for file in known.files[::2])
    hint = f"{get} --force (it replaces the files)" if problems else ""
    return Verified(name, str(folder), images, checked, tuple(problems), hint)


def _idx_problems(known: KnownSet, folder: Path) -> Iterator[str]:
    """Images of another number or size than the published set's, and labels that are no class of it."""
    for images, labels, count in zip(known.files[::2], known.files[1::2], (known.train, known.test), strict=True):
        found, expected = idx_shape(folder / images), (count, *known.shape[1:])
        if found != expected:
            yield f"{folder / images} holds {_times(found)} values, the published file {_times(expected)}"
        values = np.fromfile(folder / labels, np.uint8, offset=_IDX_LABEL_HEADER)
        if len(values) and values.max() >= known.classes:
            yield (
                f"{folder / labels} has labels from {values.min()} to {values.max()}; "
                f"{known.classes} classes need 0 to {known.classes - 1}"
            )


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _verify_images(root: Path, tick: Callable[[int, int], None]) -> Verified:
    from lrlab.data.pictures import open_image

    try:
        layout = find_layout(root)
        files = list(_files(layout))
    except DataError as error:
        return Verified("imagefolder", str(root), None, "folders", (error.message,), error.hint or "", True)
    sizes, problems = set(), []
    for done, file in enumerate(files, start=1):
        try:
            sizes.add(open_image(file).size)
        except DataError as error:
            problems.append(error.message)
        tick(done, len(files))
    checked = f"every image decoded; {_describe(sizes)}"
    hint = "replace these files or remove them" if problems else ""
    return Verified("imagefolder", str(root), len(files), checked, tuple(problems), hint)


def _files(layout: Layout) -> Iterator[Path]:
    """Every image of every split.

    Raises:
        DataError: an empty class folder, or splits with different classes.
    """
    names, _ = find_images(layout.train)
    for folder in filter(None, (layout.train, layout.test, layout.val)):
        others, found = find_images(folder)
        check_classes(layout.train, names, folder, others)
        yield from (file for file, _ in found)


def _describe(sizes: set[tuple[int, int]]) -> str:
    """The sizes in words; a training needs one."""
    if len(sizes) == 1:
        return f"all {_times(next(iter(sizes)))}"
    if not sizes:
        return "none could be"
    small, large = (tuple(bound(axis) for axis in zip(*sizes, strict=True)) for bound in (min, max))
    return f"{_times(small)} to {_times(large)}: set data.image_size"

"""The IDX files of the MNIST family: is this one whole?"""

from pathlib import Path
from struct import unpack

from lrlab.errors import DataError

_UINT8 = 0x08


def idx_shape(path: Path) -> tuple[int, ...]:
    """The shape in the header of an uncompressed uint8 IDX file, once the file's size agrees with it.

    Source: the format's description on the MNIST page: two zero bytes, the type, the number of dimensions, then each
    dimension as a big-endian 32-bit integer, then the values.

    Raises:
        DataError: not such a file, or bytes are missing or too many; names the file and both sizes.
    """
    with path.open("rb") as file:
        head = file.read(4)
        dimensions = head[3] if len(head) == 4 else 0
        sizes = file.read(4 * dimensions)
    if len(head) < 4 or head[:3] != bytes((0, 0, _UINT8)) or len(sizes) < 4 * dimensions:
        raise DataError(f"{path} is not an IDX file of bytes")
    shape = unpack(f">{dimensions}I", sizes)
    expected = 4 + 4 * dimensions
    values = 1
    for size in shape:
        values *= size
    found = path.stat().st_size
    if found != expected + values:
        raise DataError(f"{path} is damaged: its header means {expected + values:,} bytes, it has {found:,}")
    return shape

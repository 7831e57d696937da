"""One pass over every image of every split: fingerprint, moments, and the pixels where they are to stay."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from lrlab.data.images import Moments, RawSplits, read_rows
from lrlab.data.parts import Part
from lrlab.data.statistics import Histogram

CHUNK_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Scan:
    """What the pass found.

    Attributes:
        fingerprint: sha256 over class names, shape, and each split's labels and pixels in order.
        moments: those that were given, or exact ones of the training split.
        pixels: (N, C, H, W) uint8 per split; empty when they were not held.
    """

    fingerprint: str
    moments: Moments
    pixels: Mapping[str, Tensor]


def scan(raw: RawSplits, parts: Mapping[str, Part], *, hold: bool, moments: Moments | None = None) -> Scan:
    """Read every image once, about 16 MiB at a time.

    Args:
        raw: for its class names and shape.
        parts: the splits.
        hold: whether to keep the pixels.
        moments: None has them computed.

    Raises:
        DataError: an image cannot be read or has another size.
    """
    shape = raw.train.shape
    digest, histogram = sha256(repr((raw.class_names, shape)).encode()), Histogram(shape[0])
    held: dict[str, Tensor] = {}
    for name, part in parts.items():
        digest.update(f"{name}:{len(part.rows)}".encode())
        digest.update(_buffer(part.labels))
        if hold:
            held[name] = torch.empty(len(part.rows), *shape, dtype=torch.uint8)
        for start, pixels in _chunks(part):
            digest.update(_buffer(pixels))
            if name == "train" and moments is None:
                histogram.add(pixels)
            if hold:
                held[name][start : start + len(pixels)] = pixels
    return Scan(digest.hexdigest(), moments or histogram.moments(), held)


def _chunks(part: Part) -> Iterator[tuple[int, Tensor]]:
    channels, height, width = part.images.shape
    size = max(1, CHUNK_BYTES // (channels * height * width))
    for start in range(0, len(part.rows), size):
        yield start, read_rows(part.images, part.rows[start : start + size].tolist())


def _buffer(values: Tensor) -> Any:
    """A tensor's bytes for the hash, not copied."""
    return values.contiguous().numpy()

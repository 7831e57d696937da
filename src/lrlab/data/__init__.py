"""What a network is trained on: images as uint8, split, normalised and augmented a batch at a time.

Names are handed out lazily (PEP 562), so that listing data sets and looking for their files needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrlab.data.build import DataBundle as DataBundle
    from lrlab.data.build import load_data as load_data
    from lrlab.data.facts import DataFacts as DataFacts
    from lrlab.data.images import Images as Images
    from lrlab.data.images import Moments as Moments
    from lrlab.data.images import RawSplits as RawSplits
    from lrlab.data.images import TensorImages as TensorImages
    from lrlab.data.order import derive as derive
    from lrlab.data.presence import check_present as check_present
    from lrlab.data.presence import data_root as data_root
    from lrlab.data.resident import ResidentSource as ResidentSource
    from lrlab.data.source import BatchSource as BatchSource
    from lrlab.data.stream import StreamSource as StreamSource
    from lrlab.data.vision_dataset import from_torchvision as from_torchvision

_HOME = {
    "BatchSource": "source",
    "DataBundle": "build",
    "DataFacts": "facts",
    "Images": "images",
    "Moments": "images",
    "RawSplits": "images",
    "TensorImages": "images",
    "from_torchvision": "vision_dataset",
    "ResidentSource": "resident",
    "StreamSource": "stream",
    "check_present": "presence",
    "data_root": "presence",
    "derive": "order",
    "load_data": "build",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

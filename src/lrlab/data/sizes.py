"""How long an epoch is, before any image is read. Imports nothing heavy."""

from typing import Any

from lrlab.data.catalog import KNOWN


def batches_per_epoch(cfg: Any) -> int | None:
    """Training batches in an epoch of the data section `cfg`; None where only the files know how many images there are.

    The counts of `parts.make_parts` and `source.BatchPlan`, from published sizes.
    """
    images: int | None = KNOWN[cfg.name].train if cfg.name in KNOWN else getattr(cfg, "train_size", None)
    if images is None:
        return None
    if cfg.val_fraction:
        images -= max(1, round(cfg.val_fraction * images))
    images = images if cfg.limit is None else min(images, cfg.limit)
    full: int = images // cfg.batch_size
    return full if cfg.drop_last or full * cfg.batch_size == images else full + 1

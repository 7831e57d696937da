"""From a data section to sources of batches."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from lrlab.data.augment import Augment
from lrlab.data.balance import ClassBalance
from lrlab.data.cutout import Cutout
from lrlab.data.facts import DataFacts, Normalization, StorageKind
from lrlab.data.images import RawSplits
from lrlab.data.normalize import Normalize, choose_moments
from lrlab.data.parts import Part, make_parts
from lrlab.data.resident import ResidentSource
from lrlab.data.scan import Scan, scan
from lrlab.data.source import BatchPlan, BatchSource, Finish
from lrlab.data.splits import class_counts
from lrlab.data.stream import StreamSource
from lrlab.errors import UsageError
from lrlab.registry import DATASETS

EVAL_BATCH = 512
RESIDENT_LIMIT = 2 * 2**30


@dataclass(frozen=True, slots=True)
class DataBundle:
    """A loaded data set: its facts and a source per split. `val` is None without a validation split."""

    facts: DataFacts
    train: BatchSource
    val: BatchSource | None
    test: BatchSource

    def reseeded(self, seed: int) -> "DataBundle":
        """The same images under another seed of the training; nothing is read or copied."""
        plan = replace(self.train.plan, shuffle_seed=seed)
        return replace(self, train=self.train.replanned(plan, self.train.finish.reseeded(seed)))

    def validation_batches(self) -> BatchSource:
        """The validation images shuffled and in training-sized batches, for the loss of one batch at a time.

        Raises:
            UsageError: there is no validation split.
        """
        if self.val is None:
            raise UsageError("there is no validation split", hint="set data.val_fraction above 0")
        plan = self.train.plan
        size = min(plan.batch_size, self.val.samples)
        return self.val.replanned(BatchPlan(self.val.samples, size, plan.shuffle_seed, drop_last=True), self.val.finish)


def load_data(
    cfg: Any, *, seed: int, device: torch.device, loader: Callable[[Any], RawSplits] | None = None
) -> DataBundle:
    """Load, split and place the data set that `cfg`, a data section, names.

    Every image is read once here: damaged files come to light now, and fingerprint and moments are exact in
    both storages.

    Args:
        cfg: the config's data section.
        seed: of the training; fixes the order of the epochs and the augmentation. The splits depend on
            `cfg.split_seed` alone.
        device: where the batches go.
        loader: data section -> images; default: the one that `cfg.name` stands for.

    Raises:
        DataError: files are missing, damaged, or do not fit together.
        UsageError: the section asks for more images than there are.
    """
    raw: RawSplits = (loader or DATASETS.resolve(cfg.name))(cfg)
    parts = make_parts(raw, cfg)
    normalization, moments = choose_moments(raw, cfg)
    storage = choose_storage(cfg.storage, sum(part.bytes for part in parts.values()), device)
    found = scan(raw, parts, hold=storage == "resident", moments=moments)
    finish = Finish(Normalize(found.moments.mean, found.moments.std, device))
    place = _Placer(parts, found, device, cfg.workers)
    return DataBundle(
        facts=_facts(cfg.name, raw, parts, found, normalization, storage),
        train=place("train", _train_plan(cfg, parts["train"], seed), _train_finish(cfg, raw, finish, seed)),
        val=place("val", BatchPlan(len(parts["val"].rows), EVAL_BATCH), finish) if "val" in parts else None,
        test=place("test", BatchPlan(len(parts["test"].rows), EVAL_BATCH), finish),
    )


def _train_plan(cfg: Any, part: Part, seed: int) -> BatchPlan:
    balance = ClassBalance.of(part.labels) if cfg.balance else None
    return BatchPlan(len(part.rows), cfg.batch_size, seed, cfg.drop_last, balance)


def _train_finish(cfg: Any, raw: RawSplits, plain: Finish, seed: int) -> Finish:
    """`plain` with what the config adds to the training images alone."""
    _, height, width = raw.train.shape
    if cfg.cutout > min(height, width):
        raise UsageError(
            f"data.cutout={cfg.cutout} is more than the images have: {width}x{height} pixels (width x height)",
            hint="lower data.cutout, or set it to 0 for none",
        )
    augment = Augment(cfg.crop, cfg.flip, seed) if cfg.crop or cfg.flip else None
    return replace(plain, augment=augment, cutout=Cutout(cfg.cutout, seed) if cfg.cutout else None)


def choose_storage(wish: Literal["auto", "resident", "stream"], size: int, device: torch.device) -> StorageKind:
    """Where images of `size` bytes live. `auto` keeps 2 GiB on a CPU, a quarter of what is free on CUDA."""
    if wish != "auto":
        return wish
    limit = torch.cuda.mem_get_info(device)[0] // 4 if device.type == "cuda" else RESIDENT_LIMIT
    return "resident" if size <= limit else "stream"


@dataclass(frozen=True, slots=True)
class _Placer:
    """Makes the source of a split, in the storage that the scan was made for."""

    parts: dict[str, Part]
    found: Scan
    device: torch.device
    workers: int

    def __call__(self, name: str, plan: BatchPlan, finish: Finish) -> BatchSource:
        part = self.parts[name]
        if name not in self.found.pixels:
            return StreamSource(part.images, part.rows, plan, finish, self.device, self.workers)
        pixels, labels, ids = (values.to(self.device) for values in (self.found.pixels[name], part.labels, part.rows))
        return ResidentSource(pixels, labels, ids, plan, finish)


def _facts(
    name: str,
    raw: RawSplits,
    parts: dict[str, Part],
    found: Scan,
    normalization: Normalization,
    storage: StorageKind,
) -> DataFacts:
    channels, height, width = raw.train.shape
    counts = {split: class_counts(part.labels, len(raw.class_names)) for split, part in parts.items()}
    return DataFacts(
        name=name,
        channels=channels,
        height=height,
        width=width,
        class_names=raw.class_names,
        class_counts=counts["train"],
        val_counts=counts.get("val", ()),
        test_counts=counts["test"],
        normalization=normalization,
        mean=found.moments.mean,
        std=found.moments.std,
        train_size=len(parts["train"].rows),
        val_size=len(parts["val"].rows) if "val" in parts else 0,
        test_size=len(parts["test"].rows),
        fingerprint=found.fingerprint,
        storage=storage,
    )

"""For a dry run without the data: made-up images of the same shape, and the sizes that the real set has."""

from dataclasses import dataclass, replace
from typing import Any

from lrlab.config.schema import Config
from lrlab.data.build import EVAL_BATCH
from lrlab.data.catalog import KNOWN
from lrlab.data.presence import data_root, locate
from lrlab.data.source import BatchPlan
from lrlab.launch.assemble import Trial, assemble, parse_config, total_steps, with_values
from lrlab.launch.spec import TrialSpec

_SHARED = ("batch_size", "val_fraction", "split_seed", "normalize", "drop_last", "crop", "flip")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Images in each split, and training batches in an epoch."""

    train: int
    val: int
    test: int
    batches: int


@dataclass(frozen=True)
class Rehearsal:
    """A trial built to be timed.

    Attributes:
        spec: what it stands for.
        trial: built from `spec`, or with made-up images in place of the data.
        sizes: of the real data.
        data_present: whether the trial has them.
    """

    spec: TrialSpec
    trial: Trial
    sizes: Sizes
    data_present: bool


def rehearse(spec: TrialSpec) -> Rehearsal:
    """Build the trial of `spec`; where its data are not there, with images of their shape. Nothing is downloaded.

    Raises:
        LrlabError: see `assemble`.
    """
    config = parse_config(spec)
    if locate(config.data.name, data_root(config.data)).present is not False:
        trial = assemble(spec)
        assert trial.facts is not None and trial.batches_per_epoch is not None
        facts = trial.facts
        sizes = Sizes(facts.train_size, facts.val_size, facts.test_size, trial.batches_per_epoch)
        return Rehearsal(spec, trial, sizes, True)
    sizes = known_sizes(config.data)
    steps = total_steps(config.train, sizes.batches)
    changed = with_values(spec.config, train={"steps": steps, "epochs": None}) | {"data": _fake(config)}
    return Rehearsal(spec, assemble(replace(spec, config=changed)), sizes, False)


def known_sizes(cfg: Any) -> Sizes:
    """What `data.parts` and `data.source` make of the published sizes; `cfg` is the data section."""
    known = KNOWN[cfg.name]
    val = max(1, round(cfg.val_fraction * known.train)) if cfg.val_fraction else 0
    train = known.train - val if cfg.limit is None else min(cfg.limit, known.train - val)
    return Sizes(train, val, known.test, BatchPlan(train, cfg.batch_size, drop_last=cfg.drop_last).steps)


def _fake(config: Config) -> dict[str, Any]:
    """A data section of two batches with the shape of the real set."""
    data = config.data
    (channels, height, _), classes = KNOWN[data.name].shape, KNOWN[data.name].classes
    size = max(2 * data.batch_size, 8 * classes)
    return {
        "name": "fake",
        **{key: getattr(data, key) for key in _SHARED},
        "channels": channels,
        "image_size": height,
        "classes": classes,
        "train_size": round(size / (1 - data.val_fraction)) + 1,
        "test_size": max(EVAL_BATCH, classes),
    }

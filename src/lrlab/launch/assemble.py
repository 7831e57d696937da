"""From a spec to the live parts of a trial: data, model, weights, optimizer, policy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lrlab.analysis.chance import chance_loss
from lrlab.config.schema import Config, schema_for
from lrlab.config.sections.data import DataConfig
from lrlab.config.sections.plugins import AsBuilt
from lrlab.config.sections.train import TrainConfig
from lrlab.data.build import DataBundle, load_data
from lrlab.data.facts import DataFacts
from lrlab.data.order import derive
from lrlab.engine.batches import BatchStream, EpochSource, EpochStream
from lrlab.engine.compiling import compile_in_place
from lrlab.engine.device import resolve_device
from lrlab.engine.memory import memory_explained
from lrlab.engine.precision import check_precision
from lrlab.engine.seeding import seed_everything
from lrlab.engine.task import Task, classified_correctly
from lrlab.errors import UsageError
from lrlab.init.weights import init_model
from lrlab.launch.plugins import PluginLoader, loader_for, loss_for, model_for
from lrlab.launch.spec import TrialSpec
from lrlab.optim.build import build_optimizer
from lrlab.optim.hyper import HyperSetter
from lrlab.policies.base import Policy
from lrlab.policies.build import build_policy


@dataclass
class Trial:
    """A spec with everything it needs to run.

    Attributes:
        stream: training batches from the first one on.
        batches_per_epoch: training batches in an epoch; None for a loader that does not say.
        val, test: splits to evaluate; None where there is none.
        val_stream: validation batches without end, for the loss of one mini-batch per update.
        train: the spec's train section; None for a live model.
        chance: training loss of the best constant prediction; None where nobody knows it.
    """

    spec: TrialSpec
    task: Task
    policy: Policy
    stream: BatchStream
    batches_per_epoch: int | None = None
    val: EpochSource | None = None
    test: EpochSource | None = None
    val_stream: BatchStream | None = None
    facts: DataFacts | None = None
    train: TrainConfig | None = None
    chance: float | None = None


def parse_config(spec: TrialSpec) -> Config:
    """The spec's config as typed sections."""
    return schema_for(frozenset(spec.config.get("plugins", {}))).model_validate_json(json.dumps(spec.config))


def assemble(spec: TrialSpec) -> Trial:
    """Build a trial from its config alone; the same spec gives the same bits.

    Raises:
        ResourceError: the device is not there, has not the precision, or not the memory.
        DataError: the data is missing, damaged or does not fit.
        UsageError: the policy, the model or a plugin cannot be built from these values.
    """
    config = parse_config(spec)
    torch.set_num_threads(config.train.threads)
    device = resolve_device(config.train.device)
    check_precision(config.train.precision, device)
    with memory_explained(device, config.data.batch_size):
        return _assembled(spec, config, device)


def _assembled(spec: TrialSpec, config: Config, device: torch.device) -> Trial:
    bundle = _loaded(config.data, device, loader_for(config)).reseeded(spec.seed)
    seed_everything(derive(spec.seed, "model"))
    model = model_for(config, bundle.facts.shape, bundle.facts.classes)
    if not isinstance(config.init, AsBuilt):
        init_model(model, config.init, activation=config.model.activation, seed=derive(spec.seed, "init"))
    task = _task(spec, config, model, device)
    seed_everything(derive(spec.seed, "noise"))  # dropout; apart from the weights, so that each can be held fixed
    val_stream = EpochStream(bundle.validation_batches()) if "val_loss" in spec.measures else None
    return Trial(
        spec=spec,
        task=task,
        policy=policy_for(
            spec,
            task,
            total_steps(config.train, bundle.train.steps_per_epoch),
            Fraction(bundle.train.steps_per_epoch, config.train.accumulate),
        ),
        stream=EpochStream(bundle.train),
        batches_per_epoch=bundle.train.steps_per_epoch,
        val=bundle.val,
        test=bundle.test,
        val_stream=val_stream,
        facts=bundle.facts,
        train=config.train,
        chance=_chance(config.train, bundle.facts),
    )


def _chance(train: TrainConfig, facts: DataFacts) -> float | None:
    """For cross-entropy the entropy of the class frequencies, or of what label smoothing makes of them."""
    if train.loss != "cross_entropy":
        return None
    spread = train.label_smoothing * facts.train_size / facts.classes
    return chance_loss([(1 - train.label_smoothing) * count + spread for count in facts.class_counts])


def _task(spec: TrialSpec, config: Config, model: nn.Module, device: torch.device) -> Task:
    """The model on its device, and how it is to be trained. Training and sweep differ in what is measured alone."""
    train = config.train
    layout = torch.channels_last if train.channels_last else torch.contiguous_format
    model = model.to(device).to(memory_format=layout)
    if train.compile:
        compile_in_place(model)
    loss, smoothing, clipped = loss_for(config), train.label_smoothing, train.clip_norm is not None
    return Task(
        model=model,
        optimizer=build_optimizer(config.optimizer, model),
        loss_fn=partial(cross_entropy, label_smoothing=smoothing) if smoothing else loss,
        eval_loss_fn=loss,
        correct_fn=classified_correctly if not spec.sweep or "accuracy" in spec.measures else None,
        device=device,
        accumulate=train.accumulate,
        grad_norm="grad_norm" in spec.measures if spec.sweep else clipped,
        clip_norm=train.clip_norm,
        precision=train.precision,
        channels_last=train.channels_last,
    )


def policy_for(spec: TrialSpec, task: Task, total: int, steps_per_epoch: Fraction | None = None) -> Policy:
    """The spec's policy over `total` updates; see `policy_of`."""
    return policy_of(spec, HyperSetter(task.optimizer).momentum(), total, steps_per_epoch)


def policy_of(spec: TrialSpec, momentum: float | None, total: int, steps_per_epoch: Fraction | None = None) -> Policy:
    """The spec's policy over `total` updates, for an optimizer with this momentum (Adam: beta1).

    Args:
        steps_per_epoch: updates, not batches; for durations in epochs.

    Raises:
        UsageError: the policy needs more updates than there are, or its values contradict each other.
    """
    config = parse_config(spec)
    try:
        return build_policy(
            config.policy, total=total, lr=config.optimizer.lr, momentum=momentum, steps_per_epoch=steps_per_epoch
        )
    except ValueError as error:
        lead = f"{spec.label}: " if spec.label else ""
        raise UsageError(
            f"{lead}{error}",
            hint="raise train.epochs or train.steps, or change the policy; to see it: lrlab policy show",
        ) from error


def total_steps(train: TrainConfig, batches_per_epoch: int) -> int:
    """Updates in all: `steps`, or as many as `epochs` hold, `accumulate` batches each.

    Raises:
        UsageError: not even one.
    """
    if train.steps is not None:
        return train.steps
    batches = (train.epochs or 0) * batches_per_epoch
    if batches < train.accumulate:
        raise UsageError(
            f"train.accumulate={train.accumulate} is more than the {batches} batches of the whole training",
            hint="lower train.accumulate or raise train.epochs",
        )
    return batches // train.accumulate


def forget_data() -> None:
    """Let go of the images that are kept for the next trial."""
    _loaded.cache_clear()


@lru_cache(maxsize=1)
def _loaded(config: DataConfig, device: torch.device, loader: PluginLoader | None) -> DataBundle:
    """The data of a trial; the images are read once for all seeds of a sweep."""
    return load_data(config, seed=0, device=device, loader=loader)


def with_values(config: Mapping[str, Any], **sections: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a resolved config with some keys of some sections replaced."""
    return {**config, **{name: {**config.get(name, {}), **values} for name, values in sections.items()}}

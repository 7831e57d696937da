"""From a spec to the live parts of a trial: data, model, weights, optimizer, policy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from lrlab.config.schema import Config, schema_for
from lrlab.config.sections.data import DataConfig
from lrlab.config.sections.plugins import AsBuilt
from lrlab.config.sections.train import TrainConfig
from lrlab.data.build import DataBundle, load_data
from lrlab.data.facts import DataFacts
from lrlab.data.order import derive
from lrlab.engine.batches import BatchStream, EpochSource, EpochStream
from lrlab.engine.device import resolve_device
from lrlab.engine.seeding import seed_everything
from lrlab.engine.task import Task, classified_correctly
from lrlab.errors import DataError, UsageError
from lrlab.init.weights import init_model
from lrlab.launch.plugin_import import blamed
from lrlab.launch.plugins import PluginLoader, check_loss, loader_for, loss_for, model_for
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


def parse_config(spec: TrialSpec) -> Config:
    """The spec's config as typed sections."""
    return schema_for(frozenset(spec.config.get("plugins", {}))).model_validate_json(json.dumps(spec.config))


def assemble(spec: TrialSpec) -> Trial:
    """Build a trial from its config alone; the same spec gives the same bits.

    Raises:
        ResourceError: the device is not there.
        DataError: the data is missing, damaged or does not fit.
        UsageError: the policy, the model or a plugin cannot be built from these values.
    """
    config = parse_config(spec)
    torch.set_num_threads(config.train.threads)
    device = resolve_device(config.train.device)
    bundle = _loaded(config.data, device, loader_for(config)).reseeded(spec.seed)
    seed_everything(derive(spec.seed, "model"))
    model = model_for(config, bundle.facts.shape, bundle.facts.classes)
    if not isinstance(config.init, AsBuilt):
        init_model(model, config.init, activation=config.model.activation, seed=derive(spec.seed, "init"))
    task = Task(
        model=model.to(device),
        optimizer=build_optimizer(config.optimizer, model),
        loss_fn=loss_for(config),
        correct_fn=None if spec.sweep else classified_correctly,
        device=device,
        accumulate=config.train.accumulate,
    )
    seed_everything(derive(spec.seed, "noise"))  # dropout; apart from the weights, so that each can be held fixed
    val_stream = EpochStream(bundle.validation_batches()) if spec.validation_loss else None
    return Trial(
        spec=spec,
        task=task,
        policy=policy_for(spec, task, total_steps(config.train, bundle.train.steps_per_epoch)),
        stream=EpochStream(bundle.train),
        batches_per_epoch=bundle.train.steps_per_epoch,
        val=bundle.val,
        test=bundle.test,
        val_stream=val_stream,
        facts=bundle.facts,
        train=config.train,
    )


def policy_for(spec: TrialSpec, task: Task, total: int) -> Policy:
    """The spec's policy over `total` updates.

    Raises:
        UsageError: the policy needs more updates than there are.
    """
    config = parse_config(spec)
    try:
        momentum = HyperSetter(task.optimizer).momentum()
        return build_policy(config.policy, total=total, lr=config.optimizer.lr, momentum=momentum)
    except ValueError as error:
        raise UsageError(str(error), hint="raise train.epochs or train.steps, or lower data.batch_size") from error


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


def check_first_batch(trial: Trial) -> None:
    """Send one batch through the model before anything is trained or written.

    Raises:
        DataError: labels out of range.
        UsageError: the model does not take such images.
    """
    source = trial.val or trial.test
    if source is None or trial.facts is None:
        return
    inputs, targets = next(iter(source.batches(0)))
    classes = trial.facts.classes
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= classes:
        raise DataError(
            f"labels run from {low} to {high}; {trial.facts.name} has {classes} classes, 0 to {classes - 1}"
        )
    outputs = _try_forward(trial, inputs[:2])
    given = tuple(outputs.shape) if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"
    if given != (len(inputs[:2]), classes):
        raise UsageError(f"the model gives {given} for {len(inputs[:2])} images, not one score per class")
    check_loss(parse_config(trial.spec), trial.task.loss_fn, outputs, targets[:2])


def _try_forward(trial: Trial, inputs: Tensor) -> Any:
    flags = [(module, module.training) for module in trial.task.model.modules()]
    try:
        with torch.no_grad():
            return trial.task.model.eval()(inputs)
    except Exception as error:
        if not isinstance(error, RuntimeError) and not blamed(error):
            raise
        shape, where = tuple(inputs.shape[1:]), blamed(error)
        reason = f"{where}: {type(error).__name__}: {error}" if where else str(error)
        raise UsageError(f"the model does not take images of shape {shape}: {reason}") from error
    finally:
        for module, training in flags:
            module.training = training


@lru_cache(maxsize=1)
def _loaded(config: DataConfig, device: torch.device, loader: PluginLoader | None) -> DataBundle:
    """The data of a trial; the images are read once for all seeds of a sweep."""
    return load_data(config, seed=0, device=device, loader=loader)


def with_values(config: Mapping[str, Any], **sections: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a resolved config with some keys of some sections replaced."""
    return {**config, **{name: {**config.get(name, {}), **values} for name, values in sections.items()}}

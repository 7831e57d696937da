"""From a spec to the live parts of a trial: data, model, weights, optimizer, policy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from lrlab.config.schema import Config
from lrlab.config.sections.data import DataConfig
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
from lrlab.launch.spec import TrialSpec
from lrlab.models.build import build_model
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
    return Config.model_validate_json(json.dumps(spec.config))


def assemble(spec: TrialSpec) -> Trial:
    """Build a trial from its config alone; the same spec gives the same bits.

    Raises:
        ResourceError: the device is not there.
        DataError: the data is missing, damaged or does not fit.
        UsageError: the policy or the model cannot be built from these values.
    """
    config = parse_config(spec)
    torch.set_num_threads(config.train.threads)
    device = resolve_device(config.train.device)
    bundle = _data(config.data, spec.seed, device)
    seed_everything(derive(spec.seed, "model"))
    model = build_model(config.model, shape=bundle.facts.shape, classes=bundle.facts.classes)
    init_model(model, config.init, activation=config.model.activation, seed=derive(spec.seed, "init"))
    task = Task(
        model=model.to(device),
        optimizer=build_optimizer(config.optimizer, model),
        loss_fn=torch.nn.functional.cross_entropy,
        correct_fn=None if spec.sweep else classified_correctly,
        device=device,
        accumulate=config.train.accumulate,
    )
    seed_everything(derive(spec.seed, "noise"))  # dropout; apart from the weights, so that each can be held fixed
    val_stream = EpochStream(bundle.validation_batches()) if spec.validation_loss else None
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
    )


def policy_for(spec: TrialSpec, task: Task, total: int, steps_per_epoch: Fraction | None = None) -> Policy:
    """The spec's policy over `total` updates; `steps_per_epoch` (updates, not batches) is for durations in epochs.

    Raises:
        UsageError: the policy needs more updates than there are.
    """
    config = parse_config(spec)
    try:
        momentum = HyperSetter(task.optimizer).momentum()
        return build_policy(
            config.policy, total=total, lr=config.optimizer.lr, momentum=momentum, steps_per_epoch=steps_per_epoch
        )
    except ValueError as error:
        raise UsageError(
            str(error), hint="raise train.epochs or train.steps, or change the policy; to see it: lrlab policy show"
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
    if tuple(outputs.shape) != (len(inputs[:2]), classes):
        raise UsageError(
            f"the model gives {tuple(outputs.shape)} for {len(inputs[:2])} images, not one score per class"
        )


def _try_forward(trial: Trial, inputs: Tensor) -> Tensor:
    flags = [(module, module.training) for module in trial.task.model.modules()]
    try:
        with torch.no_grad():
            return trial.task.model.eval()(inputs)  # type: ignore[no-any-return]
    except RuntimeError as error:
        shape = tuple(inputs.shape[1:])
        raise UsageError(f"the model does not take images of shape {shape}: {error}") from error
    finally:
        for module, training in flags:
            module.training = training


def _data(config: DataConfig, seed: int, device: torch.device) -> DataBundle:
    """The data of a trial; the images are read once for all seeds of a sweep."""
    return _loaded(config, device).reseeded(seed)


@lru_cache(maxsize=1)
def _loaded(config: DataConfig, device: torch.device) -> DataBundle:
    return load_data(config, seed=0, device=device)


def with_values(config: Mapping[str, Any], **sections: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a resolved config with some keys of some sections replaced."""
    return {**config, **{name: {**config.get(name, {}), **values} for name, values in sections.items()}}

"""`train:` how long, on what, and what is kept."""

from typing import Literal

from pydantic import Field

from lrlab.config.sections.base import STEPS, Section
from lrlab.config.sections.duration import Steps

DEFAULT_EPOCHS = 10


class Checkpoint(Section):
    """What is written while training."""

    every: int | None = Field(
        None, ge=1, json_schema_extra=STEPS, description="Steps between checkpoints; None: each epoch."
    )
    keep: int = Field(2, ge=1, description="Regular checkpoints that stay; best, initial and snapshots always do.")
    snapshots: tuple[int, ...] = Field((), description="Steps whose weights are kept for good.")


class EarlyStop(Section):
    """When a training that gets no better ends before its policy does."""

    patience: int | None = Field(
        None, ge=1, description="Validations in a row without a better one before the training stops; None: never."
    )
    min_delta: float = Field(0.0, ge=0, description="Better means by more than this (a share of 1, or a loss).")
    metric: Literal["accuracy", "loss"] = Field(
        "accuracy", description="Validation metric that counts; the best checkpoint goes by it too."
    )


class TrainConfig(Section):
    """The training."""

    epochs: int | None = Field(None, ge=1, description="Passes over the training images; 10 unless steps is given.")
    steps: int | None = Field(None, ge=1, json_schema_extra=STEPS, description="Optimizer updates, instead of epochs.")
    seed: int = Field(0, ge=0, lt=2**32, description="Weights, data order, augmentation, dropout.")
    seeds: int = Field(1, ge=1, description="How many seeds: seed, seed + 1, ...")
    threads: int = Field(1, ge=1, description="CPU threads; results depend on it to the last bit.")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:N.")
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        "fp32",
        description="Of forward passes (autocast); weights, losses and updates stay fp32. fp16 needs CUDA.",
    )
    channels_last: bool = Field(
        True, description="Lay out images and convolution weights in memory as (N, H, W, C), which is faster."
    )
    compile: bool = Field(False, description="torch.compile the model; needs a C++ compiler, on CUDA triton.")
    loss: Literal["cross_entropy"] = Field(
        "cross_entropy", description="What is minimised: a name in plugins is one too."
    )
    accumulate: int = Field(1, ge=1, description="Micro-batches per step.")
    clip_norm: float | None = Field(
        None, gt=0, description="Scale the gradient of a step down to this 2-norm where it is longer; None: never."
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the target spread evenly over all classes, in the training loss alone: validation and "
        "test losses are without.",
    )
    validate_every: Steps | None = Field(
        None,
        json_schema_extra=STEPS,
        description="Steps between validations, or a length (10%, 0.5ep); None: each epoch.",
    )
    log_every: int = Field(50, ge=1, json_schema_extra=STEPS, description="Steps between writes of the metrics.")
    stop_at_accuracy: float | None = Field(None, gt=0, le=1, description="Stop once validation accuracy is reached.")
    early_stop: EarlyStop = Field(default_factory=EarlyStop, description="When to stop for want of progress.")
    checkpoint: Checkpoint = Field(default_factory=Checkpoint, description="What is written while training.")

"""`train:` how long, on what, and what is kept."""

from typing import Literal

from pydantic import Field

from lrlab.config.sections.base import STEPS, Section

DEFAULT_EPOCHS = 10


class Checkpoint(Section):
    """What is written while training."""

    every: int | None = Field(
        None, ge=1, json_schema_extra=STEPS, description="Steps between checkpoints; None: each epoch."
    )
    keep: int = Field(2, ge=1, description="Regular checkpoints that stay; best, initial and snapshots always do.")
    snapshots: tuple[int, ...] = Field((), description="Steps whose weights are kept for good.")


class TrainConfig(Section):
    """The training."""

    epochs: int | None = Field(None, ge=1, description="Passes over the training images; 10 unless steps is given.")
    steps: int | None = Field(None, ge=1, json_schema_extra=STEPS, description="Optimizer updates, instead of epochs.")
    seed: int = Field(0, ge=0, lt=2**32, description="Weights, data order, augmentation, dropout.")
    seeds: int = Field(1, ge=1, description="How many seeds: seed, seed + 1, ...")
    threads: int = Field(1, ge=1, description="CPU threads; results depend on it to the last bit.")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:N.")
    loss: Literal["cross_entropy"] = Field(
        "cross_entropy", description="What is minimised: a name in plugins is one too."
    )
    accumulate: int = Field(1, ge=1, description="Micro-batches per step.")
    validate_every: int | None = Field(
        None, ge=1, json_schema_extra=STEPS, description="Steps between validations; None: each epoch."
    )
    log_every: int = Field(50, ge=1, json_schema_extra=STEPS, description="Steps between writes of the metrics.")
    stop_at_accuracy: float | None = Field(None, gt=0, le=1, description="Stop once validation accuracy is reached.")
    checkpoint: Checkpoint = Field(default_factory=Checkpoint, description="What is written while training.")

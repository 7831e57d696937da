"""A whole config."""

from pydantic import Field

from lrlab.config.sections.base import Section
from lrlab.config.sections.data import DataConfig, Digits
from lrlab.config.sections.init import InitConfig, Kaiming
from lrlab.config.sections.model import ConvNet, ModelConfig
from lrlab.config.sections.optimizer import OptimizerConfig, Sgd
from lrlab.config.sections.policy import OneCycle, PolicyConfig
from lrlab.config.sections.range_test import RangeTestConfig
from lrlab.config.sections.train import TrainConfig


class Config(Section):
    """Everything a user can ask for."""

    name: str | None = Field(None, description="Names the run folder; default: the file's name.")
    data: DataConfig = Field(default_factory=Digits)
    model: ModelConfig = Field(default_factory=ConvNet)
    init: InitConfig = Field(default_factory=Kaiming)
    optimizer: OptimizerConfig = Field(default_factory=Sgd)
    policy: PolicyConfig = Field(default_factory=OneCycle)
    train: TrainConfig = Field(default_factory=TrainConfig)
    range_test: RangeTestConfig = Field(default_factory=RangeTestConfig)

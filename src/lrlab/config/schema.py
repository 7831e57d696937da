"""A whole config."""

from functools import cache
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import Field, create_model

from lrlab.config.sections.base import Section
from lrlab.config.sections.compare_policy import ComparePolicyConfig
from lrlab.config.sections.data import DataConfig, Digits
from lrlab.config.sections.find_min_lr import FindMinLrConfig
from lrlab.config.sections.init import InitConfig, Kaiming
from lrlab.config.sections.model import ConvNet, ModelConfig
from lrlab.config.sections.optimizer import OptimizerConfig, Sgd
from lrlab.config.sections.plugins import AsBuilt, Plugin, PluginData, PluginModel
from lrlab.config.sections.policy import OneCycle, PolicyConfig
from lrlab.config.sections.range_test import RangeTestConfig
from lrlab.config.sections.train import TrainConfig
from lrlab.config.sections.tune import TuneConfig
from lrlab.config.versions import SCHEMA_VERSION


class Config(Section):
    """Everything a user can ask for."""

    schema_version: int = Field(
        SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION, description="Version of these keys; a file without it is version 1."
    )
    name: str | None = Field(None, description="Names the run folder; default: the file's name.")
    plugins: dict[str, Plugin] = Field(
        default_factory=dict, description="Your own model, data set or loss: a name of your choice and its code."
    )
    data: DataConfig = Field(default_factory=Digits)
    model: ModelConfig = Field(default_factory=ConvNet)
    init: InitConfig = Field(default_factory=Kaiming)
    optimizer: OptimizerConfig = Field(default_factory=Sgd)
    policy: PolicyConfig = Field(default_factory=OneCycle)
    train: TrainConfig = Field(default_factory=TrainConfig)
    range_test: RangeTestConfig = Field(default_factory=RangeTestConfig)
    find_min_lr: FindMinLrConfig = Field(default_factory=FindMinLrConfig)
    compare_policy: ComparePolicyConfig = Field(default_factory=ComparePolicyConfig)
    tune: TuneConfig = Field(default_factory=TuneConfig)


@cache
def schema_for(plugins: frozenset[str]) -> type[Config]:
    """`Config` where `plugins` are names of models, data sets and losses too, and init can leave a model as built."""
    if not plugins:
        return Config
    names = tuple(sorted(plugins))
    loss = TrainConfig.model_fields["loss"]
    train: Any = _variant(TrainConfig, loss=(_literal(*get_args(loss.annotation), *names), loss))
    sections: dict[str, Any] = {
        "data": _with_arm("data", _variant(PluginData, name=(_literal(*names), ...))),
        "model": _with_arm("model", _variant(PluginModel, name=(_literal(*names), ...))),
        "init": _with_arm("init", AsBuilt),
        "train": (train, Field(default_factory=train)),
    }
    return create_model("Config", __base__=Config, **sections)


def _variant(base: type[Section], **fields: Any) -> type[Section]:
    return create_model(base.__name__, __base__=base, __doc__=base.__doc__, **fields)


def _with_arm(section: str, arm: type[Section]) -> Any:
    info = Config.model_fields[section]
    arms: Any = Union[*get_args(info.annotation), arm]
    default: Any = info.default_factory
    return Annotated[arms, Field(discriminator="name")], Field(default_factory=default)


def _literal(*names: str) -> Any:
    literal: Any = Literal
    return literal[names]

"""`init:` the weights before the first step."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import Section


class TorchDefault(Section):
    """What each torch module does by itself."""

    name: Literal["torch"] = "torch"


class Kaiming(Section):
    """Var(w) = gain² / fan (He et al. 2015)."""

    name: Literal["kaiming_normal", "kaiming_uniform"] = "kaiming_normal"
    mode: Literal["fan_in", "fan_out"] = Field("fan_in", description="Which fan: keep activations, or gradients.")
    gain: float | None = Field(None, gt=0, description="Default: of the model's activation, by quadrature.")


class Xavier(Section):
    """Var(w) = 2 gain² / (fan_in + fan_out) (Glorot, Bengio 2010)."""

    name: Literal["xavier_normal", "xavier_uniform"] = "xavier_normal"
    gain: float = Field(1.0, gt=0, description="Factor on the standard deviation.")


InitConfig = Annotated[TorchDefault | Kaiming | Xavier, Field(discriminator="name")]

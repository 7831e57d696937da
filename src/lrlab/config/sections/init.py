"""`init:` the weights before the first step."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import Section

_GAIN = "Default: of the model's activation, by quadrature."


class TorchDefault(Section):
    """What each torch module does by itself."""

    name: Literal["torch"] = "torch"


class Kaiming(Section):
    """Var(w) = gain² / fan (He et al. 2015)."""

    name: Literal["kaiming_normal", "kaiming_uniform"] = "kaiming_normal"
    mode: Literal["fan_in", "fan_out"] = Field("fan_in", description="Which fan: keep activations, or gradients.")
    gain: float | None = Field(None, gt=0, description=_GAIN)


class Xavier(Section):
    """Var(w) = 2 gain² / (fan_in + fan_out) (Glorot, Bengio 2010)."""

    name: Literal["xavier_normal", "xavier_uniform"] = "xavier_normal"
    gain: float = Field(1.0, gt=0, description="Factor on the standard deviation.")


class LeCun(Section):
    """Var(w) = 1 / fan_in (LeCun et al. 1998)."""

    name: Literal["lecun_normal", "lecun_uniform"] = "lecun_normal"


class Normal(Section):
    """One standard deviation for all layers."""

    name: Literal["normal"] = "normal"
    std: float = Field(0.01, gt=0, description="Standard deviation of every weight.")


class TruncatedNormal(Section):
    """One standard deviation for all layers, and no weight far out."""

    name: Literal["truncated_normal"] = "truncated_normal"
    std: float = Field(0.02, gt=0, description="Standard deviation of every weight, after truncation.")


class Orthogonal(Section):
    """Orthogonal matrices (Saxe et al. 2013); delta: in the centre tap of a convolution (Xiao et al. 2018)."""

    name: Literal["orthogonal", "delta_orthogonal"] = "orthogonal"
    gain: float | None = Field(None, gt=0, description=_GAIN)


class ScaledIdentity(Section):
    """A multiple of the identity."""

    name: Literal["scaled_identity"] = "scaled_identity"
    scale: float = Field(1.0, gt=0, description="On the main diagonal of every layer.")


InitConfig = Annotated[
    TorchDefault | Kaiming | Xavier | LeCun | Normal | TruncatedNormal | Orthogonal | ScaledIdentity,
    Field(discriminator="name"),
]

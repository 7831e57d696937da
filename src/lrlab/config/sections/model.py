"""`model:` the network."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import Section

Activation = Literal["relu", "tanh", "sigmoid", "leaky_relu", "gelu", "silu"]


class ConvNet(Section):
    """Plain CNN: blocks of convolution, norm, activation; global pooling; a linear head."""

    name: Literal["convnet"] = "convnet"
    depth: int = Field(3, ge=1, description="Convolution blocks.")
    width: int = Field(32, ge=1, description="Channels of the first block; doubled at each pooling.")
    norm: Literal["none", "batch", "group"] = Field("batch", description="Normalisation after each convolution.")
    activation: Activation = Field("relu", description="Nonlinearity.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of activations dropped while training.")


class Mlp(Section):
    """Fully connected layers."""

    name: Literal["mlp"] = "mlp"
    depth: int = Field(2, ge=0, description="Hidden layers.")
    width: int = Field(128, ge=1, description="Units per hidden layer.")
    norm: Literal["none", "batch"] = Field("none", description="Normalisation after each hidden layer.")
    activation: Activation = Field("relu", description="Nonlinearity.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of activations dropped while training.")


ModelConfig = Annotated[ConvNet | Mlp, Field(discriminator="name")]

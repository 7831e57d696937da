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


class LeNet(Section):
    """LeNet-5 as it is built today (LeCun et al. 1998)."""

    name: Literal["lenet"] = "lenet"
    activation: Activation = Field("tanh", description="Nonlinearity; tanh is the classic.")
    pool: Literal["average", "max"] = Field("average", description="2x2 pooling; average is the classic.")


class ResNet(Section):
    """Residual network for small images (He et al. 2015, arXiv:1512.03385, section 4.2)."""

    name: Literal["resnet"] = "resnet"
    depth: Literal[8, 14, 20, 26, 32, 38, 44, 50, 56] = Field(
        20, description="Layers with weights, 6n+2: n blocks in each of three stages."
    )
    width: int = Field(16, ge=1, description="Channels of the first stage; doubled in the second and third.")
    norm: Literal["none", "batch", "group"] = Field("batch", description="Normalisation after each convolution.")
    activation: Activation = Field("relu", description="Nonlinearity.")


ModelConfig = Annotated[ConvNet | Mlp | LeNet | ResNet, Field(discriminator="name")]

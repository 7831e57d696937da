"""`optimizer:` how gradients become steps."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import Section

_LR = (
    "The lr that policies are built around: constant's value, one-cycle's maximum. "
    "With momentum_form ema it is alpha, the effective lr; with torch's the effective lr is lr / (1 - momentum)."
)


class Sgd(Section):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    lr: float = Field(0.1, gt=0, description=_LR)
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum, beta in the EMA form.")
    momentum_form: Literal["torch", "ema"] = Field(
        "torch",
        description="torch: v <- beta v + g, w <- w - lr v; ema: m <- beta m + (1 - beta) g, w <- w - alpha m.",
    )
    nesterov: bool = Field(False, description="Nesterov's look-ahead; torch form only.")
    weight_decay: float = Field(5e-4, ge=0, description="L2 coefficient; never on norms and biases.")


class Adam(Section):
    """Adam (Kingma, Ba 2015)."""

    name: Literal["adam"] = "adam"
    lr: float = Field(1e-3, gt=0, description=_LR)
    beta1: float = Field(0.9, ge=0, lt=1, description="Decay of the gradient's mean; what momentum cycling moves.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Decay of the squared gradient's mean.")
    eps: float = Field(1e-8, gt=0, description="Added to the denominator.")
    weight_decay: float = Field(0.0, ge=0, description="L2 coefficient; never on norms and biases.")


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019)."""

    name: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    weight_decay: float = Field(1e-2, ge=0, description="Decoupled decay; never on norms and biases.")


OptimizerConfig = Annotated[Sgd | Adam | AdamW, Field(discriminator="name")]

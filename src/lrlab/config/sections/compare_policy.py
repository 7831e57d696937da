"""`compare_policy:` which policies, at which lrs, on which budgets."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import Lr, Section
from lrlab.config.sections.duration import Budget

PolicyName = Literal[
    "onecycle",
    "torch",
    "constant",
    "step",
    "cosine",
    "linear",
    "triangular",
    "wsd",
    "cosine_restarts",
    "polynomial",
    "exponential",
]


class ComparePolicyConfig(Section):
    """The comparison of policies."""

    policies: tuple[PolicyName, ...] = Field(
        ("onecycle", "torch", "constant", "step", "cosine", "linear", "triangular", "wsd"),
        min_length=1,
        description="What is compared, each with its defaults, or as the policy section has it. The others are held "
        "against onecycle, else against the first.",
    )
    lrs: Annotated[tuple[Lr, ...], Field(min_length=1)] | None = Field(
        None, description="The grid that each policy's lr is chosen from; default: lr_ratios times optimizer.lr."
    )
    lr_ratios: tuple[Lr, ...] = Field(
        (0.25, 0.5, 1.0, 2.0), min_length=1, description="The grid in units of optimizer.lr, unless lrs is given."
    )
    seeds: int = Field(3, ge=1, description="Trainings of each policy at each lr: train.seed, train.seed + 1, ...")
    budgets: Annotated[tuple[Budget, ...], Field(min_length=1)] | None = Field(
        None,
        description="Lengths to compare at, in whole epochs (3ep) or steps (200it); default: train.epochs or "
        "train.steps.",
    )
    ablations: tuple[Literal["annihilation", "momentum"], ...] = Field(
        (),
        description="Of onecycle: a last descent of 12.5 %, 50 % or none of the steps; momentum constant, cycled, "
        "cycled as an average, cycled at a matched effective lr.",
    )

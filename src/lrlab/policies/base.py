"""What a policy is: a pure function of the step."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Hyper(NamedTuple):
    """What one update uses. `momentum` None: the optimizer keeps its own."""

    lr: float
    momentum: float | None
    phase: str


@dataclass(frozen=True, slots=True)
class Knot:
    """A step at which a policy turns, and its values there."""

    step: int
    lr: float
    momentum: float | None
    label: str


class Policy(Protocol):
    """lr and momentum of update 0 .. total - 1."""

    @property
    def total(self) -> int:
        """Updates in all."""

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""

    def knots(self) -> tuple[Knot, ...]:
        """Where it turns."""


def check_step(step: int) -> None:
    """Refuse a negative step.

    Raises:
        ValueError: it is negative; a policy is defined from step 0 on.
    """
    if step < 0:
        raise ValueError(f"step {step} is before the start; steps count from 0")

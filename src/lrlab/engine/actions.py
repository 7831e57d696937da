"""What the loop does between updates, and when."""

from collections.abc import Callable
from dataclasses import dataclass

from lrlab.analysis.divergence import StopReason


@dataclass(frozen=True, slots=True)
class Every:
    """Due at every n-th step and at the last one."""

    n: int
    total: int

    def due(self, step: int) -> bool:
        """Whether `step` updates done is such a moment."""
        return step % self.n == 0 or step == self.total


@dataclass(frozen=True, slots=True)
class At:
    """An action from two functions: when, and what."""

    when: Callable[[int], bool]
    do: Callable[[int], StopReason | None]

    def due(self, step: int) -> bool:
        """Whether to run once `step` updates are done."""
        return self.when(step)

    def __call__(self, step: int) -> StopReason | None:
        """Do it."""
        return self.do(step)

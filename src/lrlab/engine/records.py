"""What the loop tells those who watch it."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(slots=True)
class StepRecord:
    """One optimizer update, as plain host numbers.

    Attributes:
        step: index of the update, from 0.
        epoch: index of the epoch its last batch came from, from 0.
        lr: learning rate used in this update (first parameter group).
        momentum: momentum used, or beta1; None where the optimizer has none.
        loss: mean loss over the update's micro-batches, before the update.
        accuracy: share of correct predictions on those batches, before the update; None if not asked for.
        samples: number of samples in those batches.
        grad_norm: 2-norm of the whole gradient of this update; None if not asked for.
    """

    step: int
    epoch: int
    lr: float
    momentum: float | None
    loss: float
    accuracy: float | None
    samples: int
    grad_norm: float | None = None


@dataclass(frozen=True, slots=True)
class EvalRecord:
    """A pass over a whole split with the model in eval mode.

    Attributes:
        split: `val` or `test`.
        step: updates done so far.
        epoch: epochs begun so far, minus one.
        loss: mean loss per sample.
        accuracy: share of correct predictions, None for tasks without one.
    """

    split: str
    step: int
    epoch: int
    loss: float
    accuracy: float | None


class Observer(Protocol):
    """Rides on a training: sees its records, changes nothing."""

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Called once per update, at most one update late on CUDA."""

    def on_evaluation(self, record: EvalRecord, task: Any) -> None:
        """Called after each pass over a validation or test split."""

    def on_end(self, reason: str, task: Any) -> None:
        """Called once, when the loop is left in an orderly way."""


class SilentObserver:
    """An observer that ignores everything; a base for those that care about one event."""

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Ignore it."""

    def on_evaluation(self, record: EvalRecord, task: Any) -> None:
        """Ignore it."""

    def on_end(self, reason: str, task: Any) -> None:
        """Ignore it."""

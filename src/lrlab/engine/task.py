"""What is trained: a model, its optimizer, its loss; and the one optimizer update everything is made of."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from lrlab.engine.batches import BatchFn, BatchStream, split_pair, to_device

LossFn = Callable[[Any, Any], Tensor]
CorrectFn = Callable[[Any, Any], Tensor]


@dataclass
class Task:
    """A model with everything an update needs.

    Attributes:
        loss_fn: (outputs, targets) -> scalar mean loss.
        correct_fn: (outputs, targets) -> number of correct predictions, or None where that means nothing.
        batch_fn: batch -> (inputs, targets); inputs may be a tensor, a tuple (`model(*x)`) or a dict (`model(**x)`).
        accumulate: micro-batches per update; the loss of an update is their mean.
        grad_norm: whether each update's values hold the 2-norm of the whole gradient.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss_fn: LossFn
    device: torch.device
    correct_fn: CorrectFn | None = None
    batch_fn: BatchFn = split_pair
    accumulate: int = 1
    grad_norm: bool = False
    _closure: bool = field(init=False)
    _clear: Callable[[], None] = field(init=False)

    def __post_init__(self) -> None:
        self._closure = _needs_closure(self.optimizer)
        self._clear = _gradient_clearer(self.optimizer)

    def forward(self, batch: Any) -> tuple[Any, Any]:
        """Outputs and targets of one batch."""
        inputs, targets = self.batch_fn(batch)
        if isinstance(inputs, Tensor) and isinstance(targets, Tensor):  # the usual batch, a microsecond sooner
            if inputs.device != self.device or targets.device != self.device:
                inputs, targets = to_device(inputs, self.device), to_device(targets, self.device)
            return self.model(inputs), targets
        inputs, targets = to_device(inputs, self.device), to_device(targets, self.device)
        if isinstance(inputs, Mapping):
            return self.model(**inputs), targets
        return (self.model(*inputs) if isinstance(inputs, tuple | list) else self.model(inputs)), targets

    def update(self, stream: BatchStream) -> tuple[Tensor, int]:
        """One optimizer update on the next `accumulate` batches.

        Returns:
            (values, samples): values is the 0-d loss, or (loss, correct, gradient norm) as far as they are asked
            for, in this order; it stays on the device. samples is 0 where only the loss is asked for: nobody
            divides by it.
        """
        if self.accumulate > 1 or self._closure:
            return self._large_update([next(stream) for _ in range(self.accumulate)])
        batch = next(stream)
        self._clear()
        outputs, targets = self.forward(batch)
        loss = self.loss_fn(outputs, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.correct_fn is None and not self.grad_norm:
            self.optimizer.step()
            return loss, 0
        correct = [self.correct_fn(outputs, targets)] if self.correct_fn is not None else []
        values = self._values(loss, correct)
        self.optimizer.step()
        return values, batch_size(batch)

    def _large_update(self, batches: list[Any]) -> tuple[Tensor, int]:
        samples = sum(map(batch_size, batches))
        if not self._closure:
            values = self._gradients(batches)
            self.optimizer.step()
            return values, samples
        seen: list[Tensor] = []  # such an optimizer (L-BFGS) asks several times: the first answer is the loss

        def closure() -> Tensor:
            seen.append(self._gradients(batches))
            return seen[-1].flatten()[0]

        self.optimizer.step(closure)  # type: ignore[arg-type]
        return seen[0], samples

    def _gradients(self, batches: list[Any]) -> Tensor:
        """Accumulate the gradient of the mean loss over `batches`."""
        self._clear()
        losses, correct = [], []
        for batch in batches:
            outputs, targets = self.forward(batch)
            loss = self.loss_fn(outputs, targets)
            (loss / len(batches)).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
            if self.correct_fn is not None:
                correct.append(self.correct_fn(outputs, targets))
        return self._values(torch.stack(losses).mean(), correct)

    def _values(self, loss: Tensor, correct: Sequence[Tensor]) -> Tensor:
        """What `update` returns; called between the gradients and the step, which may change them in place."""
        values = [loss.detach()]
        if self.correct_fn is not None:
            values.append(torch.stack(list(correct)).sum().to(loss.dtype))
        if self.grad_norm:
            values.append(self._norm().to(loss.dtype))
        return torch.stack(values) if len(values) > 1 else values[0]

    def _norm(self) -> Tensor:
        groups = self.optimizer.param_groups
        return get_total_norm([p.grad for group in groups for p in group["params"] if p.grad is not None])


def classified_correctly(logits: Tensor, targets: Tensor) -> Tensor:
    """How many rows of (N, C) logits have their largest entry at the target, as a 0-d tensor."""
    with torch.no_grad():
        return (logits.argmax(dim=1) == targets).sum()


def batch_size(batch: Any) -> int:
    """Samples in a batch: the length of the first tensor in it; 1 where there is none."""
    if isinstance(batch, Tensor):
        return len(batch) if batch.ndim else 1
    if isinstance(batch, Mapping):
        batch = list(batch.values())
    return batch_size(batch[0]) if isinstance(batch, list | tuple) and batch else 1


def _gradient_clearer(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """`zero_grad` without its profiler record, which costs 5 µs a step; an optimizer's own `zero_grad` is kept."""
    if type(optimizer).zero_grad is not torch.optim.Optimizer.zero_grad:
        return optimizer.zero_grad
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def clear() -> None:
        for parameter in parameters:
            parameter.grad = None

    return clear


def _needs_closure(optimizer: torch.optim.Optimizer) -> bool:
    """Whether `step` cannot be called without a closure, as in L-BFGS."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty

"""What is trained: a model, its optimizer, its loss; and the one optimizer update everything is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lrlab.engine.batches import BatchFn, BatchStream, batch_size, split_pair, to_device
from lrlab.engine.gradients import clip_gradients, gradient_clearer, gradient_norm, needs_closure
from lrlab.engine.precision import LossScaler, Precision, lowered
from lrlab.errors import UsageError

LossFn = Callable[[Any, Any], Tensor]
CorrectFn = Callable[[Any, Any], Tensor]


@dataclass
class Task:
    """A model with everything an update needs.

    Attributes:
        loss_fn: (outputs, targets) -> scalar mean loss; what is minimised.
        correct_fn: (outputs, targets) -> number of correct predictions, or None where that means nothing.
        batch_fn: batch -> (inputs, targets); inputs may be a tensor, a tuple (`model(*x)`) or a dict (`model(**x)`).
        accumulate: micro-batches per update; the loss of an update is their mean.
        grad_norm: whether each update's values hold the 2-norm of the whole gradient, before clipping.
        clip_norm: the 2-norm that longer gradients are scaled down to; None leaves them.
        eval_loss_fn: what evaluation reports; None: `loss_fn`.
        precision: of forward passes, in training and evaluation; outputs come back as fp32.
        channels_last: lay a batch's (N, C, H, W) inputs out in memory as (N, H, W, C).
        scaler: the loss scaler of fp16, None otherwise.

    Raises:
        UsageError: fp16 with an optimizer that needs a closure.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss_fn: LossFn
    device: torch.device
    correct_fn: CorrectFn | None = None
    batch_fn: BatchFn = split_pair
    accumulate: int = 1
    grad_norm: bool = False
    clip_norm: float | None = None
    eval_loss_fn: LossFn | None = None
    precision: Precision = "fp32"
    channels_last: bool = False
    scaler: LossScaler | None = field(init=False, default=None)
    _call: Callable[..., Any] = field(init=False)
    _clear: Callable[[], None] = field(init=False)
    _closure: bool = field(init=False)
    _bare: bool = field(init=False)

    def __post_init__(self) -> None:
        self._call = lowered(self.model, self.precision, self.device)
        self._clear = gradient_clearer(self.optimizer)
        self._closure = needs_closure(self.optimizer)
        if self.precision == "fp16":
            if self._closure:
                name = type(self.optimizer).__name__
                raise UsageError(f"{name} needs a closure, which no loss scaler can serve", hint="use bf16 or fp32")
            self.scaler = LossScaler(self.device)
        plain = self.accumulate == 1 and self.scaler is None and self.clip_norm is None and not self._closure
        self._bare = plain and self.correct_fn is None and not self.grad_norm

    def forward(self, batch: Any) -> tuple[Any, Any]:
        """Outputs and targets of one batch."""
        inputs, targets = self.batch_fn(batch)
        if isinstance(inputs, Tensor) and isinstance(targets, Tensor):  # the usual batch, a microsecond sooner
            if inputs.device != self.device or targets.device != self.device:
                inputs, targets = to_device(inputs, self.device), to_device(targets, self.device)
            if self.channels_last and inputs.ndim == 4:
                inputs = inputs.contiguous(memory_format=torch.channels_last)
            return self._call(inputs), targets
        inputs, targets = to_device(inputs, self.device), to_device(targets, self.device)
        if isinstance(inputs, Mapping):
            return self._call(**inputs), targets
        return (self._call(*inputs) if isinstance(inputs, tuple | list) else self._call(inputs)), targets

    def eval_loss(self, outputs: Any, targets: Any) -> Tensor:
        """The loss that evaluation reports."""
        return (self.eval_loss_fn or self.loss_fn)(outputs, targets)

    def update(self, stream: BatchStream) -> tuple[Tensor, int]:
        """One optimizer update on the next `accumulate` batches.

        With a loss scaler, batches whose gradients overflow are skipped until an update comes about.

        Returns:
            (values, samples): values is the 0-d loss, or (loss, correct, gradient norm) as far as they are asked
            for, in this order; it stays on the device. samples is 0 where only the loss is asked for: nobody
            divides by it.

        Raises:
            StopIteration: the stream has ended.
            GradientOverflow: no update came about.
        """
        if not self._bare:
            return self._full_update(stream)
        batch = next(stream)
        self._clear()
        outputs, targets = self.forward(batch)
        loss = self.loss_fn(outputs, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss, 0

    def _full_update(self, stream: BatchStream) -> tuple[Tensor, int]:
        while True:
            batches = [next(stream) for _ in range(self.accumulate)]
            samples = sum(map(batch_size, batches))
            if self._closure:
                return self._closed_step(batches), samples
            values = self._gradients(batches)
            if self.scaler is None:
                self.optimizer.step()
                return values, samples
            if self.scaler.step(self.optimizer):
                return values, samples

    def _closed_step(self, batches: list[Any]) -> Tensor:
        seen: list[Tensor] = []  # such an optimizer (L-BFGS) asks several times: the first answer is the loss

        def closure() -> Tensor:
            seen.append(self._gradients(batches))
            return seen[-1].flatten()[0]

        self.optimizer.step(closure)  # type: ignore[arg-type]
        return seen[0]

    def _gradients(self, batches: list[Any]) -> Tensor:
        """The gradient of the mean loss over `batches`, clipped; returns what `update` returns."""
        self._clear()
        losses, correct = [], []
        for batch in batches:
            outputs, targets = self.forward(batch)
            loss = self.loss_fn(outputs, targets)
            share = loss / len(batches) if len(batches) > 1 else loss
            (share if self.scaler is None else self.scaler.scaled(share)).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
            if self.correct_fn is not None:
                correct.append(self.correct_fn(outputs, targets))
        if self.scaler is not None:
            self.scaler.unscale(self.optimizer)
        norm = gradient_norm(self.optimizer) if self.grad_norm or self.clip_norm is not None else None
        if norm is not None and self.clip_norm is not None:
            clip_gradients(self.optimizer, self.clip_norm, norm)
        return self._values(losses, correct, norm)

    def _values(self, losses: Sequence[Tensor], correct: Sequence[Tensor], norm: Tensor | None) -> Tensor:
        loss = losses[0] if len(losses) == 1 else torch.stack(list(losses)).mean()
        values = [loss]
        if correct:
            values.append((correct[0] if len(correct) == 1 else torch.stack(list(correct)).sum()).to(loss.dtype))
        if self.grad_norm and norm is not None:
            values.append(norm.to(loss.dtype))
        return torch.stack(values) if len(values) > 1 else loss


def classified_correctly(logits: Tensor, targets: Tensor) -> Tensor:
    """How many rows of (N, C) logits have their largest entry at the target, as a 0-d tensor."""
    with torch.no_grad():
        return (logits.argmax(dim=1) == targets).sum()

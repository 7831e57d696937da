"""SGD whose momentum is an exponential moving average of the gradients."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from lrlab.errors import UsageError


class EMASGD(Optimizer):
    """`m <- βm + (1-β)g`, then `w <- w - αm`, with m = 0 at the start and g = gradient + weight_decay·w.

    While β is constant this is `torch.optim.SGD(lr=α(1-β), momentum=β)`, and the effective lr is α itself.
    It is not torch's `dampening=β`, which leaves the first gradient undampened. When β changes, m stays an
    average of gradients, so the step keeps its size; torch's form would scale it by 1/(1-β). Starting from
    m = 0, the first steps are shorter by 1-β^t: a warm-up of about 1/(1-β) steps.

    lr, momentum and weight_decay may change in the parameter groups at any step; lr may be a tensor.

    Args:
        params: parameters or parameter groups.
        lr: α, above or equal to 0.
        momentum: β, in [0, 1).
        weight_decay: L2 penalty's factor, added to the gradient as in torch's SGD.

    Raises:
        UsageError: a value out of range.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float | Tensor = 0.1,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            _check_group(group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update; `closure` recomputes the loss, which is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [param for param in group["params"] if param.grad is not None]
            if params:
                self._update(params, group["lr"], group["momentum"], group["weight_decay"])
        return loss

    def _update(self, params: list[Tensor], lr: float | Tensor, momentum: float, weight_decay: float) -> None:
        gradients = [param.grad for param in params if param.grad is not None]
        if weight_decay:
            gradients = list(torch._foreach_add(gradients, params, alpha=weight_decay))
        averages = [self._average(param) for param in params]
        torch._foreach_lerp_(averages, gradients, 1 - momentum)
        if isinstance(lr, Tensor):
            torch._foreach_sub_(params, torch._foreach_mul(averages, lr))  # no .item(): the host does not wait
        else:
            torch._foreach_add_(params, averages, alpha=-lr)

    def _average(self, param: Tensor) -> Tensor:
        state = self.state[param]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        average: Tensor = state["momentum_buffer"]
        return average


def _check_group(group: dict[str, Any]) -> None:
    if not float(group["lr"]) >= 0:
        raise UsageError(f"lr={float(group['lr'])} is below 0")
    if not 0 <= group["momentum"] < 1:
        raise UsageError(f"momentum={group['momentum']} is outside [0, 1)")
    if not group["weight_decay"] >= 0:
        raise UsageError(f"weight_decay={group['weight_decay']} is below 0")

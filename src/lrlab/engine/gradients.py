"""What is done to gradients around the backward pass: cleared, measured, clipped."""

import inspect
from collections.abc import Callable

from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import Optimizer


def gradient_norm(optimizer: Optimizer) -> Tensor:
    """2-norm of the whole gradient, all groups together, 0-d; it stays on the device."""
    return get_total_norm([p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None])


def clip_gradients(optimizer: Optimizer, limit: float, norm: Tensor) -> None:
    """Scale the whole gradient by `limit / norm` where `norm` is above `limit`; the host does not wait to know.

    torch adds 1e-6 to the norm. A norm that is not finite leaves gradients that are not.

    Source: Pascanu et al. 2013, arXiv:1211.5063, algorithm 1.
    """
    clip_grads_with_norm_([p for group in optimizer.param_groups for p in group["params"]], limit, norm)


def gradient_clearer(optimizer: Optimizer) -> Callable[[], None]:
    """`zero_grad` without its profiler record, which costs 5 µs a step; an optimizer's own `zero_grad` is kept."""
    if type(optimizer).zero_grad is not Optimizer.zero_grad:
        return optimizer.zero_grad
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def clear() -> None:
        for parameter in parameters:
            parameter.grad = None

    return clear


def needs_closure(optimizer: Optimizer) -> bool:
    """Whether `step` cannot be called without a closure, as in L-BFGS."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty

"""In which precision forward passes run, and the loss scaler that fp16 needs.

Autocast lowers the forward pass alone: weights, losses, gradients of weights and updates stay fp32. bf16 has the
range of fp32 and needs no more than that. fp16 ends at 65,504 and begins at 6e-8, so the loss is multiplied by a
scale that keeps gradients inside, and an update whose gradients overflow all the same is skipped.

Source: Micikevicius et al. 2018, arXiv:1710.03740, sections 3.1 and 3.2.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrlab.errors import ResourceError

Precision = Literal["fp32", "bf16", "fp16"]
LOWEST_SCALE = 1.0  # below it scaling would push gradients towards zero
PATIENCE = 8  # overflows in a row at the lowest scale
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_HALVES = frozenset(_DTYPES.values())


class GradientOverflow(Exception):
    """Gradients overflow fp16 even when the loss is not scaled up: the training has diverged."""


class LossScaler:
    """torch's GradScaler, which also says whether it skipped the update and when to give up.

    The scale halves at an overflow and doubles after 2,000 updates without one. GradScaler lets the host wait once
    per update; reading the scale is a second time. There is no scaler without both.

    Args:
        device: where the loss is.
        scaler: in place of a new GradScaler.

    Attributes:
        overflows: updates skipped, over all sittings.
    """

    def __init__(self, device: torch.device, scaler: Any = None) -> None:
        self._scaler = scaler if scaler is not None else torch.amp.GradScaler(device.type)
        self._scale: float = self._scaler.get_scale()
        self._stuck = 0
        self.overflows = 0

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss to call `backward` on."""
        scaled: Tensor = self._scaler.scale(loss)
        return scaled

    def unscale(self, optimizer: Optimizer) -> None:
        """Divide the gradients by the scale; before they are measured or clipped."""
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: Optimizer) -> bool:
        """Update, unless a gradient is not finite; whether it did.

        Raises:
            GradientOverflow: the eighth overflow in a row at the lowest scale.
        """
        before = self._scale
        self._scaler.step(optimizer)
        self._scaler.update()
        self._scale = self._scaler.get_scale()
        if self._scale >= before:
            self._stuck = 0
            return True
        self.overflows += 1
        self._stuck = self._stuck + 1 if before <= LOWEST_SCALE else 0
        if self._scale < LOWEST_SCALE:
            self._scaler.update(LOWEST_SCALE)
            self._scale = LOWEST_SCALE
        if self._stuck >= PATIENCE:
            raise GradientOverflow
        return False

    def state_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"scaler": self._scaler.state_dict(), "stuck": self._stuck, "overflows": self.overflows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` gave."""
        self._scaler.load_state_dict(state["scaler"])
        self._scale, self._stuck, self.overflows = self._scaler.get_scale(), state["stuck"], state["overflows"]


def check_precision(precision: Precision, device: torch.device) -> None:
    """Refuse a precision that the device has not.

    Raises:
        ResourceError: fp16 on a CPU, where it was measured 90 times slower than bf16; bf16 on a GPU without it.
    """
    if precision == "fp16" and device.type != "cuda":
        raise ResourceError(
            f"precision fp16 needs CUDA, and this runs on {device}, where fp16 is 90 times slower than bf16",
            hint="use bf16 or fp32: train.precision=bf16",
        )
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ResourceError(
            f"{torch.cuda.get_device_name(device)} has no bf16", hint="use fp16 or fp32: train.precision=fp16"
        )


def lowered(model: nn.Module, precision: Precision, device: torch.device) -> Callable[..., Any]:
    """`model` as a function that computes in `precision` and gives fp32 outputs; for fp32 the model itself."""
    if precision == "fp32":
        return model

    def call(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device.type, _DTYPES[precision]):
            outputs = model(*args, **kwargs)
        return to_fp32(outputs)

    return call


def to_fp32(value: Any) -> Any:
    """Widen every half-precision tensor in a nest of tuples, lists and plain dicts; leave the rest alone."""
    if isinstance(value, Tensor):
        return value.float() if value.dtype in _HALVES else value
    if type(value) is dict:
        return {key: to_fp32(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        widened = [to_fp32(item) for item in value]
        return type(value)(*widened) if hasattr(value, "_fields") else type(value)(widened)
    return value

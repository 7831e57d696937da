"""Bring a step's numbers to the host without making the step wait.

On the CPU they are there at once. On CUDA they are copied to pinned memory and read one step later: while the
host reads step i-1, the device is already at step i, so a rule that looks at the loss costs no synchronisation.
"""

from typing import Any, Protocol

import torch
from torch import Tensor


class Readback(Protocol):
    """A queue of at most one: what goes in comes out as (label, values)."""

    def push(self, label: Any, values: Tensor) -> tuple[Any, list[float]] | None:
        """Hand in this step's values; get a step's values that have arrived, or None."""

    def drain(self) -> tuple[Any, list[float]] | None:
        """What is still on its way."""


class HostReadback:
    """The CPU's: lag zero."""

    def push(self, label: Any, values: Tensor) -> tuple[Any, list[float]] | None:
        """Return what was handed in."""
        return label, values.tolist() if values.ndim else [values.item()]

    def drain(self) -> tuple[Any, list[float]] | None:
        """Nothing is ever on its way."""
        return None


class CudaReadback:
    """CUDA's: lag one, through two pinned slots and an event each."""

    def __init__(self) -> None:
        self._slots: list[Tensor | None] = [None, None]
        self._events = [torch.cuda.Event(), torch.cuda.Event()]  # type: ignore[no-untyped-call]
        self._turn = 0
        self._waiting: tuple[int, Any] | None = None

    def push(self, label: Any, values: Tensor) -> tuple[Any, list[float]] | None:
        """Start this step's copy; return the previous step's values."""
        slot, flat = self._turn, values.detach().flatten()
        host = self._slots[slot]
        if host is None or host.shape != flat.shape or host.dtype != flat.dtype:
            host = self._slots[slot] = torch.empty(flat.shape, dtype=flat.dtype, pin_memory=True)
        host.copy_(flat, non_blocking=True)
        self._events[slot].record()
        arrived = self.drain()
        self._waiting, self._turn = (slot, label), 1 - slot
        return arrived

    def drain(self) -> tuple[Any, list[float]] | None:
        """Wait for the copy that is on its way and return it."""
        if self._waiting is None:
            return None
        slot, label = self._waiting
        self._waiting = None
        self._events[slot].synchronize()
        host = self._slots[slot]
        return (label, host.tolist()) if host is not None else None


def readback_for(device: torch.device) -> Readback:
    """The right one for a device."""
    return CudaReadback() if device.type == "cuda" else HostReadback()

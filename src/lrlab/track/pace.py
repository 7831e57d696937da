"""How far and how fast: the numbers behind a progress bar or a progress line."""

import time
from collections import deque

_WINDOW = 50


class Pace:
    """Steps per second over the last readings, so that a slow first step is soon forgotten."""

    def __init__(self, total: int) -> None:
        self.total = max(total, 1)
        self.step = 0
        self._began = time.monotonic()
        self._readings: deque[tuple[float, int]] = deque(maxlen=_WINDOW)

    def read(self, step: int) -> None:
        """Note that `step` steps are done now."""
        self.step = step
        self._readings.append((time.monotonic(), step))

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float | None:
        """Steps per second; None before there are two readings."""
        if len(self._readings) < 2:
            return None
        (then, first), (now, last) = self._readings[0], self._readings[-1]
        return (last - first) / (now - then) if now > then and last > first else None

    @property
    def remaining(self) -> float | None:
        """Seconds left at this rate; None while there is no rate."""
        return None if self.rate is None else max(self.total - self.step, 0) / self.rate


def values_text(lr: float | None, loss: float | None, accuracy: float | None) -> str:
    """The numbers that are there, for example `lr 0.05  loss 0.3121  accuracy 91.2 %`."""
    parts = []
    if lr is not None:
        parts.append(f"lr {lr:.3g}")
    if loss is not None:
        parts.append(f"loss {loss:.4g}")
    if accuracy is not None:
        parts.append(f"accuracy {100 * accuracy:.1f} %")
    return "  ".join(parts)


def pace_text(pace: Pace) -> str:
    """For example `212 steps/s, 0:41 left`; empty while there is no rate."""
    rate, remaining = pace.rate, pace.remaining
    if rate is None or remaining is None:
        return ""
    speed = f"{rate:.0f}" if rate >= 100 else f"{rate:.3g}"
    return f"{speed} steps/s, {clock(remaining)} left"


def clock(seconds: float) -> str:
    """`0:07`, `12:30` or `1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"

"""One line of `lrlab doctor`."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at and found.

    Attributes:
        topic: in a word or two.
        level: ok; note: it works, and something is worth knowing; problem: something that is needed does not work.
        found: the state of it.
        advice: what to do; empty where it is ok.
    """

    topic: str
    level: Level
    found: str
    advice: str = ""


def size(count: int) -> str:
    """Bytes in words: `70.3 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"

"""Counter-based random numbers: a pure function of (key, counter), vectorised on the counters' device.

No state is advanced, so sample i of epoch e gets the same numbers in any batch, in any worker, after any
resume.
"""

from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
FIELD_BITS = 20


def _signed(word: int) -> int:
    """A 64-bit word as the int64 with the same bits, since torch has no full uint64 arithmetic."""
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word


def _shift_right(words: Tensor, bits: int) -> Tensor:
    """Logical shift; torch's own is arithmetic."""
    return (words >> bits) & ((1 << (64 - bits)) - 1)


def random_words(key: int, counters: Tensor) -> Tensor:
    """64 random bits per counter, as int64.

    Source: SplitMix64, Steele, Lea, Flood 2014 (OOPSLA), entered at state `key + (counter + 1)·gamma`.
    """
    words = counters * _signed(_GAMMA) + _signed(key + _GAMMA)
    words = (words ^ _shift_right(words, 30)) * _signed(_MIX_1)
    words = (words ^ _shift_right(words, 27)) * _signed(_MIX_2)
    return words ^ _shift_right(words, 31)


def draw_below(words: Tensor, bound: int, field: int) -> Tensor:
    """An integer in [0, bound) from the `field`-th 20 bits of each word (0, 1 or 2).

    Scaling 20 bits instead of rejecting leaves each value's probability within 2**-20 of 1/bound.
    """
    bits = _shift_right(words, FIELD_BITS * field) & ((1 << FIELD_BITS) - 1)
    return (bits * bound) >> FIELD_BITS

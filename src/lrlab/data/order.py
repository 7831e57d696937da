"""Seeds made from seeds, and the order of an epoch."""

from hashlib import sha256

import torch
from torch import Tensor


def derive(seed: int, *keys: str | int) -> int:
    """A seed in [0, 2**63) for one use of `seed`, the same on every platform and in every version.

    Uses named by different keys are independent: drawing more for one never shifts another. A number and its
    text are different keys.
    """
    text = "\x1f".join([str(seed), *(f"{type(key).__name__}:{key}" for key in keys)])
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *keys: str | int) -> torch.Generator:
    """A CPU generator that starts at `derive(seed, *keys)`."""
    return torch.Generator().manual_seed(derive(seed, *keys))


def epoch_order(samples: int, seed: int, epoch: int) -> Tensor:
    """The permutation of 0..samples-1 that `epoch` visits, int64 on the CPU; a function of its arguments."""
    return torch.randperm(samples, generator=generator(seed, "order", epoch))

"""What a net that has learned nothing can reach."""

import math
from collections.abc import Sequence


def chance_loss(class_counts: Sequence[float]) -> float:
    """Cross-entropy of the best constant prediction: the entropy of the class frequencies, in nats.

    Raises:
        ValueError: no samples.
    """
    total = sum(class_counts)
    if total <= 0:
        raise ValueError("no samples to take class frequencies from")
    return -sum(n / total * math.log(n / total) for n in class_counts if n)

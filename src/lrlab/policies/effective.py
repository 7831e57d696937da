"""The effective lr: how far a weight moves per unit of a steady gradient."""

from typing import Literal

MomentumForm = Literal["torch", "ema", "adam"]


def effective_lr(lr: float, momentum: float | None, form: MomentumForm) -> float:
    """What `lr` amounts to once the momentum buffer is full.

    `torch` is v <- βv + g, w <- w - lr v, whose buffer grows to g / (1 - β): lr / (1 - β). In the form `ema`,
    m <- βm + (1 - β) g, w <- w - α m, the buffer stays an average of gradients: lr, which is α, itself. So it is
    for `adam`, whose first moment is such an average.

    Args:
        lr: of the update.
        momentum: β of the update; None where there is none.
        form: how momentum enters.
    """
    return lr / (1 - momentum) if form == "torch" and momentum else lr

"""Writing lr and momentum into an optimizer, before every step."""

from typing import Any

from torch import Tensor
from torch.optim.optimizer import Optimizer

from lrlab.errors import UsageError


class HyperSetter:
    """Sets lr and momentum of all parameter groups.

    Each group keeps the ratio its lr had to the first group's when the setter was made. A tensor lr is
    filled in place, as capturable optimizers need. Adam's momentum is beta1.

    Args:
        optimizer: any torch optimizer with an lr.

    Raises:
        UsageError: the first group's lr is 0, so the others have no ratio to it.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        lrs = [float(group["lr"]) for group in optimizer.param_groups]
        if lrs[0] == 0:
            raise UsageError(
                "the first parameter group's lr is 0, so no ratio to the other groups can be kept",
                hint="give the optimizer the lr you mean, or put the frozen group last",
            )
        self._optimizer = optimizer
        self._ratios = [lr / lrs[0] for lr in lrs]
        first = optimizer.param_groups[0]
        self._key = next((key for key in ("momentum", "betas") if key in first), None)

    def set(self, lr: float, momentum: float | None) -> None:
        """Write `lr`, times each group's ratio, and `momentum` unless it is None.

        Raises:
            UsageError: a momentum for an optimizer that has none.
        """
        # param_groups is read anew each time: load_state_dict replaces the dicts
        groups = self._optimizer.param_groups
        for group, ratio in zip(groups, self._ratios, strict=False):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr * ratio)
            else:
                group["lr"] = lr * ratio
        if momentum is not None:
            self._set_momentum(groups, momentum)

    def _set_momentum(self, groups: list[dict[str, Any]], momentum: float) -> None:
        for group in groups:
            if self._key == "momentum":
                group["momentum"] = momentum
            elif self._key == "betas":
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                raise UsageError(f"{type(self._optimizer).__name__} has no momentum to set")

    def momentum(self) -> float | None:
        """The first group's momentum (Adam: beta1); None for an optimizer without."""
        group: dict[str, Any] = self._optimizer.param_groups[0]
        if self._key is None:
            return None
        return float(group["momentum"] if self._key == "momentum" else group["betas"][0])

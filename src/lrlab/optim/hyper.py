"""Writing lr and momentum into an optimizer, before every step."""

from typing import Any

from torch import Tensor
from torch.optim.optimizer import Optimizer

from lrlab.errors import UsageError


class HyperSetter:
    """Sets lr and momentum of all parameter groups.

    Each group keeps the ratio its lr had to the first group's when the setter was made, or, for a group added
    later, when the setter first saw it. A tensor lr is filled in place, as capturable optimizers need. Adam's
    momentum is beta1. An optimizer whose momentum is 0 keeps it: a policy never switches momentum on.

    Attributes:
        ratios: of the groups' lrs to the first one's.

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
        self.ratios = [lr / lrs[0] for lr in lrs]
        first = optimizer.param_groups[0]
        self._key = next((key for key in ("momentum", "betas") if key in first), None)
        self._has_momentum = self.momentum() not in (None, 0)

    def set(self, lr: float, momentum: float | None) -> None:
        """Write `lr`, times each group's ratio, and `momentum` unless it is None.

        Raises:
            UsageError: a momentum for an optimizer that has none, or whose momentum is 0.
        """
        # param_groups is read anew each time: load_state_dict replaces the dicts
        groups = self._optimizer.param_groups
        if len(groups) > len(self.ratios):
            self.ratios += [float(g["lr"]) / float(groups[0]["lr"]) for g in groups[len(self.ratios) :]]
        for group, ratio in zip(groups, self.ratios, strict=False):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr * ratio)
            else:
                group["lr"] = lr * ratio
        if momentum is not None:
            self._set_momentum(groups, momentum)

    def _set_momentum(self, groups: list[dict[str, Any]], momentum: float) -> None:
        if not self._has_momentum:
            self.refuse_momentum(momentum)
        for group in groups:
            if self._key == "momentum":
                group["momentum"] = momentum
            elif self._key == "betas":
                group["betas"] = (momentum, *group["betas"][1:])

    def refuse_momentum(self, momentum: float) -> None:
        """Say no to a momentum that the optimizer would have to be given first.

        Raises:
            UsageError: the optimizer has none, or has it switched off.
        """
        name = type(self._optimizer).__name__
        if self._key is None:
            raise UsageError(f"{name} has no momentum to set", hint="choose a policy that leaves momentum alone")
        if momentum and not self._has_momentum:
            key = "momentum" if self._key == "momentum" else "beta1"
            raise UsageError(
                f"{name} has {key}=0, and the policy would set it to {momentum:g}",
                hint=f"give the optimizer a {key} above 0, or choose a policy that leaves momentum alone",
            )

    def momentum(self) -> float | None:
        """The first group's momentum (Adam: beta1); None for an optimizer without."""
        group: dict[str, Any] = self._optimizer.param_groups[0]
        if self._key is None:
            return None
        return float(group["momentum"] if self._key == "momentum" else group["betas"][0])

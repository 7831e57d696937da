"""Policies in anyone's training loop, in the shape of torch's schedulers.

Example::

    scheduler = lrlab.OneCycle(optimizer, max_lr=0.4, total=epochs * len(loader))
    for batch in loader:
        ...
        optimizer.step()
        scheduler.step()
"""

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer

from lrlab.errors import CheckpointError, UsageError
from lrlab.optim.hyper import HyperSetter
from lrlab.policies import onecycle
from lrlab.policies.base import Policy
from lrlab.policies.durations import Duration
from lrlab.policies.spec import differences, to_spec


class PolicyScheduler(LRScheduler):
    """Writes a policy's lr and momentum into an optimizer; `step()` after each `optimizer.step()`.

    It is an `LRScheduler` by type, for frameworks that ask, and by method: `step`, `get_last_lr`, `state_dict`,
    `load_state_dict`. Nothing of torch's constructor runs, which would write `initial_lr` into the parameter groups
    and wrap `optimizer.step`. The first update's values are written at once; one step too many stays at the end.
    Each parameter group keeps the ratio its lr has to the first group's.

    Args:
        optimizer: any torch optimizer with an lr.
        policy: what update 0, 1, ... use.
        start: the update to begin at, where a training goes on under a new policy.

    Attributes:
        policy: as given.
        last_epoch: index of the update whose values are written now (torch's name for it).
        base_lrs: each group's lr at update 0.

    Raises:
        UsageError: no optimizer; or the policy moves a momentum that the optimizer does not have.
        ValueError: a negative start.
    """

    def __init__(self, optimizer: Optimizer, policy: Policy, *, start: int = 0) -> None:
        if not isinstance(optimizer, Optimizer):
            raise UsageError(f"optimizer is a {type(optimizer).__name__}", hint="pass a torch.optim.Optimizer")
        self.optimizer, self.policy = optimizer, policy
        self._setter = HyperSetter(optimizer)
        for knot in policy.knots():
            if knot.momentum and not self._setter.momentum():
                self._setter.refuse_momentum(knot.momentum)
        self._go_to(start)
        self.base_lrs: list[float | Tensor] = [policy.at(0).lr * ratio for ratio in self._setter.ratios]

    def step(self, epoch: int | None = None) -> None:
        """The next update's values; or those of update `epoch`, counted from 0.

        Raises:
            ValueError: a negative `epoch`.
        """
        self._go_to(self.last_epoch + 1 if epoch is None else epoch)

    def get_last_lr(self) -> list[float | Tensor]:
        """Each group's lr in the update that comes next."""
        return list(self._last_lr)

    def get_lr(self) -> list[float | Tensor]:
        """The same."""
        return self.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Plain data: the position, the policy, the ratios of the groups."""
        return {"step": self.last_epoch, "policy": to_spec(self.policy), "ratios": list(self._setter.ratios)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved position; before or after the optimizer's own state is loaded.

        Raises:
            CheckpointError: it is not such a state, or of another policy; the message says what differs.
        """
        missing = {"step", "policy", "ratios"} - state_dict.keys()
        if missing:
            raise CheckpointError(f"not the state of an lrlab scheduler: {', '.join(sorted(missing))} missing")
        changed = differences(state_dict["policy"], to_spec(self.policy))
        if changed:
            raise CheckpointError(
                f"the saved policy has {'; '.join(changed)}",
                hint=f"build it as it was, or go on under the new policy with start={state_dict['step']}",
            )
        if len(state_dict["ratios"]) != len(self.optimizer.param_groups):
            raise CheckpointError(
                f"{len(state_dict['ratios'])} parameter groups were saved, and there are "
                f"{len(self.optimizer.param_groups)} now"
            )
        self._setter.ratios = list(state_dict["ratios"])
        self._go_to(state_dict["step"])

    def _go_to(self, step: int) -> None:
        hyper = self.policy.at(step)
        self._setter.set(hyper.lr, hyper.momentum)
        self.last_epoch = step
        self._step_count = step + 1  # torch's names: accelerate and others read them
        self._last_lr: list[float | Tensor] = [hyper.lr * ratio for ratio in self._setter.ratios]

    def _initial_step(self) -> None:
        """What torch's `SequentialLR` calls of the part that comes first."""
        self._go_to(0)

    def _update_lr(self, epoch: int | None = None) -> None:
        """What torch's `SequentialLR` calls of a part when its turn comes."""
        self.step(epoch)


class OneCycle(PolicyScheduler):
    """One cycle, as `lrlab.policies.OneCycle` defines it: of 80 parts 30 up, 40 down, 10 on down; momentum opposite.

    Args:
        optimizer: its lr is replaced, its groups keep their ratios.
        max_lr: the peak.
        total: updates in all.
        min_lr: start and end of the cycle; default max_lr / 10.
        final_lr: the last update's; default min_lr / 100.
        final_div: instead of `final_lr`: min_lr / final_div.
        parts: lengths of the phases: in proportion, or `200it`, or `37.5%`.
        shape: within a phase.
        momentum: (low, high), beta1 for Adam; None leaves it alone.
        start: the update to begin at.

    Raises:
        UsageError: an optimizer without momentum, or with a momentum of 0, that is asked to cycle it.
        ValueError: values that make no cycle.

    Source: Smith 2018, arXiv:1803.09820, section 4; Smith, Topin 2018, arXiv:1708.07120.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total: int,
        *,
        min_lr: float | None = None,
        final_lr: float | None = None,
        final_div: float | None = None,
        parts: tuple[Duration, Duration, Duration] = (30, 40, 10),
        shape: Literal["linear", "cosine"] = "linear",
        momentum: tuple[float, float] | None = (0.85, 0.95),
        start: int = 0,
    ) -> None:
        policy = onecycle.OneCycle(
            total, max_lr, min_lr, final_lr, parts, shape, momentum=momentum, final_div=final_div
        )
        super().__init__(optimizer, policy, start=start)

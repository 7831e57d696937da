"""What a policy section is turned into a policy over: so many updates, the optimizer's lr and momentum."""

from dataclasses import dataclass, replace
from fractions import Fraction

from lrlab.policies.durations import Duration, StepsPerEpoch, divide, in_steps


@dataclass(frozen=True, slots=True)
class Frame:
    """The training a policy is for. Durations are resolved here, once.

    Attributes:
        total: updates of the whole training; per cents are of these.
        lr: the optimizer's, for a section that gives none of its own.
        momentum: the optimizer's (beta1 for Adam); None without one.
        steps_per_epoch: updates in an epoch; None where nobody knows.
        warmup: updates of the warm-up that comes first, as written and in steps; None without one.
    """

    total: int
    lr: float
    momentum: float | None
    steps_per_epoch: StepsPerEpoch = None
    warmup: tuple[str, int] | None = None

    @property
    def before(self) -> int:
        """Updates before the policy begins."""
        return self.warmup[1] if self.warmup is not None else 0

    @property
    def steps(self) -> int:
        """Updates left for the policy."""
        return self.total - self.before

    def warmed_up(self, written: str) -> "Frame":
        """The same training with a warm-up of this duration first.

        Raises:
            ValueError: it is as long as the training.
        """
        steps = max(1, int(self.length("warmup", written)))  # down, so that what fits exactly still does
        if steps >= self.total:
            raise ValueError(f"policy.warmup={written} ({steps} steps) leaves nothing of the {self.total} steps")
        return replace(self, warmup=(written, steps))

    def length(self, key: str, written: str) -> Fraction:
        """The exact number of steps that `policy.<key>` stands for.

        Raises:
            ValueError: epochs where their length is not known.
        """
        return in_steps(written, self.total, self.steps_per_epoch, name=f"policy.{key}")

    def divide(self, **durations: Duration) -> tuple[int, ...]:
        """The steps of the phases that follow each other, from the end of the warm-up to the end of all.

        Raises:
            ValueError: they do not fit; the message names all of them.
        """
        names = [f"policy.{key}" for key in durations]
        written = list(durations.values())
        if self.warmup is None:
            return divide(self.total, written, steps_per_epoch=self.steps_per_epoch, names=names)
        known = f"{self.before}it"  # a warm-up of 5 % is a whole number of steps by now
        names = ["policy.warmup" if self.warmup[0] == known else f"policy.warmup ({self.warmup[0]})", *names]
        return divide(self.total, [known, *written], steps_per_epoch=self.steps_per_epoch, names=names)[1:]

    def cycled(self, wanted: bool, low: float, high: float) -> tuple[float, float] | None:
        """(low, high) where momentum is to be cycled and the optimizer has one.

        Raises:
            ValueError: the optimizer's momentum is 0: cycling would switch it on.
        """
        if not wanted or self.momentum is None:
            return None
        if self.momentum == 0:
            raise ValueError(
                "policy.cycle_momentum=true, and the optimizer's momentum is 0, which leaves nothing to cycle"
            )
        return low, high

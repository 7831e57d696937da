"""What a tuning may cost, and how that is divided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult

SEARCH = 1 / 3  # of the budget is the search's at most, the range test included
SHORTEST = 12  # updates of a climb, whatever the budget: the smoothed loss remembers ten
MARGIN = 0.85  # of a time budget goes into updates: the rest is for validations and checkpoints


@dataclass(frozen=True)
class Budget:
    """A budget in updates.

    Attributes:
        written: as the user wrote it, `30ep`, `2000it` or `10min`.
        steps: updates in all, over all trials and seeds.
        spent: by the range test, which is not scaled: its length and what a step costs are not known before.
    """

    written: str
    steps: int
    spent: int

    def fitted(self, settings: Settings) -> Settings:
        """A search with climbs short enough to stay within its share, as far as that goes."""
        room = SEARCH * self.steps - self.spent
        scale = min(1.0, max(0.0, room) / settings.at_most)
        up = max(min(SHORTEST, settings.up), int(scale * settings.up))
        if up == settings.up:
            return settings
        return replace(settings, up=up, hold=max(1, settings.hold * up // settings.up))


def budget_of(written: str | None, sweeps: Sequence[TrialResult]) -> Budget | None:
    """The budget in updates, given the sweeps: they know how long an epoch is, and how long an update takes."""
    if written is None:
        return None
    done = [sweep for sweep in sweeps if sweep.steps]
    spent = sum(sweep.steps for sweep in done)
    amount = float(written.rstrip("abcdefghijklmnopqrstuvwxyz"))
    if written.endswith("it"):
        steps = amount
    elif written.endswith("ep"):
        steps = amount * max(sweep.metrics["steps_per_epoch"] for sweep in done)
    else:
        pace = sum(sweep.seconds for sweep in done) / spent
        steps = MARGIN * amount * 60 / pace
    return Budget(written, int(steps), spent)


def budget_json(budget: Budget | None) -> dict[str, Any] | None:
    """Plain data."""
    return None if budget is None else {"written": budget.written, "steps": budget.steps}

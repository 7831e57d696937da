"""An arm's best lr of the grid, by the mean over the seeds on the validation split."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from lrlab.analysis.suggest import Flag
from lrlab.launch.spec import TrialResult

MEANINGS = {
    "LR_AT_EDGE": "the best lr is at an end of the grid, and one beyond it may be better still",
    "UNSTABLE": "at every lr of the grid a seed diverged or failed",
    "NO_LR": "at every lr of the grid every seed diverged or failed",
}
"""What each flag says of an arm."""


@dataclass(frozen=True)
class LrScore:
    """An lr of the grid.

    Attributes:
        val_accuracy, val_loss: of the last step's weights, mean over the seeds that completed; None without any.
        broken: how each seed ended that did not complete: diverged or failed.
    """

    lr: float
    val_accuracy: float | None
    val_loss: float | None
    broken: Mapping[int, str]


@dataclass(frozen=True)
class Choice:
    """The lr that an arm is judged by.

    Attributes:
        lr: None when no seed completed at any lr.
        scores: one per lr of the grid.
        flags: what to know of it.
    """

    lr: float | None
    scores: tuple[LrScore, ...]
    flags: tuple[Flag, ...]


def score(lr: float, results: Sequence[TrialResult]) -> LrScore:
    """One lr's seeds together."""
    completed = [result.metrics for result in results if result.status == "completed"]
    broken = {result.seed: result.status for result in results if result.status != "completed"}
    if not completed:
        return LrScore(lr, None, None, broken)
    accuracy, loss = (fmean(metrics[f"val_{name}"] for metrics in completed) for name in ("accuracy", "loss"))
    return LrScore(lr, accuracy, loss, broken)


def choose(scores: Sequence[LrScore]) -> Choice:
    """The lr of the highest mean validation accuracy; of equal ones that of the lower loss, then the lower lr.

    An lr at which a seed diverged or failed is out, unless all are: then those with the fewest such seeds are in.
    """
    scored = [(score, score.val_accuracy) for score in scores if score.val_accuracy is not None]
    if not scored:
        return Choice(None, tuple(scores), (Flag("NO_LR", f"{MEANINGS['NO_LR']}: take lower lrs."),))
    fewest = min(len(score.broken) for score, _ in scored)
    sound = [(score, accuracy) for score, accuracy in scored if len(score.broken) == fewest]
    best, _ = max(sound, key=lambda pair: (pair[1], -_loss(pair[0]), -pair[0].lr))
    return Choice(best.lr, tuple(scores), tuple(_flags(best, scores)))


def _flags(best: LrScore, scores: Sequence[LrScore]) -> list[Flag]:
    lrs = sorted(score.lr for score in scores)
    flags = []
    if best.broken:
        flags.append(Flag("UNSTABLE", f"{MEANINGS['UNSTABLE']}; at {best.lr:g} {len(best.broken)} did."))
    if len(lrs) > 1 and best.lr in (lrs[0], lrs[-1]):
        end, beyond = ("highest", "higher") if best.lr == lrs[-1] else ("lowest", "lower")
        message = f"the best lr, {best.lr:g}, is the grid's {end}: a {beyond} one may be better still."
        flags.append(Flag("LR_AT_EDGE", message))
    return flags


def _loss(score: LrScore) -> float:
    return score.val_loss if score.val_loss is not None and math.isfinite(score.val_loss) else math.inf

"""What a tuning says of its answers, for the terminal and for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from lrlab.analysis.suggest import Flag
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.range_test import RangeFinding
from lrlab.experiments.tune_finding import TuneFinding


@dataclass(frozen=True)
class Answer:
    """A part's answer, and how sure it is.

    Attributes:
        part: `max-lr`, `min-lr`, `training` or `own lr`.
    """

    part: str
    headline: str
    evidence: tuple[str, ...]


def answers(finding: TuneFinding) -> tuple[Answer, ...]:
    """Those that there are, in order."""
    found = [_max_lr(finding.range_test, finding.search)]
    if finding.search is not None:
        search = finding.search
        found.append(Answer("min-lr", search.headline, (search.verdict, *_flags(search.flags, search.verdict))))
    if finding.training is not None:
        found.append(Answer("training", finding.training.headline, finding.training.notes))
    if finding.baseline is not None:
        headline = f"{finding.baseline_lr:.3g}, as the config has it: {finding.baseline.headline}"
        found.append(Answer("own lr", headline, (bought(finding),)))
    return tuple(found)


def _max_lr(found: RangeFinding, search: MinLrFinding | None) -> Answer:
    evidence = list(_flags(found.flags))
    if search is not None and search.min_lr is not None:
        climbs = len(search.gate.attempts[-1].failures)
        evidence.append(f"{search.max_lr:.3g} passes the gate: {climbs} climbs to it and a hold")
    return Answer("max-lr", found.headline, tuple(evidence))


def _flags(flags: Sequence[Flag], said: str = "") -> list[str]:
    return [f"{flag.code}: {flag.message}" for flag in flags if flag.message != said]


def bought(finding: TuneFinding) -> str:
    """What tuning bought over the config's own lr."""
    gain = finding.gain
    if gain is None:
        return "no pair of trainings completed, so nothing can be said of what tuning bought"
    text = f"tuning bought {100 * gain.estimate:+.2f} points of test accuracy"
    if gain.low is None or gain.high is None:
        return f"{text} on one seed; that is no evidence: --seeds 5"
    return f"{text} ({100 * gain.low:+.2f} to {100 * gain.high:+.2f}, {gain.n} seeds)"


def cost_of(finding: TuneFinding) -> str:
    """What each part cost, and of what budget."""
    whole = sum(share.steps for share in finding.shares) or 1
    parts = [f"{s.part} {s.steps} ({100 * s.steps / whole:.0f} %, {s.seconds:.1f} s)" for s in finding.shares]
    budget = finding.budget
    of = f" (a budget of {budget.written} is {budget.steps})" if budget is not None else ""
    return f"{whole} updates{of}: {', '.join(parts)}"

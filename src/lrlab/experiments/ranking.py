"""Arms at their best lrs, on the test split: in order, each with its interval, and held against one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lrlab.analysis.intervals import MeanInterval, mean_interval
from lrlab.analysis.multiple import Decision, Winner, best_of, decide
from lrlab.analysis.paired import compare_paired
from lrlab.experiments.best_lr import MEANINGS, Choice
from lrlab.launch.spec import TrialResult


@dataclass(frozen=True)
class Contender:
    """An arm and its trainings at the lr that was chosen for it; those that did not complete are not among them."""

    name: str
    choice: Choice
    trainings: tuple[TrialResult, ...]

    @property
    def accuracies(self) -> dict[int, float]:
        """Test accuracy by seed."""
        return {result.seed: result.metrics["test_accuracy"] for result in self.trainings}


@dataclass(frozen=True)
class Row:
    """A contender in its place.

    Attributes:
        rank: from 1 on, by the mean; None without a number.
        mean: test accuracy over the seeds that completed, with its interval.
        difference: test accuracy minus the reference's, over the seeds that both completed, and whether it differs at
            the family's error rate; None for the reference, and where there is no pair.
    """

    contender: Contender
    rank: int | None
    mean: MeanInterval | None
    difference: Decision | None

    @property
    def name(self) -> str:
        """The arm's."""
        return self.contender.name


@dataclass(frozen=True)
class Table:
    """The answer to one question on one budget.

    Attributes:
        question: what is compared.
        budget: as written.
        steps: updates of a training; 0 when none completed.
        reference: the arm that the others are held against.
        rows: in order of rank; those without a number last.
        winner: the highest mean, and who is tied with it, of the arms that completed every seed; None without one.
    """

    question: str
    budget: str
    steps: int
    reference: str
    rows: tuple[Row, ...]
    winner: Winner | None

    @property
    def notes(self) -> tuple[str, ...]:
        """The arms' flags, and which trainings did not complete."""
        lead = f"{self.question}, {self.budget}"
        flagged: dict[str, list[str]] = {}
        for row in self.rows:
            for flag in row.contender.choice.flags:
                lr = row.contender.choice.lr
                flagged.setdefault(flag.code, []).append(row.name if lr is None else f"{row.name} {lr:g}")
        broken = [
            f"{row.name} {score.lr:g} ({len(score.broken)})"
            for row in self.rows
            for score in row.contender.choice.scores
            if score.broken
        ]
        lost = [f"{lead}: seeds that diverged or failed, by lr: {', '.join(broken)}"] if broken else []
        return *(f"{lead}: {code}, {MEANINGS[code]}: {', '.join(who)}" for code, who in flagged.items()), *lost

    def row(self, name: str) -> Row:
        """The row of an arm."""
        return next(row for row in self.rows if row.name == name)

    @property
    def headline(self) -> str:
        """For example `1ep: wsd 99.02 %, tied with torch, onecycle`."""
        if self.winner is None:
            return f"{self.budget}: nothing completed every seed"
        mean = self.row(self.winner.name).mean
        assert mean is not None
        text = f"{self.budget}: {self.winner.name} {100 * mean.mean:.2f} %"
        others = [row.name for row in self.rows if row.name in self.winner.against]
        tied = [name for name in others if name in self.winner.tied]
        if tied:
            return f"{text}, tied with {', '.join(tied)}"
        return f"{text}, better than {', '.join(others)}" if others else text

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "question": self.question,
            "headline": self.headline,
            "budget": self.budget,
            "steps": self.steps,
            "reference": self.reference,
            "best": self.winner.name if self.winner else None,
            "decisive": self.winner.decisive if self.winner else False,
            "tied": list(self.winner.tied) if self.winner else [],
            "rows": [_row_json(row) for row in self.rows],
        }


def rank(question: str, budget: str, contenders: Sequence[Contender], reference: str, seeds: Sequence[int]) -> Table:
    """Put the contenders in order and hold each against `reference`.

    The differences of one table are one family (Holm); the best of it is compared with each of the others once more.
    """
    done = [result for contender in contenders for result in contender.trainings]
    images = max((result.test_size for result in done), default=0)
    resolution = 1 / images if images else 0.0
    decisions = _against(reference, contenders, resolution)
    rows = [
        Row(
            contender,
            None,
            mean_interval(list(contender.accuracies.values()), resolution=resolution) if contender.trainings else None,
            decisions.get(contender.name),
        )
        for contender in contenders
    ]
    rows.sort(key=lambda row: -row.mean.mean if row.mean else 1.0)
    ranked = tuple(replace(row, rank=place if row.mean else None) for place, row in enumerate(rows, start=1))
    whole = {c.name: [c.accuracies[seed] for seed in seeds] for c in contenders if set(c.accuracies) == set(seeds)}
    winner = best_of(whole, log=False, largest=True, resolution=resolution) if whole else None
    return Table(question, budget, max((result.steps for result in done), default=0), reference, ranked, winner)


def _against(reference: str, contenders: Sequence[Contender], resolution: float) -> Mapping[str, Decision]:
    held = next(contender.accuracies for contender in contenders if contender.name == reference)
    comparisons = {}
    for contender in contenders:
        mine = contender.accuracies
        seeds = [seed for seed in mine if seed in held]
        if contender.name != reference and seeds:
            values, others = [mine[seed] for seed in seeds], [held[seed] for seed in seeds]
            comparisons[contender.name] = compare_paired(values, others, log=False, resolution=resolution)
    return decide(comparisons)


def _row_json(row: Row) -> dict[str, Any]:
    choice, trainings = row.contender.choice, row.contender.trainings
    found = row.difference.comparison if row.difference else None
    return {
        "arm": row.name,
        "rank": row.rank,
        "lr": choice.lr,
        "accuracy": row.mean.mean if row.mean else None,
        "low_95": row.mean.low if row.mean else None,
        "high_95": row.mean.high if row.mean else None,
        "method": row.mean.method if row.mean else None,
        "difference": found.estimate if found else None,
        "difference_low_95": found.low if found else None,
        "difference_high_95": found.high if found else None,
        "p_value": found.p_value if found else None,
        "adjusted_p": row.difference.adjusted_p if row.difference else None,
        "differs": row.difference.differs if row.difference else None,
        "effect": found.effect if found else None,
        "flags": [{"code": flag.code, "message": flag.message} for flag in choice.flags],
        "seeds": [
            {
                "seed": r.seed,
                "id": r.id,
                "test_accuracy": r.metrics["test_accuracy"],
                "test_loss": r.metrics["test_loss"],
            }
            for r in trainings
        ],
        "grid": [
            {
                "lr": score.lr,
                "val_accuracy": score.val_accuracy,
                "val_loss": score.val_loss,
                "broken": [{"seed": seed, "status": status} for seed, status in score.broken.items()],
            }
            for score in choice.scores
        ],
    }

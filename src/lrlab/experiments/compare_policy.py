"""Which policy? Each at its own best lr of one grid, over the same seeds, on one budget or several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrlab.errors import UsageError
from lrlab.experiments.best_lr import choose, score
from lrlab.experiments.lr_grid import Arm, Budget, LrGrid, early_ends
from lrlab.experiments.policy_arms import annihilation_arms, momentum_arms, policy_arms
from lrlab.experiments.ranking import Contender, Table, rank
from lrlab.launch.spec import TrialResult, TrialSpec

POLICIES, ANNIHILATION, MOMENTUM = "policies", "annihilation", "momentum"


@dataclass(frozen=True)
class Question:
    """Arms that are compared with each other, and which of them the others are held against."""

    name: str
    arms: tuple[Arm, ...]
    reference: str


@dataclass(frozen=True)
class ComparePolicyFinding:
    """The answer.

    Attributes:
        tables: one per question and budget, the policies first.
        arms: name -> what it is, by question.
        seeds, lrs, budgets: what every arm ran.
        notes: sentences about how it was measured.
        cost: of all trainings together.
    """

    tables: tuple[Table, ...]
    arms: Mapping[str, Mapping[str, str]]
    seeds: tuple[int, ...]
    lrs: tuple[float, ...]
    budgets: tuple[str, ...]
    notes: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether any arm completed every seed."""
        return any(table.winner for table in self.tables)

    @property
    def headline(self) -> str:
        """The answer to the first question in one line, a part for each budget."""
        first = [table.headline for table in self.tables if table.question == self.tables[0].question]
        seeds = f"{len(self.seeds)} seeds" if len(self.seeds) > 1 else "1 seed, which tells nothing apart"
        return f"{'; '.join(first)} ({seeds})"

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "seeds": list(self.seeds),
            "lrs": list(self.lrs),
            "budgets": list(self.budgets),
            "arms": [
                {"question": question, "arm": name, "summary": summary}
                for question, arms in self.arms.items()
                for name, summary in arms.items()
            ],
            "tables": [table.to_json() for table in self.tables],
            "notes": list(self.notes),
            "cost": dict(self.cost),
        }


@dataclass(frozen=True)
class ComparePolicy:
    """The experiment: the arms of all questions on one grid of lrs, seeds and budgets."""

    base: Mapping[str, Any]
    questions: tuple[Question, ...]
    lrs: tuple[float, ...]
    seeds: tuple[int, ...]
    budgets: tuple[Budget, ...]
    name: str = "compare-policy"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "ComparePolicy":
        """The experiment a resolved config asks for.

        Raises:
            UsageError: there is no validation split to choose lrs on, or the policy has an lr of its own.
        """
        settings, train = config["compare_policy"], config["train"]
        if config["data"]["val_fraction"] == 0:
            raise UsageError(
                "compare-policy chooses each policy's lr on validation images; data.val_fraction=0",
                hint="set data.val_fraction, for example to 0.1",
            )
        lrs = settings["lrs"] or [ratio * config["optimizer"]["lr"] for ratio in settings["lr_ratios"]]
        return cls(
            base=config,
            questions=tuple(_questions(settings, config)),
            lrs=tuple(sorted(lrs)),
            seeds=tuple(range(train["seed"], train["seed"] + settings["seeds"])),
            budgets=tuple(map(Budget.parse, settings["budgets"] or ()))
            or (Budget(epochs=train["epochs"], steps=train["steps"]),),
        )

    @property
    def outline(self) -> list[tuple[str, str]]:
        """What the trials differ in, as lines with a label."""
        lines = [(question.name, ", ".join(arm.name for arm in question.arms)) for question in self.questions]
        lrs = ", ".join(f"{lr:g}" for lr in self.lrs)
        return [*lines, ("lrs", lrs), ("budgets", ", ".join(map(str, self.budgets)))]

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        """All trainings at once, and then none."""
        if results:
            return []
        found: dict[str, TrialSpec] = {}
        for question in self.questions:  # arms that questions have in common run once
            for spec in self._grid(question).specs():
                found.setdefault(spec.id, spec)
        return list(found.values())

    def conclude(self, results: Sequence[TrialResult]) -> ComparePolicyFinding:
        """Choose each arm's lr on the validation split, then compare on the test split."""
        by_id = {result.id: result for result in results}
        tables = tuple(self._table(question, budget, by_id) for question in self.questions for budget in self.budgets)
        cost = {
            "trials": float(len(by_id)),
            "steps": float(sum(result.steps for result in by_id.values())),
            "seconds": sum(result.seconds for result in by_id.values()),
            "cpu_seconds": sum(result.cpu_seconds for result in by_id.values()),
        }
        return ComparePolicyFinding(
            tables=tables,
            arms={question.name: {arm.name: arm.summary for arm in question.arms} for question in self.questions},
            seeds=self.seeds,
            lrs=self.lrs,
            budgets=tuple(map(str, self.budgets)),
            notes=tuple(self._notes(tables)),
            cost=cost,
        )

    def _grid(self, question: Question) -> LrGrid:
        return LrGrid(self.name, self.base, question.arms, self.lrs, self.seeds, self.budgets)

    def _table(self, question: Question, budget: Budget, by_id: Mapping[str, TrialResult]) -> Table:
        grid = self._grid(question)
        contenders = []
        for arm in question.arms:
            ran = {lr: [by_id[grid.spec(arm, lr, seed, budget).id] for seed in self.seeds] for lr in self.lrs}
            choice = choose([score(lr, results) for lr, results in ran.items()])
            chosen = ran[choice.lr] if choice.lr is not None else []
            contenders.append(Contender(arm.name, choice, tuple(r for r in chosen if r.status == "completed")))
        return rank(question.name, str(budget), contenders, question.reference, self.seeds)

    def _notes(self, tables: Sequence[Table]) -> list[str]:
        notes = early_ends(self.base)
        if len(self.lrs) == 1:
            notes.append(
                f"one lr, {self.lrs[0]:g}: no arm was given a choice, so this compares them at that lr and nothing more"
            )
        return [*notes, *(note for table in tables for note in table.notes)]


def _questions(settings: Mapping[str, Any], config: Mapping[str, Any]) -> list[Question]:
    policies = tuple(settings["policies"])
    found = []
    if len(policies) > 1:
        reference = "onecycle" if "onecycle" in policies else policies[0]
        found.append(Question(POLICIES, policy_arms(policies, config), reference))
    if ANNIHILATION in settings["ablations"]:
        found.append(Question(ANNIHILATION, annihilation_arms(config), "final 12.5 %"))
    if MOMENTUM in settings["ablations"]:
        found.append(Question(MOMENTUM, momentum_arms(config), "constant"))
    return found

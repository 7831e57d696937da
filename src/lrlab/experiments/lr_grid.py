"""Arms, each on the same grid of lrs, seeds and budgets: the trainings of every fair comparison.

An arm that is given one lr is judged by that lr. Here each has its best of the same grid, chosen on the validation
split (`best_lr`), and is held against the others on the test split over the same seeds (`ranking`): equal seeds mean
equal initial weights and an equal order of the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lrlab.config.compare import of_a_trial
from lrlab.launch.spec import TrialSpec

_VALIDATE_EVERY = "10%"  # of the training; enough points for a curve, where the config does not say


@dataclass(frozen=True)
class Arm:
    """One of the things compared.

    Attributes:
        name: what tables and figures call it. It decides nothing.
        sections: laid over the base: a section with a `name` in place of the base's, of another the keys given.
        lr_factor: optimizer.lr in units of the grid's lr, for an arm whose lr has another meaning.
        summary: what it is, in one line.
    """

    name: str
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lr_factor: float = 1.0
    summary: str = ""

    def over(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """The base with this arm's sections."""
        laid = {key: dict(new) if "name" in new else {**base[key], **new} for key, new in self.sections.items()}
        return {**base, **laid}


@dataclass(frozen=True, slots=True)
class Budget:
    """The length of a training: whole epochs or steps."""

    epochs: int | None = None
    steps: int | None = None

    @classmethod
    def parse(cls, written: str) -> "Budget":
        """From `3ep` or `200it`, which the config has checked."""
        amount = int(written[:-2])
        return cls(epochs=amount) if written.endswith("ep") else cls(steps=amount)

    def __str__(self) -> str:
        return f"{self.epochs}ep" if self.steps is None else f"{self.steps}it"


@dataclass(frozen=True)
class LrGrid:
    """Every arm at every lr, seed and budget.

    Attributes:
        experiment: whose trials they are.
        base: the resolved config that they share.
    """

    experiment: str
    base: Mapping[str, Any]
    arms: tuple[Arm, ...]
    lrs: tuple[float, ...]
    seeds: tuple[int, ...]
    budgets: tuple[Budget, ...]

    def specs(self) -> list[TrialSpec]:
        """The trainings, the shortest first; one that two arms have in common is there once."""
        found: dict[str, TrialSpec] = {}
        for budget in self.budgets:
            for seed in self.seeds:
                for arm in self.arms:
                    for lr in self.lrs:
                        spec = self.spec(arm, lr, seed, budget)
                        found.setdefault(spec.id, spec)
        return list(found.values())

    def spec(self, arm: Arm, lr: float, seed: int, budget: Budget) -> TrialSpec:
        """One training. It runs its whole budget: nothing ends it before."""
        config = of_a_trial(arm.over(self.base))
        config["optimizer"] = {**config["optimizer"], "lr": arm.lr_factor * lr}
        train = config["train"]
        config["train"] = {
            **train,
            "seed": seed,
            "epochs": budget.epochs,
            "steps": budget.steps,
            "validate_every": train["validate_every"] or _VALIDATE_EVERY,
            "stop_at_accuracy": None,
            "early_stop": {**train["early_stop"], "patience": None, "min_delta": 0.0},
        }
        return TrialSpec(self.experiment, seed, config, label=f"{arm.name}, lr {lr:g}, {budget}")


def early_ends(base: Mapping[str, Any]) -> list[str]:
    """The settings of `base` that a training of the grid does not follow, as sentences."""
    train = base["train"]
    given = {
        "train.stop_at_accuracy": train["stop_at_accuracy"],
        "train.early_stop.patience": train["early_stop"]["patience"],
    }
    return [f"{key} is left out: every training runs its whole budget" for key, value in given.items() if value]

"""The whole recipe: range test, min-lr search, one-cycle training with what they found."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lrlab.config.sections.policy import policy_defaults
from lrlab.errors import NoAnswerError
from lrlab.experiments.min_lr.experiment import checked, ranged, search
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.min_lr.settings import Settings
from lrlab.experiments.range_test import RangeFinding
from lrlab.experiments.script import Scripted, recorded, told
from lrlab.experiments.train import Train, TrainFinding
from lrlab.experiments.tune_budget import SHORTEST, Budget, budget_of
from lrlab.experiments.tune_finding import Share, TuneFinding
from lrlab.launch.assemble import with_values
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.tuned import one_cycle, rounded

Asking = Generator[Sequence[TrialSpec], Sequence[TrialResult], Any]


@dataclass(frozen=True)
class Tune(Scripted):
    """The experiment.

    Attributes:
        config: resolved; the sections `range_test` and `find_min_lr` say how, `tune` what it may cost.
    """

    config: Mapping[str, Any]
    name: str = "tune"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Tune":
        """The experiment a resolved config asks for."""
        return cls(config)

    @property
    def outlook(self) -> str:
        """What comes after the trials proposed first."""
        wanted = self.config["find_min_lr"]
        settings = Settings.from_config(self.config, 1.0 if wanted["lrs"] is None else max(wanted["lrs"]))
        return f"{settings.outlook}; then the training with what is found"

    def story(self) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], TuneFinding]:
        """Three questions, each asked with the answer before it."""
        sweeps: list[TrialResult] = []
        found: RangeFinding = yield from recorded(told(self._range_test()), sweeps)
        max_lr = self.config["find_min_lr"]["max_lr"] or found.suggestion
        if max_lr is None:
            return TuneFinding(found, None, None, shares=(Share.of("range test", sweeps),))
        budget = budget_of(self.config["tune"]["budget"], sweeps)
        climbs: list[TrialResult] = []
        settings = self._search_settings(rounded(max_lr), budget)
        least: MinLrFinding = yield from recorded(search(settings), climbs)
        shares: tuple[Share, ...] = (Share.of("range test", sweeps), Share.of("min-lr search", climbs))
        if least.min_lr is None:
            return TuneFinding(found, least, None, shares=shares, budget=budget)
        trained: list[TrialResult] = []
        base = self._lengthened(budget, sum(share.steps for share in shares))
        tuned = tuned_config(base, least.max_lr, least.min_lr)
        training: TrainFinding = yield from recorded(told(self._train(tuned)), trained)
        shares = (*shares, Share.of("training", trained))
        if not self.config["tune"]["baseline"]:
            return TuneFinding(found, least, training, shares=shares, budget=budget)
        plain: list[TrialResult] = []
        baseline: TrainFinding = yield from recorded(told(self._train(base)), plain)
        lr = self.config["optimizer"]["lr"]
        shares = (*shares, Share.of("baseline", plain))
        return TuneFinding(found, least, training, baseline, lr, shares, budget)

    def _range_test(self) -> Any:
        test = ranged(self.config, self.name)
        return replace(test, measures=(*test.measures, "epoch"))

    def _search_settings(self, max_lr: float, budget: Budget | None) -> Settings:
        settings = checked(Settings.from_config(self.config, max_lr, name=self.name))
        settings = replace(settings, auto_shrink=True)
        if budget is None:
            return settings
        fitted = budget.fitted(settings)
        self._require(budget, budget.spent + fitted.at_most)
        return fitted

    def _lengthened(self, budget: Budget | None, spent: int) -> Mapping[str, Any]:
        """The config with what the budget leaves for each seed's training; halvings of max-lr may have cost it much."""
        if budget is None:
            return self.config
        steps = (budget.steps - spent) // self.config["train"]["seeds"]
        return with_values(self.config, train={"steps": max(SHORTEST, steps), "epochs": None})

    def _require(self, budget: Budget, spent: int) -> None:
        """Refuse a budget that cannot leave the training as much as the search may take.

        Raises:
            NoAnswerError: says how much is needed.
        """
        if budget.steps < 2 * spent:
            raise NoAnswerError(
                f"tune.budget={budget.written} is {budget.steps} updates; range test and min-lr search alone may take "
                f"{spent}, and the training is to get as much again",
                hint=f"at least {2 * spent}it, or leave the budget out",
            )

    def _train(self, config: Mapping[str, Any]) -> Train:
        return Train(config, config["train"]["seeds"], config["train"]["seed"], name=self.name)


def tuned_config(config: Mapping[str, Any], max_lr: float, min_lr: float) -> dict[str, Any]:
    """The config with a one-cycle between the two lrs; its own one-cycle keeps its other keys."""
    policy = config["policy"]
    own = policy if policy["name"] == "onecycle" else policy_defaults("onecycle")
    cycle = {**own, **one_cycle(policy, max_lr, min_lr)}
    return with_values({**config, "policy": cycle}, optimizer={"lr": cycle["max_lr"]})

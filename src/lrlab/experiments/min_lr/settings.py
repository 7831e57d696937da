"""What a search is asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lrlab.config.compare import of_a_trial
from lrlab.launch.assemble import with_values
from lrlab.launch.spec import TrialSpec

Method = Literal["time-to-target", "stable-ramp"]

REFERENCE = 0.1  # of the max-lr: Smith's rule, and the answer where nothing is surely better
DEFAULT = (0.1, 0.126, 0.159, 0.2)  # geometric from 1/10 to 1/5: neighbours differ by a quarter


@dataclass(frozen=True)
class Settings:
    """A search.

    Attributes:
        base: the config that the trials share; policy and steps are replaced.
        name: of the experiment the trials belong to.
        max_lr: where every climb ends.
        ratios: candidates as shares of the max-lr, ascending; the reference is the one nearest to a tenth.
        seeds, first_seed: each candidate climbs with seeds first_seed, first_seed + 1, ...
        up, hold: updates of a climb, and at the max-lr after it.
        gate_seeds: of them climb to the end of the hold before the search begins.
        method: what the candidates are compared by.
        auto_shrink: go on with the largest max-lr that passes where this one does not.
        confirm: updates of the short trainings at the end; 0: none.
    """

    base: Mapping[str, Any]
    name: str
    max_lr: float
    ratios: tuple[float, ...]
    seeds: int
    first_seed: int
    up: int
    hold: int
    gate_seeds: int
    method: Method
    auto_shrink: bool
    confirm: int = 0

    @classmethod
    def from_config(cls, config: Mapping[str, Any], max_lr: float, *, name: str = "find-min-lr") -> "Settings":
        """The search that a resolved config asks for, at this max-lr."""
        wanted = config["find_min_lr"]
        seeds, up = wanted["seeds"], wanted["steps"]
        return cls(
            base=config,
            name=name,
            max_lr=max_lr,
            ratios=_ratios(wanted, max_lr),
            seeds=seeds,
            first_seed=config["train"]["seed"],
            up=up,
            hold=up // 4 if wanted["hold"] is None else wanted["hold"],
            gate_seeds=min(wanted["gate_seeds"], seeds),
            method=wanted["method"],
            auto_shrink=wanted["auto_shrink"],
            confirm=wanted["confirm_steps"] if wanted["confirm"] else 0,
        )

    @cached_property
    def reference(self) -> float:
        """The ratio that the others are compared with."""
        return min(self.ratios, key=lambda ratio: (abs(ratio - REFERENCE), ratio))

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """In order."""
        return tuple(range(self.first_seed, self.first_seed + self.seeds))

    @property
    def at_most(self) -> int:
        """Updates of a search by time to target whose max-lr passes at once and whose candidates all stay in."""
        reference = self.seeds * (self.up + self.hold)
        challengers = (len(self.ratios) - 1) * self.seeds * self.up
        return reference + challengers + self.gate_seeds * (self.up + self.hold) + 2 * self.seeds * self.confirm

    @property
    def outlook(self) -> str:
        """What the search costs, for a plan."""
        again = self.gate_seeds * (self.up + self.hold)
        most = f"at most {self.at_most} updates" if self.method == "time-to-target" else "a bisection of climbs"
        return f"then the min-lr search: {most}, and {again} more for each time that max-lr has to be halved"

    def climb(self, ratio: float, seed: int, *, up: int | None = None, **ending: Any) -> TrialSpec:
        """A climb from `ratio` of the max-lr to all of it, with momentum as the config's one-cycle has it.

        All climbs have the same number of updates: a shorter one (`up`) stays longer at the max-lr, so that none is
        still at chance for want of time. `ending` says what ends it early (`target`, `cap`) or is measured before it
        (`measures`).
        """
        total, up = self.up + self.hold, self.up if up is None else up
        policy = {
            "name": "climb",
            "min_lr": ratio * self.max_lr,
            "max_lr": self.max_lr,
            "up": f"{up}it",
            "hold": f"{total - up}it",
            **_as_configured(self.base["policy"]),
        }
        config = with_values({**self.base, "policy": policy}, train={"steps": total, "epochs": None})
        return TrialSpec(
            self.name, seed, seeded(config, seed), sweep=True, climb=True, label=f"climb from {ratio:.3g}", **ending
        )

    def training(self, ratio: float, seed: int) -> TrialSpec:
        """A short one-cycle training from `ratio` of the max-lr."""
        policy = {
            "name": "onecycle",
            "max_lr": self.max_lr,
            "min_lr": ratio * self.max_lr,
            **_as_configured(self.base["policy"]),
        }
        length = {"steps": self.confirm, "epochs": None, "validate_every": self.confirm}
        config = with_values({**self.base, "policy": policy}, train=length)
        return TrialSpec(self.name, seed, seeded(config, seed), label=f"one-cycle from {ratio:.3g}")


def seeded(config: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The config of one trial."""
    return of_a_trial(with_values(config, train={"seed": seed}))


def _ratios(wanted: Mapping[str, Any], max_lr: float) -> tuple[float, ...]:
    if wanted["lrs"] is not None:
        return tuple(sorted({lr / max_lr for lr in wanted["lrs"]}))
    if wanted["ratios"] is not None:
        return tuple(sorted(set(wanted["ratios"])))
    return DEFAULT


def _as_configured(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Shape and momentum of the config's policy, where it is a one-cycle; else one-cycle's own."""
    if policy["name"] != "onecycle":
        return {}
    return {key: policy[key] for key in ("shape", "cycle_momentum", "momentum_low", "momentum_high")}

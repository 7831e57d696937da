"""How large may the lr be? One sweep per seed, read by `analysis`, put together here.

Source: Smith 2017, arXiv:1506.01186, section 3.3 (linear, accuracy); the exponential sweep over the loss is
Gugger's (2018). What is different here: see `analysis.divergence` and `analysis.suggest`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrlab.analysis.divergence import StopReason
from lrlab.analysis.seeds import Combined, combine
from lrlab.analysis.suggest import Flag, Reading, read
from lrlab.config.compare import of_a_trial
from lrlab.errors import NoAnswerError
from lrlab.launch.assemble import with_values
from lrlab.launch.spec import TrialResult, TrialSpec

_MEASURES = {"validation": "val_loss", "accuracy": "accuracy", "grad_norm": "grad_norm"}  # config key -> curve


@dataclass(frozen=True)
class Sweep:
    """One seed's sweep: raw points, what smoothing made of them, and what was read from it.

    `val_losses`, `accuracies` and `grad_norms` are empty unless they were asked for.
    """

    seed: int
    lrs: tuple[float, ...]
    losses: tuple[float, ...]
    val_losses: tuple[float, ...]
    stop: StopReason
    reading: Reading
    accuracies: tuple[float, ...] = ()
    grad_norms: tuple[float, ...] = ()


@dataclass(frozen=True)
class RangeFinding:
    """The answer of a range test.

    Attributes:
        suggestion: the max-lr; None when there is no number one may trust, and `flags` say why. It is the lr of
            the first parameter group in the optimizer's own form (in the EMA form of momentum it is α).
        suggestions: every rule's lr by name; of several seeds the median of the logs.
        rule: the rule `suggestion` comes from.
        flags: what to know before using it.
        sweeps: one per seed, with all raw points.
        low, high: smallest and largest suggestion over the seeds; None for one seed.
        combined: band and spread over seeds; None for one seed.
        notes: sentences about how it was measured.
    """

    suggestion: float | None
    suggestions: Mapping[str, float | None]
    rule: str
    flags: tuple[Flag, ...]
    sweeps: tuple[Sweep, ...]
    combined: Combined | None = None
    notes: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)

    @property
    def lrs(self) -> tuple[float, ...]:
        """The lr of every point of the longest sweep (all sweeps share the grid)."""
        return max((sweep.lrs for sweep in self.sweeps), key=len)

    @property
    def losses(self) -> tuple[float, ...]:
        """The raw loss at each of `lrs`; of several seeds their median."""
        return self.sweeps[0].losses if self.combined is None else tuple(self.combined.band.median)

    @property
    def base_lr(self) -> float | None:
        """Where a cycle may start: a tenth of the max-lr (Smith 2018, arXiv:1803.09820)."""
        return None if self.suggestion is None else self.suggestion / 10

    @property
    def stop(self) -> StopReason:
        """Why the first sweep ended."""
        return self.sweeps[0].stop

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if self.suggestion is None:
            return "no lr suggested: " + "; ".join(flag.code for flag in self.flags)
        text = f"max-lr {self.suggestion:.3g} ({self.rule})"
        if self.combined is not None and self.combined.low is not None and self.combined.high is not None:
            text += f", seeds {self.combined.low:.3g} to {self.combined.high:.3g}"
        warnings = ", ".join(flag.code for flag in self.flags)
        return f"{text}; {warnings}" if warnings else text

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "suggestion": self.suggestion,
            "base_lr": self.base_lr,
            "rule": self.rule,
            "suggestions": dict(self.suggestions),
            "flags": [{"code": flag.code, "message": flag.message} for flag in self.flags],
            "low": self.combined.low if self.combined else None,
            "high": self.combined.high if self.combined else None,
            "spread_decades": self.combined.spread_decades if self.combined else None,
            "sweeps": [_sweep_json(sweep) for sweep in self.sweeps],
            "notes": list(self.notes),
            "cost": dict(self.cost),
        }


@dataclass(frozen=True)
class RangeTest:
    """The experiment: `seeds` sweeps of the same grid.

    Attributes:
        base: the config the trials share; policy and steps are replaced by the sweep's.
        first_seed: seeds are first_seed, first_seed + 1, ...
        measures: what else to keep of each update: `val_loss`, `accuracy`, `grad_norm`.
        rule: which suggestion is the answer.
    """

    base: Mapping[str, Any]
    lr_min: float
    lr_max: float
    steps: int
    shape: str
    staircase: int
    seeds: int
    first_seed: int
    stop_on_rise: bool
    measures: tuple[str, ...]
    rule: str
    name: str = "range-test"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "RangeTest":
        """The experiment a resolved config asks for."""
        settings = config["range_test"]
        return cls(
            base=config,
            lr_min=settings["lr_min"],
            lr_max=settings["lr_max"],
            steps=settings["steps"],
            shape=settings["shape"],
            staircase=settings["staircase"],
            seeds=settings["seeds"],
            first_seed=config["train"]["seed"],
            stop_on_rise=settings["stop"],
            measures=tuple(name for key, name in _MEASURES.items() if settings[key]),
            rule=settings["suggestion"],
        )

    def propose(self, results: Sequence[TrialResult]) -> Sequence[TrialSpec]:
        """All sweeps at once, and then none."""
        return [] if results else [self._spec(self.first_seed + i) for i in range(self.seeds)]

    def conclude(self, results: Sequence[TrialResult]) -> RangeFinding:
        """Read each sweep, and put the seeds together; a failed one is left out, with a note.

        Raises:
            NoAnswerError: all failed.
        """
        failed = [result for result in results if result.status == "failed"]
        results = [result for result in results if result.status != "failed"]
        if not results:
            raise NoAnswerError("every sweep failed: " + "; ".join(note for result in failed for note in result.notes))
        sweeps = tuple(_read(result, self.rule) for result in results)
        notes = tuple(dict.fromkeys(note for result in results for note in (*result.notes, *_notes(result))))
        notes += tuple(f"seed {result.seed} failed and is left out: {'; '.join(result.notes)}" for result in failed)
        cost = {
            "steps": float(sum(result.steps for result in results)),
            "seconds": sum(result.seconds for result in results),
            "cpu_seconds": sum(result.cpu_seconds for result in results),
        }
        first = sweeps[0].reading
        if len(sweeps) == 1:
            return RangeFinding(first.suggestion, first.suggestions, self.rule, first.flags, sweeps, None, notes, cost)
        if len({sweep.losses for sweep in sweeps}) == 1:
            notes += (
                "all seeds gave the same curve: the loader does not shuffle and the model draws nothing at random",
            )
        both = combine([s.reading for s in sweeps], [s.lrs for s in sweeps], [s.losses for s in sweeps], rule=self.rule)
        return RangeFinding(both.suggestion, both.suggestions, self.rule, both.flags, sweeps, both, notes, cost)

    def _spec(self, seed: int) -> TrialSpec:
        policy = {
            "name": "range",
            "lr_min": self.lr_min,
            "lr_max": self.lr_max,
            "shape": self.shape,
            "staircase": self.staircase,
        }
        config = with_values({**self.base, "policy": policy}, train={"steps": self.steps, "epochs": None, "seed": seed})
        return TrialSpec(self.name, seed, of_a_trial(config), True, self.stop_on_rise, self.measures)


def _read(result: TrialResult, rule: str) -> Sweep:
    lrs, losses = result.series["lr"], result.series["loss"]
    reason = StopReason(result.reason)
    reading = read(lrs, losses, reason, suggestion=rule)
    val_losses, accuracies, grad_norms = (tuple(result.series.get(name, ())) for name in _MEASURES.values())
    return Sweep(result.seed, tuple(lrs), tuple(losses), val_losses, reason, reading, accuracies, grad_norms)


def _notes(result: TrialResult) -> list[str]:
    if result.reason == StopReason.EXHAUSTED.value:
        return [f"the data ran out after {result.steps} updates"]
    return []


def _sweep_json(sweep: Sweep) -> dict[str, Any]:
    return {
        "seed": sweep.seed,
        "stop": sweep.stop.value,
        "points": len(sweep.lrs),
        "suggestion": sweep.reading.suggestion,
        "suggestions": dict(sweep.reading.suggestions),
        "flags": [flag.code for flag in sweep.reading.flags],
    }

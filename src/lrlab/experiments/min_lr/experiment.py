"""How small should the lr start? Gate, race, decision."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lrlab.analysis.suggest import Flag
from lrlab.errors import UsageError
from lrlab.experiments.min_lr.confirm import Confirmation, run_confirmation
from lrlab.experiments.min_lr.decision import Decision, decide, without
from lrlab.experiments.min_lr.finding import Climb, Cost, MinLrFinding, climb_of, rows
from lrlab.experiments.min_lr.gate import HALVINGS, Attempt, Gate, climbed, run_gate
from lrlab.experiments.min_lr.race import Entry, run_race
from lrlab.experiments.min_lr.sentences import gate_flag, verdict_of
from lrlab.experiments.min_lr.settings import Settings
from lrlab.experiments.min_lr.stable_ramp import run_stable_ramp
from lrlab.experiments.range_test import RangeFinding, RangeTest
from lrlab.experiments.script import Scripted, recorded, told
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.tuned import rounded

Asking = Generator[Sequence[TrialSpec], Sequence[TrialResult], Any]
SWEEPS = 3  # of the range test that comes first, at least: a single one may be off by a factor of two


@dataclass(frozen=True)
class FindMinLr(Scripted):
    """The experiment.

    Attributes:
        config: resolved; its section `find_min_lr` says what to search.
    """

    config: Mapping[str, Any]
    name: str = "find-min-lr"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "FindMinLr":
        """The experiment a resolved config asks for.

        Raises:
            UsageError: candidates above the given max-lr.
        """
        max_lr = config["find_min_lr"]["max_lr"]
        if max_lr is not None:
            checked(Settings.from_config(config, max_lr))
        return cls(config)

    @property
    def outlook(self) -> str:
        """What comes after the trials proposed first."""
        wanted = self.config["find_min_lr"]
        given = wanted["max_lr"] or (1.0 if wanted["lrs"] is None else max(wanted["lrs"]))
        return Settings.from_config(self.config, given).outlook

    def story(self) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], MinLrFinding]:
        """A range test where no max-lr was given; then the search."""
        max_lr, found = self.config["find_min_lr"]["max_lr"], None
        if max_lr is None:
            found = yield from told(ranged(self.config, self.name))
            if found.suggestion is None:
                return without_max_lr(self.config, found)
            max_lr = rounded(found.suggestion)
        settings = checked(Settings.from_config(self.config, max_lr, name=self.name))
        answer: MinLrFinding = yield from self.search(settings)
        return replace(answer, range_finding=found)

    def search(self, settings: Settings) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], MinLrFinding]:
        """The search itself, once the max-lr is known."""
        return search(settings)


def ranged(config: Mapping[str, Any], name: str) -> RangeTest:
    """The range test that comes first."""
    test = RangeTest.from_config(config)
    return replace(test, name=name, seeds=max(test.seeds, SWEEPS))


def checked(settings: Settings) -> Settings:
    """Refuse candidates that do not climb, and a comparison of one.

    Raises:
        UsageError: names the candidate and the max-lr.
    """
    if len(settings.ratios) < 2:
        raise UsageError(
            f"all candidates are the same: min-lr {settings.ratios[0] * settings.max_lr:.4g}",
            hint="name at least two different ones in find_min_lr.ratios or find_min_lr.lrs",
        )
    above = [ratio for ratio in settings.ratios if ratio > 1 + 1e-9]
    if above:
        raise UsageError(
            f"candidate min-lr {above[0] * settings.max_lr:.4g} is above max-lr {settings.max_lr:.4g}",
            hint="a climb begins at or below its end: lower find_min_lr.lrs, or raise the max-lr",
        )
    return settings


def search(settings: Settings) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], MinLrFinding]:
    """Gate, race, decision, and what confirms it."""
    log: list[TrialResult] = []
    found: MinLrFinding = yield from recorded(_search(settings), log)
    return replace(found, cost=Cost.of(log, images_per_step(settings.base)))


def _search(settings: Settings) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], MinLrFinding]:
    asked = settings.max_lr
    attempts: tuple[Attempt, ...] = ()
    critical: float | None = None
    while True:
        gate: Gate = yield from run_gate(replace(settings, max_lr=asked), attempts, critical)
        if gate.passes is None or (gate.passes < asked and not settings.auto_shrink):
            return _stopped(settings, asked, gate)
        settings = replace(settings, max_lr=gate.passes)
        entries: list[Entry] = yield from _compare(settings, gate)
        reference = next(entry for entry in entries if entry.ratio == settings.reference)
        if reference.alive:
            break
        # a later seed failed where the gate's did not: the max-lr is not usable after all
        critical, last = gate.critical_lr, gate.attempts[-1]
        fatal = {trial.seed: trial for trial in reference.trials if trial.seed in reference.failures}
        refuted = Attempt(last.max_lr, {**last.failures, **reference.failures}, {**last.climbs, **fatal})
        attempts = (*gate.attempts[:-1], refuted)
        if len(attempts) > HALVINGS:
            return _stopped(settings, asked, replace(gate, attempts=attempts))
    decision = yield from _that_holds(settings, entries, decide(entries, settings.reference))
    confirmation: Confirmation | None = None
    if settings.confirm:
        confirmation = yield from run_confirmation(settings, _challenger(settings, decision))
    return _answer(settings, asked, gate, entries, decision, confirmation)


def _compare(settings: Settings, gate: Gate) -> Asking:
    return run_stable_ramp(settings, gate) if settings.method == "stable-ramp" else run_race(settings, gate)


def _that_holds(settings: Settings, entries: Sequence[Entry], decision: Decision) -> Asking:
    """A winner climbs to the end of the hold too: being quick to the target is no use if max-lr then breaks it."""
    while decision.winner != settings.reference and settings.method == "time-to-target":
        entry = next(entry for entry in entries if entry.ratio == decision.winner)
        seeds = settings.all_seeds[: settings.gate_seeds]
        results = yield [settings.climb(entry.ratio, seed) for seed in seeds]
        entry.trials += results
        failures = {seed: f for seed, r in zip(seeds, results, strict=True) if (f := climbed(r, whole=True).failure)}
        if not failures:
            break
        entry.failures |= failures
        entry.dropped = f"failed: {next(iter(failures.values()))} in the hold with seed {next(iter(failures))}"
        decision = without(decision, entry.ratio, settings.reference)
    return decision


def _challenger(settings: Settings, decision: Decision) -> float:
    """Who is trained beside the reference: the winner; in a tie whoever looks fastest, else the largest candidate."""
    for ratio in (decision.winner, decision.leader):
        if ratio != settings.reference:
            return ratio
    return max(ratio for ratio in settings.ratios if ratio != settings.reference)


def _answer(
    settings: Settings,
    asked: float,
    gate: Gate,
    entries: Sequence[Entry],
    decision: Decision,
    confirmation: Confirmation | None,
) -> MinLrFinding:
    winner, decisive, flags = decision.winner, decision.decisive, []
    if settings.max_lr < asked:
        message = f"max-lr {asked:.3g} fails its gate; the answer is for {settings.max_lr:.3g}"
        flags.append(Flag("SHRUNK", message))
    if confirmation is not None and confirmation.ratio == winner and confirmation.worse:
        message = f"in short trainings ratio {winner:.3g} is surely worse than {settings.reference:.3g}, which is kept"
        flags.append(Flag("CONFIRM_WORSE", message))
        winner, decisive = settings.reference, False
    images = images_per_step(settings.base)
    table = rows(entries, decision, settings.max_lr, images)
    trials = [trial for entry in entries for trial in entry.trials]
    whole = len(settings.ratios) * settings.seeds * settings.up + settings.seeds * settings.hold
    spent = sum({trial.id: trial.steps for trial in trials}.values())
    return MinLrFinding(
        method=settings.method,
        min_lr=winner * settings.max_lr,
        max_lr=settings.max_lr,
        asked=asked,
        passes=gate.passes,
        decisive=decisive,
        verdict=verdict_of(settings, decision, winner, decisive),
        reference=settings.reference,
        candidates=table,
        gate=gate,
        flags=tuple(flags),
        climbs=_climbs(settings, entries),
        up=settings.up,
        hold=settings.hold,
        seeds=settings.seeds,
        cost=Cost.of(trials, images),
        saved=max(0, whole - spent) if settings.method == "time-to-target" else 0,
        confirmation=confirmation,
    )


def _climbs(settings: Settings, entries: Sequence[Entry]) -> tuple[Climb, ...]:
    """One per candidate and seed, the longest where there are several; for stable ramps the reference's alone."""
    found: dict[tuple[float, int], Climb] = {}
    for entry in entries:
        for trial in entry.trials:
            climb = climb_of(entry.ratio, trial)
            known = found.get((entry.ratio, trial.seed))
            if known is None or len(climb.losses) > len(known.losses):
                found[entry.ratio, trial.seed] = climb
    return tuple(found.values())


def _stopped(settings: Settings, asked: float, gate: Gate) -> MinLrFinding:
    """The gate stayed shut, or only opens below what was asked for."""
    flags = [gate_flag(asked, gate)]
    trials = list(gate.climbs.values())
    return MinLrFinding(
        method=settings.method,
        min_lr=None,
        max_lr=asked,
        asked=asked,
        passes=gate.passes,
        decisive=False,
        verdict=flags[0].message,
        reference=settings.reference,
        candidates=(),
        gate=gate,
        flags=tuple(flags),
        climbs=tuple(climb_of(settings.reference, trial) for trial in trials),
        up=settings.up,
        hold=settings.hold,
        seeds=settings.seeds,
        cost=Cost.of(trials, images_per_step(settings.base)),
    )


def without_max_lr(config: Mapping[str, Any], found: RangeFinding) -> MinLrFinding:
    """The range test gave no number."""
    settings = Settings.from_config({**config, "find_min_lr": {**config["find_min_lr"], "lrs": None}}, 1.0)
    nan = float("nan")
    return replace(
        _stopped(settings, nan, Gate((Attempt(nan, {0: "no max-lr"}),), nan, nan, None)),
        flags=found.flags,
        verdict=f"the range test gives no max-lr: {'; '.join(flag.message for flag in found.flags)}",
        range_finding=found,
    )


def images_per_step(config: Mapping[str, Any]) -> int:
    """Images of one update; 0 where a live loader decides."""
    return int(config.get("data", {}).get("batch_size", 0)) * int(config["train"].get("accumulate", 1))

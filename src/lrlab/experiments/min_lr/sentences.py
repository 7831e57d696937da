"""What a search says of its answer."""

from lrlab.analysis.suggest import Flag
from lrlab.experiments.min_lr.decision import Decision
from lrlab.experiments.min_lr.gate import Gate
from lrlab.experiments.min_lr.settings import Settings


def verdict_of(settings: Settings, decision: Decision, winner: float, decisive: bool) -> str:
    """Whether the choice is sure, and what it rests on."""
    what = "reaches the target" if settings.method == "time-to-target" else "survives a climb"
    if settings.seeds == 1:
        return f"one seed cannot tell candidates apart; ratio {winner:.3g} is the rule, not a measurement"
    if decisive and winner != settings.reference:
        found = decision.compared[winner].against
        assert found is not None
        c = found.comparison
        return (
            f"ratio {winner:.3g} {what} in {c.estimate:.2f} times the updates of {settings.reference:.3g} "
            f"(95 % interval {c.low:.2f} to {c.high:.2f}, {c.n} seeds)"
        )
    if decisive:
        return f"ratio {settings.reference:.3g} {what} sooner than every other candidate ({settings.seeds} seeds)"
    if winner != decision.winner:
        return (
            f"ratio {decision.winner:.3g} {what} surely sooner than {settings.reference:.3g} and then trains worse, "
            f"so {settings.reference:.3g} is kept"
        )
    running = [r for r, c in decision.compared.items() if r == settings.reference or c.against is not None]
    if len(running) == 1:
        return f"only ratio {settings.reference:.3g} is left: the others dropped out, and it is kept"
    if settings.method == "stable-ramp" and _needs_none(decision):
        return f"the net stands max-lr {settings.max_lr:.3g} without any climb to it, so the climbs tell nothing apart"
    slower = [f"{r:.3g}" for r in running if decision.compared[r].differs and decision.compared[r].ratio > 1]
    if slower:
        return (
            f"no candidate {what} surely sooner than ratio {settings.reference:.3g}, and {', '.join(slower)} "
            f"surely later ({settings.seeds} seeds)"
        )
    return (
        f"no candidate {what} surely sooner than ratio {settings.reference:.3g}: "
        f"between {min(running):.3g} and {max(running):.3g} of the max-lr the choice is within the "
        f"noise of {settings.seeds} seeds"
    )


def _needs_none(decision: Decision) -> bool:
    """Whether one update before max-lr was enough, for every candidate and seed."""
    times = [compared.times for compared in decision.compared.values() if compared.times is not None]
    return all(duration == 1 for t in times for duration in t.durations)


def gate_flag(asked: float, gate: Gate) -> Flag:
    """Why the max-lr asked for cannot be used, and what can."""
    first = gate.attempts[0]
    failed = [how for how in first.failures.values() if how]
    how = f"{len(failed)} of {len(first.failures)} climbs to max-lr {asked:.3g} fail ({', '.join(sorted(set(failed)))})"
    if gate.passes is not None:
        return Flag(
            "GATE_FAILED",
            f"{how}; {gate.passes:.3g} passes. Use that one, or let the search go on with it: auto_shrink",
        )
    lowest = gate.attempts[-1].max_lr
    if gate.no_signal:
        return Flag(
            "NO_SIGNAL",
            f"{how}, and down to {lowest:.3g} the loss stays at chance: the net learns too slowly for this climb. "
            "Take more steps (find_min_lr.steps), another init, or a larger batch; to look at it: lrlab range-test",
        )
    return Flag("GATE_FAILED", f"{how}, and so it is down to {lowest:.3g}; to find a max-lr: lrlab range-test")

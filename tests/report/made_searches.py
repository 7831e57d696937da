"""Min-lr searches over made-up climbs: the real gate, race and decision, and a loss that a formula gives."""

import math
from typing import Any

from lrlab.analysis.climb import ClimbRule
from lrlab.analysis.divergence import StopReason
from lrlab.config.load import load_config
from lrlab.experiments.min_lr.experiment import checked, search
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.min_lr.settings import Settings
from lrlab.experiments.script import recorded
from lrlab.launch.spec import TrialResult, TrialSpec

CHANCE = 2.3
EDGE, STEEP = 1.0, 0.1  # an lr, and a rise of it per update, that no climb survives


def searched(max_lr: float, *overrides: str) -> MinLrFinding:
    """Search below `max_lr`; its losses fall at a speed of the lr, and explode beyond `EDGE` or in a `STEEP` climb."""
    config = load_config(None, [f"find_min_lr.max_lr={max_lr}", *overrides]).config.model_dump(mode="json")
    story = recorded(search(checked(Settings.from_config(config, max_lr))), [])
    try:
        specs = next(story)
        while True:
            specs = story.send([made(spec) for spec in specs])
    except StopIteration as end:
        found: MinLrFinding = end.value
        return found


def made(spec: TrialSpec) -> TrialResult:
    """A climb, ended as its spec says; a training, which learns the better the higher it begins."""
    if not spec.climb:
        accuracy = 0.9 + 0.1 * spec.config["policy"]["min_lr"] + 0.003 * (spec.seed % 3)
        return TrialResult(spec.id, spec.seed, "completed", "end", 10, {"val_accuracy": accuracy})
    policy: dict[str, Any] = spec.config["policy"]
    up, hold = (int(policy[name].removesuffix("it")) for name in ("up", "hold"))
    rule, lrs, losses, loss = ClimbRule(spec.target), [], [], CHANCE + 0.3 * spec.seed
    steep = (policy["max_lr"] - policy["min_lr"]) / up > STEEP / (1 + 0.2 * spec.seed)
    for step in range(up + hold):
        lr = policy["min_lr"] + (policy["max_lr"] - policy["min_lr"]) * min(1.0, step / up)
        lrs.append(lr)
        losses.append(loss + 0.01 * math.sin(7 * step + spec.seed))
        loss = max(0.1, loss * (1.3 if steep or lr > EDGE else math.exp(-2.2 * lr)))
        if (reason := rule.update(losses[-1])) is not None or step + 1 == spec.cap:
            break
    reason = reason or StopReason.END
    series = {"lr": lrs, "loss": losses}
    return TrialResult(spec.id, spec.seed, "completed", reason.value, len(lrs), {"chance": CHANCE}, series)

"""Contradictions within a policy, and between a policy and the training it is for."""

from collections.abc import Callable, Iterator
from typing import Any

from lrlab.config.conflict import Conflict, Sections

_LEAST = {"constant": 1, "triangular": 1, "onecycle": 3, "step": 4}  # of the others 2; step falls at 50% and 75%
MOMENTUM = {
    "onecycle": ("momentum_low", "momentum_high"),
    "climb": ("momentum_low", "momentum_high"),
    "triangular": ("momentum_low", "momentum_high"),
    "torch": ("base_momentum", "max_momentum"),
}
_EXCLUSIVE = (("final_lr", "final_div"), ("final_lr", "gamma"), ("milestones", "every"))
_DURATIONS = ("warmup", "up", "hold", "down", "final", "stable", "cooldown")  # phases that follow each other


def momentum(sections: Sections) -> Iterator[Conflict]:
    """Momenta the wrong way round, or an optimizer without one."""
    policy, optimizer = sections.get("policy"), sections.get("optimizer")
    if policy is None or policy.name not in MOMENTUM:
        return
    low, high = MOMENTUM[policy.name]
    if getattr(policy, low) > getattr(policy, high):
        message = f"policy.{low}={getattr(policy, low):g} is above policy.{high}={getattr(policy, high):g}"
        yield Conflict((f"policy.{low}", f"policy.{high}"), message)
    if optimizer is not None and policy.cycle_momentum and getattr(optimizer, "momentum", 1) == 0:
        message = "policy.cycle_momentum=true, and optimizer.momentum=0 leaves nothing to cycle"
        hint = "set optimizer.momentum above 0, or policy.cycle_momentum=false"
        yield Conflict(("optimizer.momentum", "policy.cycle_momentum"), message, hint)


def effective(sections: Sections) -> Iterator[Conflict]:
    """An effective lr to be matched where cycling momentum does not move it."""
    policy, optimizer = sections.get("policy"), sections.get("optimizer")
    if not getattr(policy, "match_effective", False) or policy is None:
        return
    message, hint = "policy.match_effective=true has no effect with ", "take one of them out"
    if not policy.cycle_momentum:
        yield Conflict(
            ("policy.match_effective", "policy.cycle_momentum"), message + "policy.cycle_momentum=false", hint
        )
    if optimizer is not None and optimizer.name != "sgd":
        what = f"optimizer.name={optimizer.name}, whose effective lr is lr itself"
        yield Conflict(("policy.match_effective", "optimizer.name"), message + what, hint)
    elif optimizer is not None and optimizer.momentum_form == "ema":
        what = "optimizer.momentum_form=ema, whose effective lr is lr itself"
        yield Conflict(("policy.match_effective", "optimizer.momentum_form"), message + what, hint)


def lrs(sections: Sections) -> Iterator[Conflict]:
    """A min-lr or a final lr that is not below what it has to be below."""
    policy, optimizer = sections.get("policy"), sections.get("optimizer")
    if policy is None or policy.name in ("range", "torch", "constant", "step"):
        return
    own = "max_lr" if hasattr(policy, "max_lr") else "lr"
    peak, peak_key = getattr(policy, own), f"policy.{own}"
    if peak is None:
        peak, peak_key = getattr(optimizer, "lr", None), "optimizer.lr"
    if peak is None:
        return
    lower = "min_lr" if hasattr(policy, "min_lr") else "final_lr"
    low = getattr(policy, lower)
    if low is not None and low >= peak:
        message = f"policy.{lower}={low:g} is not below {peak_key}={peak:g}"
        yield Conflict((f"policy.{lower}", peak_key), message)
    elif policy.name == "onecycle" and policy.final_lr is not None:
        low = peak / 10 if low is None else low
        if policy.final_lr > low:
            message = f"policy.final_lr={policy.final_lr:g} is above policy.min_lr={low:g}"
            yield Conflict(("policy.final_lr", "policy.min_lr"), message)


def pairs(sections: Sections) -> Iterator[Conflict]:
    """Two ways to say the same thing, and settings that need another."""
    policy = sections.get("policy")
    if policy is None:
        return
    for first, second in _EXCLUSIVE:
        one, other = getattr(policy, first, None), getattr(policy, second, None)
        if one is not None and other is not None:
            message = f"policy.{first}={_shown(one)} and policy.{second}={_shown(other)}: only one of them can hold"
            yield Conflict((f"policy.{first}", f"policy.{second}"), message, "keep one of them")
    if getattr(policy, "warmup_from", None) is not None and policy.warmup is None:
        message = f"policy.warmup_from={policy.warmup_from:g} does nothing without policy.warmup"
        yield Conflict(("policy.warmup_from", "policy.warmup"), message, "add policy.warmup, for example 5%")
    if policy.name == "exponential" and policy.every is not None and policy.gamma is None:
        message = f"policy.every={policy.every} does nothing without policy.gamma"
        yield Conflict(("policy.every", "policy.gamma"), message, "add policy.gamma, for example 0.9")
    if policy.name == "triangular" and (policy.mode == "exp_range") != (policy.gamma is not None):
        given = "needs policy.gamma" if policy.gamma is None else f"has no use for policy.gamma={policy.gamma:g}"
        hint = "for example 0.9999" if policy.gamma is None else "set policy.mode=exp_range, or drop policy.gamma"
        yield Conflict(("policy.mode", "policy.gamma"), f"policy.mode={policy.mode} {given}", hint)


def length(sections: Sections) -> Iterator[Conflict]:
    """A training that is too short for its policy."""
    policy, train = sections.get("policy"), sections.get("train")
    if policy is None or train is None or train.steps is None:
        return
    least = _LEAST.get(policy.name, 2) + (getattr(policy, "warmup", None) is not None)
    if policy.name == "step" and (policy.milestones or policy.every):
        least = 2
    if train.steps < least:
        message = f"train.steps={train.steps} is too short for policy.name={policy.name}, which needs {least}"
        yield Conflict(("train.steps", "policy.name"), message)


def durations(sections: Sections) -> Iterator[Conflict]:
    """Phases of one unit that are longer than the training by themselves; the rest shows when steps are known."""
    policy, train = sections.get("policy"), sections.get("train")
    if policy is None or train is None:
        return
    for unit, key, whole in (("it", "train.steps", train.steps), ("ep", "train.epochs", train.epochs), ("%", "", 100)):
        found = [
            (name, text)
            for name in _DURATIONS
            if isinstance(text := getattr(policy, name, None), str) and text.endswith(unit)
        ]
        amount = sum(float(text.removesuffix(unit)) for _, text in found)
        if whole is not None and amount > whole + 1e-9:
            listing = " + ".join(f"policy.{name}={text}" for name, text in found)
            limit = f"{key}={whole}" if key else "the whole training"
            fields = tuple(f"policy.{name}" for name, _ in found)
            yield Conflict((*fields, *([key] if key else [])), f"{listing} is more than {limit}")


def milestones(sections: Sections) -> Iterator[Conflict]:
    """Milestones of one unit that do not rise, or lie past the end."""
    policy, train = sections.get("policy"), sections.get("train")
    if policy is None or policy.name != "step" or policy.milestones is None:
        return
    ends = {
        "ep": ("train.epochs", getattr(train, "epochs", None)),
        "it": ("train.steps", getattr(train, "steps", None)),
    }
    for unit in ("it", "ep", "%"):
        amounts = [float(text.removesuffix(unit)) for text in policy.milestones if text.endswith(unit)]
        if amounts != sorted(set(amounts)):
            message = f"policy.milestones={_shown(policy.milestones)} do not rise"
            yield Conflict(("policy.milestones",), message)
        key, end = ends.get(unit, ("", 100))
        if amounts and end is not None and amounts[-1] >= end:
            where = f"{key}={end}" if key else "the end of the training"
            message = f"policy.milestones={_shown(policy.milestones)}: {amounts[-1]:g}{unit} is not before {where}"
            yield Conflict(("policy.milestones", *([key] if key else [])), message)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return value if isinstance(value, str) else f"{value:g}"


POLICY_CHECKS: tuple[Callable[[Sections], Iterator[Conflict]], ...] = (
    momentum, effective, lrs, pairs, length, durations, milestones,
)  # fmt: skip

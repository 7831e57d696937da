"""What `compare-policy` compares: policies as they come, and two ablations of one-cycle."""

from collections.abc import Mapping
from typing import Any

from lrlab.config.sections.policy import policy_defaults
from lrlab.errors import UsageError
from lrlab.experiments.lr_grid import Arm
from lrlab.registry import POLICIES


def policy_arms(names: tuple[str, ...], base: Mapping[str, Any]) -> tuple[Arm, ...]:
    """An arm for each name: the policy's defaults, or the config's own section where it has that name.

    Momentum is cycled by none of them where the config's own policy does not, or the optimizer has none.

    Raises:
        UsageError: the config's policy has an lr of its own, which the grid would not reach.
    """
    return tuple(Arm(name, {"policy": policy_section(name, base)}, 1.0, POLICIES[name].summary) for name in names)


def annihilation_arms(base: Mapping[str, Any]) -> tuple[Arm, ...]:
    """One-cycle with a last descent of 12.5 % (30/40/10), 50 % and none of the steps; up to down is 30 to 40 in each.

    Without one the cycle ends where it began: the last step has min_lr. Half of the steps is what Gugger compared it
    with (2018, "The 1cycle policy").
    """
    section = {**policy_section("onecycle", base), "up": 30, "down": 40}
    none = {"final": "1it", "final_lr": None, "final_div": 1.0}
    return (
        Arm(
            "final 12.5 %",
            {"policy": {**section, "final": 10}},
            1.0,
            "30 parts up, 40 down, 10 on down to the final lr",
        ),
        Arm("final 50 %", {"policy": {**section, "final": "50%"}}, 1.0, "30 parts up, 40 down, as many on down"),
        Arm("no final", {"policy": {**section, **none}}, 1.0, "30 parts up, 40 down; the last step has min_lr"),
    )


def momentum_arms(base: Mapping[str, Any]) -> tuple[Arm, ...]:
    """One-cycle with momentum constant, cycled, cycled as an average, and cycled at a matched effective lr.

    Torch's form of momentum has the effective lr lr/(1 - momentum), so cycling momentum moves that too; the other two
    tell these effects apart. As an average (`momentum_form: ema`) the effective lr is alpha itself, and matched the
    lr is scaled so that lr/(1 - momentum) is what the constant momentum gives. The effective lr at the peak of all but
    plain cycling is the same.
    """
    optimizer = base["optimizer"]
    beta = optimizer["momentum"]
    to_torch, to_ema = (1.0, 1 / (1 - beta)) if optimizer["momentum_form"] == "torch" else (1 - beta, 1.0)
    torch, ema = {"momentum_form": "torch"}, {"momentum_form": "ema"}
    section = {**policy_section("onecycle", base), "cycle_momentum": True, "match_effective": False}
    low, high = section["momentum_low"], section["momentum_high"]
    path = f"{high:g} -> {low:g} -> {high:g}"
    return (
        Arm(
            "constant",
            {"policy": {**section, "cycle_momentum": False}, "optimizer": torch},
            to_torch,
            f"momentum {beta:g} throughout",
        ),
        Arm("cycled heavy-ball", {"policy": section, "optimizer": torch}, to_torch, f"momentum {path}, torch's form"),
        Arm("cycled EMA", {"policy": section, "optimizer": ema}, to_ema, f"momentum {path}, as an average (ema)"),
        Arm(
            "cycled matched",
            {"policy": {**section, "match_effective": True}, "optimizer": torch},
            to_torch,
            f"momentum {path}, torch's form, the effective lr that of {beta:g}",
        ),
    )


def policy_section(name: str, base: Mapping[str, Any]) -> dict[str, Any]:
    """The policy's section for the grid.

    Raises:
        UsageError: see `policy_arms`.
    """
    own = base["policy"]
    section = {**policy_defaults(name), **(own if own["name"] == name else {})}
    for key in ("max_lr", "lr"):
        if section.get(key) is not None:
            raise UsageError(
                f"policy.{key}={section[key]:g} fixes the lr of {name}, which compare-policy chooses from its grid",
                hint=f"leave policy.{key} out and write optimizer.lr={section[key]:g}, or --lrs",
            )
    if "cycle_momentum" in section and _momentum_is_left_alone(base):
        section["cycle_momentum"] = False
    return section


def _momentum_is_left_alone(base: Mapping[str, Any]) -> bool:
    own, optimizer = base["policy"], base["optimizer"]
    without = optimizer.get("momentum", optimizer.get("beta1")) == 0
    return without or (own["name"] in ("onecycle", "torch") and not own["cycle_momentum"])

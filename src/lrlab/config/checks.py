"""What no single field can see: values that contradict each other, each named with both places."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lrlab.config.plugins import name_problem
from lrlab.config.sections.plugins import PluginModel

Sections = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Fields that do not go together. `fields` are dotted keys, the ones to point at first."""

    fields: tuple[str, ...]
    message: str
    hint: str = ""


def find_conflicts(sections: Sections) -> list[Conflict]:
    """Every contradiction among the sections that are valid by themselves."""
    return [conflict for check in _CHECKS for conflict in check(sections)]


def _plugin_names(sections: Sections) -> Iterator[Conflict]:
    for name in sections.get("plugins") or {}:
        if problem := name_problem(name):
            yield Conflict((f"plugins.{name}",), f"plugins: {name!r} {problem}", "choose another name")


def _train_length(sections: Sections) -> Iterator[Conflict]:
    train = sections.get("train")
    if train is not None and train.epochs is not None and train.steps is not None:
        message = f"train.epochs={train.epochs} and train.steps={train.steps}: a training has one length"
        yield Conflict(("train.epochs", "train.steps"), message, "keep one of them")


def _sweep(sections: Sections) -> Iterator[Conflict]:
    for name in ("range_test", "policy"):
        section = sections.get(name)
        if section is None or not hasattr(section, "lr_min"):
            continue
        if section.lr_min >= section.lr_max:
            message = f"{name}.lr_min={section.lr_min:g} is not below {name}.lr_max={section.lr_max:g}"
            yield Conflict((f"{name}.lr_min", f"{name}.lr_max"), message)
        steps = getattr(section, "steps", None)
        if steps is not None and steps < 10 * section.staircase:
            message = f"{name}.steps={steps} with {name}.staircase={section.staircase} makes fewer than 10 points"
            yield Conflict((f"{name}.steps", f"{name}.staircase"), message, f"at least {10 * section.staircase} steps")


def _cycle(sections: Sections) -> Iterator[Conflict]:
    policy, optimizer = sections.get("policy"), sections.get("optimizer")
    if policy is None or policy.name not in ("onecycle", "torch"):
        return
    low, high = _MOMENTUM[policy.name]
    if getattr(policy, low) > getattr(policy, high):
        message = f"policy.{low}={getattr(policy, low):g} is above policy.{high}={getattr(policy, high):g}"
        yield Conflict((f"policy.{low}", f"policy.{high}"), message)
    if optimizer is not None and policy.cycle_momentum and getattr(optimizer, "momentum", 1) == 0:
        message = "policy.cycle_momentum=true, and optimizer.momentum=0 leaves nothing to cycle"
        hint = "set optimizer.momentum above 0, or policy.cycle_momentum=false"
        yield Conflict(("optimizer.momentum", "policy.cycle_momentum"), message, hint)
    peak = policy.max_lr if policy.max_lr is not None else getattr(optimizer, "lr", None)
    if policy.name == "onecycle" and peak is not None:
        yield from _cycle_lrs(policy, peak)


def _cycle_lrs(policy: Any, peak: float) -> Iterator[Conflict]:
    peak_key = "optimizer.lr" if policy.max_lr is None else "policy.max_lr"
    low = peak / 10 if policy.min_lr is None else policy.min_lr
    if low >= peak:
        message = f"policy.min_lr={low:g} is not below {peak_key}={peak:g}"
        yield Conflict(("policy.min_lr", peak_key), message)
    elif policy.final_lr is not None and policy.final_lr > low:
        message = f"policy.final_lr={policy.final_lr:g} is above policy.min_lr={low:g}"
        yield Conflict(("policy.final_lr", "policy.min_lr"), message)


def _cycle_length(sections: Sections) -> Iterator[Conflict]:
    policy, train = sections.get("policy"), sections.get("train")
    if policy is None or train is None or train.steps is None:
        return
    least = {"onecycle": 3, "torch": 2, "range": 2}.get(policy.name, 1)
    if train.steps < least:
        message = f"train.steps={train.steps} is too short for policy.name={policy.name}, which needs {least}"
        yield Conflict(("train.steps", "policy.name"), message)


def _nesterov(sections: Sections) -> Iterator[Conflict]:
    optimizer = sections.get("optimizer")
    if optimizer is None or optimizer.name != "sgd" or not optimizer.nesterov:
        return
    if optimizer.momentum == 0:
        message = "optimizer.nesterov=true needs a momentum; optimizer.momentum=0"
        yield Conflict(("optimizer.nesterov", "optimizer.momentum"), message)
    if optimizer.momentum_form == "ema":
        message = "optimizer.nesterov=true is defined for momentum_form=torch; optimizer.momentum_form=ema"
        yield Conflict(("optimizer.nesterov", "optimizer.momentum_form"), message)


def _validation(sections: Sections) -> Iterator[Conflict]:
    data, train, sweep = sections.get("data"), sections.get("train"), sections.get("range_test")
    if data is None or data.val_fraction > 0:
        return
    if train is not None and train.stop_at_accuracy is not None:
        message = f"train.stop_at_accuracy={train.stop_at_accuracy:g} needs validation images; data.val_fraction=0"
        yield Conflict(("train.stop_at_accuracy", "data.val_fraction"), message)
    if sweep is not None and sweep.validation:
        message = "range_test.validation=true needs validation images; data.val_fraction=0"
        yield Conflict(("range_test.validation", "data.val_fraction"), message)


def _without_effect(sections: Sections) -> Iterator[Conflict]:
    """Keys of the right arm that another key switches off. At its default such a key says nothing."""
    policy, data, train = sections.get("policy"), sections.get("data"), sections.get("train")
    model, init = sections.get("model"), sections.get("init")
    if policy is not None and policy.name in _MOMENTUM and not policy.cycle_momentum:
        for key in _MOMENTUM[policy.name]:
            yield from _idle(policy, "policy", key, "policy.cycle_momentum=false")
    if data is not None and data.storage == "resident":
        yield from _idle(data, "data", "workers", "data.storage=resident")
    if data is not None and data.val_fraction == 0 and train is not None:
        yield from _idle(train, "train", "validate_every", "data.val_fraction=0")
    if isinstance(model, PluginModel) and init is not None and not init.name.startswith("kaiming"):
        yield from _idle(model, "model", "activation", f"init.name={init.name}")


def _idle(section: Any, name: str, key: str, switch: str) -> Iterator[Conflict]:
    value = getattr(section, key)
    if value != type(section).model_fields[key].default:
        message = f"{name}.{key}={value} has no effect with {switch}"
        yield Conflict((f"{name}.{key}", switch.partition("=")[0]), message, "take one of them out")


_MOMENTUM = {"onecycle": ("momentum_low", "momentum_high"), "torch": ("base_momentum", "max_momentum")}
_CHECKS: tuple[Callable[[Sections], Iterator[Conflict]], ...] = (
    _plugin_names, _train_length, _sweep, _cycle, _cycle_length, _nesterov, _validation,
    _without_effect,
)  # fmt: skip

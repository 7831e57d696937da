"""What no single field can see: values that contradict each other, each named with both places."""

from collections.abc import Callable, Iterator
from typing import Any

from lrlab.config.compare_checks import COMPARE_CHECKS
from lrlab.config.conflict import Conflict, Sections
from lrlab.config.plugins import name_problem
from lrlab.config.policy_checks import MOMENTUM, POLICY_CHECKS
from lrlab.config.sections.plugins import PluginModel


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


def _candidates(sections: Sections) -> Iterator[Conflict]:
    search, data = sections.get("find_min_lr"), sections.get("data")
    if search is None:
        return
    if search.ratios is not None and search.lrs is not None:
        message = "find_min_lr.ratios and find_min_lr.lrs both name the candidates"
        yield Conflict(("find_min_lr.lrs", "find_min_lr.ratios"), message, "keep one of them")
    for key in ("ratios", "lrs"):
        values = getattr(search, key)
        if values is not None and len(set(values)) == 1:
            message = f"find_min_lr.{key}: {values[0]:g} alone leaves nothing to compare"
            yield Conflict((f"find_min_lr.{key}",), message, "name another candidate")
    if search.lrs is not None and search.max_lr is not None and max(search.lrs) > search.max_lr:
        message = f"find_min_lr.lrs holds {max(search.lrs):g}, above find_min_lr.max_lr={search.max_lr:g}"
        yield Conflict(("find_min_lr.lrs", "find_min_lr.max_lr"), message, "a climb begins at or below its end")
    if search.confirm and data is not None and data.val_fraction == 0:
        message = "find_min_lr.confirm=true compares validation metrics; data.val_fraction=0"
        yield Conflict(("find_min_lr.confirm", "data.val_fraction"), message)


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


def _moments(sections: Sections) -> Iterator[Conflict]:
    data = sections.get("data")
    if data is None:
        return
    if (data.mean is None) != (data.std is None):
        given, missing = ("mean", "std") if data.std is None else ("std", "mean")
        message = f"data.{given} is given without data.{missing}"
        yield Conflict((f"data.{given}",), message, f"write data.{missing} too, or leave both out")
    elif data.mean is not None and data.normalize != "auto":
        message = f"data.normalize={data.normalize}, and data.mean and data.std are given"
        yield Conflict(("data.normalize", "data.mean"), message, "keep one of them")
    elif data.mean is not None and len(data.mean) != len(data.std):
        message = f"data.mean has {len(data.mean)} values, data.std {len(data.std)}: one per channel is needed"
        yield Conflict(("data.mean", "data.std"), message)


def _early_stop(sections: Sections) -> Iterator[Conflict]:
    data, train = sections.get("data"), sections.get("train")
    if train is None:
        return
    early = train.early_stop
    if early.patience is None and early.min_delta > 0:
        message = f"train.early_stop.min_delta={early.min_delta:g} does nothing without train.early_stop.patience"
        hint = "set train.early_stop.patience to a number of validations"
        yield Conflict(("train.early_stop.min_delta", "train.early_stop.patience"), message, hint)
    if early.patience is not None and data is not None and data.val_fraction == 0:
        message = f"train.early_stop.patience={early.patience} needs validation images; data.val_fraction=0"
        yield Conflict(("train.early_stop.patience", "data.val_fraction"), message)


def _label_smoothing(sections: Sections) -> Iterator[Conflict]:
    train = sections.get("train")
    if train is not None and train.label_smoothing > 0 and train.loss != "cross_entropy":
        message = f"train.label_smoothing={train.label_smoothing:g} is cross-entropy's; train.loss={train.loss}"
        yield Conflict(("train.label_smoothing", "train.loss"), message, "take one of them out")


def _precision(sections: Sections) -> Iterator[Conflict]:
    train = sections.get("train")
    if train is not None and train.precision == "fp16" and train.device == "cpu":
        message = "train.precision=fp16 needs CUDA, and train.device=cpu; on a CPU fp16 is 90 times slower than bf16"
        yield Conflict(("train.precision", "train.device"), message, "use train.precision=bf16 or fp32")


def _without_effect(sections: Sections) -> Iterator[Conflict]:
    """Keys of the right arm that another key switches off. At its default such a key says nothing."""
    policy, data, train = sections.get("policy"), sections.get("data"), sections.get("train")
    model, init = sections.get("model"), sections.get("init")
    if policy is not None and policy.name in MOMENTUM and not policy.cycle_momentum:
        for key in MOMENTUM[policy.name]:
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


_CHECKS: tuple[Callable[[Sections], Iterator[Conflict]], ...] = (
    _plugin_names, _train_length, _sweep, _candidates, *POLICY_CHECKS, _nesterov, _validation, _moments, _early_stop,
    _precision, _label_smoothing, _without_effect, *COMPARE_CHECKS,
)  # fmt: skip

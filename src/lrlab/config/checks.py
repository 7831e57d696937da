"""What no single field can see: values that contradict each other, each named with both places."""

from collections.abc import Callable, Iterator

from lrlab.config.conflict import Conflict, Sections
from lrlab.config.policy_checks import POLICY_CHECKS


def find_conflicts(sections: Sections) -> list[Conflict]:
    """Every contradiction among the sections that are valid by themselves."""
    return [conflict for check in _CHECKS for conflict in check(sections)]


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


_CHECKS: tuple[Callable[[Sections], Iterator[Conflict]], ...] = (
    _train_length, _sweep, *POLICY_CHECKS, _nesterov, _validation,
)  # fmt: skip

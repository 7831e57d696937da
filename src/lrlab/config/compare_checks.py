"""Contradictions within a comparison, and between it and what is compared."""

from collections.abc import Callable, Iterator
from typing import Any

from lrlab.config.conflict import Conflict, Sections


def _twice(sections: Sections) -> Iterator[Conflict]:
    compare = sections.get("compare_policy")
    for key in ("policies", "lrs", "lr_ratios", "budgets", "ablations") if compare is not None else ():
        given: tuple[Any, ...] = getattr(compare, key) or ()
        for item in dict.fromkeys(item for item in given if given.count(item) > 1):
            yield Conflict((f"compare_policy.{key}",), f"compare_policy.{key} names {item} twice", "name it once")


def _nothing_to_compare(sections: Sections) -> Iterator[Conflict]:
    compare = sections.get("compare_policy")
    if compare is not None and len(compare.policies) == 1 and not compare.ablations:
        message = f"compare_policy.policies names {compare.policies[0]} alone: there is nothing to compare it with"
        yield Conflict(("compare_policy.policies",), message, "name two, or ask for an ablation")


def _two_grids(sections: Sections) -> Iterator[Conflict]:
    compare = sections.get("compare_policy")
    if compare is None or compare.lrs is None:
        return
    if compare.lr_ratios != type(compare).model_fields["lr_ratios"].default:
        message = "compare_policy.lr_ratios has no effect with compare_policy.lrs"
        yield Conflict(("compare_policy.lr_ratios", "compare_policy.lrs"), message, "take one of them out")


def _momentum(sections: Sections) -> Iterator[Conflict]:
    """The momentum ablation is about the two forms of SGD's momentum."""
    compare, optimizer = sections.get("compare_policy"), sections.get("optimizer")
    if compare is None or optimizer is None or "momentum" not in compare.ablations:
        return
    ask = "the momentum ablation compares the forms of SGD's momentum; "
    if optimizer.name != "sgd":
        yield Conflict(("compare_policy.ablations", "optimizer.name"), f"{ask}optimizer.name={optimizer.name}")
    elif optimizer.momentum == 0:
        yield Conflict(("compare_policy.ablations", "optimizer.momentum"), f"{ask}optimizer.momentum=0")
    elif optimizer.nesterov:
        yield Conflict(("compare_policy.ablations", "optimizer.nesterov"), f"{ask}optimizer.nesterov=true has but one")


COMPARE_CHECKS: tuple[Callable[[Sections], Iterator[Conflict]], ...] = (
    _twice, _nothing_to_compare, _two_grids, _momentum,
)  # fmt: skip

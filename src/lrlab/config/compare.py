"""How two configs differ, and which differences a training may be continued across."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SAME_RESULT = frozenset({
    "name", "data.download", "data.workers", "data.storage", "train.log_every",
    "train.checkpoint.every", "train.checkpoint.keep", "train.checkpoint.snapshots",
})  # fmt: skip
"""Keys that change how a run goes and nothing of what it finds."""
SAME_BUT_FOR_ROUNDING = frozenset({"train.device", "train.threads", "train.compile"})
"""Keys that change what it finds in the last bits."""
QUESTIONS = ("range_test", "find_min_lr", "tune", "compare_policy")
"""Sections that say what an experiment asks, not what a trial of it does: one for each experiment."""
_LENGTH = frozenset({"train.epochs", "train.steps"})


@dataclass(frozen=True, slots=True)
class Change:
    """A dotted key whose value was `old` and is `new`."""

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key} was {_shown(self.old)}, is {_shown(self.new)}"


def of_a_trial(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a resolved config without what does not change a trial, so must not change its id."""
    kept = {key: value for key, value in config.items() if key not in (*QUESTIONS, "name")}
    if "train" in kept:
        kept["train"] = {key: value for key, value in kept["train"].items() if key != "seeds"}
    return kept


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every leaf that differs, in the order of `new`; one that is missing counts as None."""
    before, after = dict(leaves(old)), dict(leaves(new))
    keys = [*after, *(key for key in before if key not in after)]
    return [Change(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def refusal(found: Sequence[Change]) -> str:
    """Why a training cannot be continued across these changes, as a sentence; empty when it can."""
    hard = [change for change in found if change.key not in SAME_RESULT | SAME_BUT_FOR_ROUNDING]
    if not hard:
        return ""
    reason = "; ".join(map(str, hard))
    if any(change.key in _LENGTH for change in hard):
        reason += " (a policy depends on the number of steps from the first one on: a longer training is another one)"
    return reason


def rounding(found: Sequence[Change]) -> str:
    """Which of these changes cost bitwise equality; empty when none does."""
    return "; ".join(str(change) for change in found if change.key in SAME_BUT_FOR_ROUNDING)


def essential(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`config` without the keys that change nothing but rounding; what names a trial."""
    return {
        key: essential(value, f"{prefix}{key}.") if isinstance(value, Mapping) else value
        for key, value in config.items()
        if prefix + key not in SAME_RESULT | SAME_BUT_FOR_ROUNDING
    }


def leaves(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything that is no section."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

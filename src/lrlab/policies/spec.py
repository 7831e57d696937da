"""Policies as plain data, for checkpoints, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from lrlab.policies.base import Policy
from lrlab.policies.climb import Climb
from lrlab.policies.constant import Constant
from lrlab.policies.cosine_restarts import CosineRestarts
from lrlab.policies.decay import Cosine, Exponential, Linear, Polynomial
from lrlab.policies.onecycle import OneCycle
from lrlab.policies.range import Range
from lrlab.policies.step import Step
from lrlab.policies.torch_onecycle import TorchOneCycle
from lrlab.policies.triangular import Triangular
from lrlab.policies.warmup import Warmup
from lrlab.policies.wsd import StableDecay

_OURS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Climb, Constant, Cosine, CosineRestarts, Exponential, Linear, OneCycle, Polynomial, Range, StableDecay, Step,
        TorchOneCycle, Triangular, Warmup,
    )
}  # fmt: skip


def to_spec(policy: Policy) -> dict[str, Any]:
    """The policy as JSON can hold it: the name of its class and its fields. Equal policies have equal specs.

    A policy of your own that is a dataclass of numbers and texts has one too; of any other only name and total are
    known.
    """
    spec: dict[str, Any] = {"kind": type(policy).__name__}
    if not is_dataclass(policy):
        return {**spec, "total": policy.total}
    return spec | {field.name: _plain(getattr(policy, field.name)) for field in fields(policy)}


def from_spec(spec: Mapping[str, Any]) -> Policy:
    """The policy that `to_spec` described, also after a trip through JSON.

    Raises:
        ValueError: it is none of lrlab's, or its values do not make a policy.
    """
    values = dict(spec)
    name = values.pop("kind", None)
    if not isinstance(name, str) or name not in _OURS:
        raise ValueError(f"{name!r} is not one of lrlab's policies: {', '.join(_OURS)}")
    unknown = values.keys() - {field.name for field in fields(_OURS[name])}
    if unknown:
        raise ValueError(f"{name} has no {', '.join(sorted(unknown))}")
    policy: Policy = _OURS[name](**{key: _live(value) for key, value in values.items()})
    return policy


def differences(saved: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """What differs between two specs, each as `total=100, not 200`."""
    found = []
    for key in sorted(saved.keys() | own.keys()):
        before, now = saved.get(key), own.get(key)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            found += differences(before, now)
        elif before != now:
            found.append(f"{key}={before}, not {now}")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return to_spec(value) if is_dataclass(value) or hasattr(value, "knots") else value


def _live(value: Any) -> Any:
    if isinstance(value, Mapping):
        return from_spec(value)
    return tuple(value) if isinstance(value, list) else value

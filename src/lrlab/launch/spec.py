"""A trial as data: what to do, and what came of it. JSON both ways, no torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lrlab.config.compare import essential
from lrlab.config.plugins import identity

_CLIMB = ("climb", "target", "cap")

Status = Literal["completed", "diverged", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class TrialSpec:
    """Everything that decides what a trial does.

    Attributes:
        experiment: the question it belongs to, for example `range-test`.
        seed: decides initial weights, data order, augmentation and dropout.
        config: the resolved config with this trial's own values in it (policy, steps); for a live model just the
            sections `policy` and `train`.
        sweep: True for a range test's trial: no evaluation, no checkpoints, every loss kept, weights thrown away.
        stop_on_rise: whether the divergence rule ends it (a sweep's).
        measures: what a sweep keeps beside lr and loss: `val_loss` (of one validation mini-batch after each update),
            `accuracy`, `grad_norm`; and once `critical_lr`, before the first update, and `epoch`, updates in one.
        climb: the sweep is a climb to max-lr, which ends by the rule of `analysis.climb`, not the divergence rule.
        target: smoothed loss at which a climb has done enough; None: it goes on.
        cap: updates after which a climb is broken off; None: at the end of its policy.
        label: what the user knows it by beside its seed, where an experiment has trials of more than one kind; decides
            nothing.
    """

    experiment: str
    seed: int
    config: Mapping[str, Any]
    sweep: bool = False
    stop_on_rise: bool = False
    measures: tuple[str, ...] = ()
    climb: bool = False
    target: float | None = None
    cap: int | None = None
    label: str = ""

    @property
    def id(self) -> str:
        """`seed-0-` and eight hex digits of a hash of what the trial does; where and how it runs is left out."""
        decisive = {**self._fields(), "config": essential(identity(self.config))}
        decisive.pop("label", None)
        canonical = json.dumps(decisive, sort_keys=True, separators=(",", ":"), default=str)
        return f"seed-{self.seed}-{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` is its inverse."""
        return {**self._fields(), "measures": list(self.measures), "id": self.id}

    def _fields(self) -> dict[str, Any]:
        """All fields; those of a climb only in one, so that the ids of other trials stay what they were."""
        return {k: v for k, v in asdict(self).items() if k not in _CLIMB or (v is not None and v is not False)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TrialSpec":
        """Build a spec from what `to_json` gave."""
        values = {key: value for key, value in data.items() if key != "id"}
        return cls(**{**values, "measures": tuple(values["measures"])})


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial found.

    Attributes:
        status: `completed` covers every orderly end but divergence of a training; `failed` has neither metrics
            nor series, and a sentence in `notes`.
        reason: why the loop ended, a `StopReason`; of a failed trial what befell it: raised, timeout, lost.
        steps: updates done.
        metrics: final numbers, for example `test_accuracy`.
        series: curves by name, for a sweep `lr`, `loss` and its spec's measures.
        seconds, cpu_seconds: wall-clock and process time of the trial.
        notes: sentences for the user.
        lost: what could not be written to disk, as sentences; with any of them the run is degraded.
        val_size, test_size: images that `val_accuracy` and `test_accuracy` are shares of; 0 without such a split.
    """

    id: str
    seed: int
    status: Status
    reason: str
    steps: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    val_size: int = 0
    test_size: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain data. The writers of `runs` turn a non-finite float into the word `nan`, `inf` or `-inf`."""
        return {**asdict(self), "notes": list(self.notes), "lost": list(self.lost)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TrialResult":
        """Build a result from what `to_json` gave, before or after a trip through a file."""
        values = dict(data)
        values["series"] = {name: [float(v) for v in curve] for name, curve in data["series"].items()}
        values["metrics"] = {name: float(value) for name, value in data["metrics"].items()}
        values["notes"], values["lost"] = tuple(data["notes"]), tuple(data.get("lost", ()))
        return cls(**values)

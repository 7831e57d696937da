"""What a run's journal knows: which trials were proposed in which round, and what came of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lrlab.launch.spec import TrialResult, TrialSpec

if TYPE_CHECKING:
    from lrlab.launch.experiment import Experiment


@dataclass
class History:
    """Trials of earlier sittings.

    Attributes:
        proposed: trial ids per round, the rounds counted from 0.
        done: results by trial id. A failed trial is not among them: asked again, it runs again.
    """

    proposed: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    done: dict[str, TrialResult] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> "History":
        """The history that a journal's events tell."""
        history = cls()
        for event in events:
            if event["event"] == "proposed":
                history.proposed[event["round"]].add(event["spec"]["id"])
            elif event["event"] == "done":
                result = TrialResult.from_json(event["result"])
                if result.status != "failed":
                    history.done[result.id] = result
        return history

    def replay(self, experiment: "Experiment") -> "Remaining":
        """Ask the experiment again what it was asked before, as far as results go."""
        results: list[TrialResult] = []
        dropped: set[str] = set()
        asked = 0
        while specs := experiment.propose(results):
            dropped |= self.proposed[asked] - {spec.id for spec in specs}
            asked += 1
            missing = [spec for spec in specs if spec.id not in self.done]
            if missing:  # later rounds hang on results that are not there yet
                return Remaining(missing, len(results) + len(specs) - len(missing), dropped)
            results += [self.done[spec.id] for spec in specs]
        later = [ids for round_, ids in self.proposed.items() if round_ >= asked]
        return Remaining([], len(results), dropped.union(*later))


@dataclass(frozen=True)
class Remaining:
    """What an experiment still needs.

    Attributes:
        missing: trials without a result, in the order proposed.
        kept: how many have one.
        dropped: ids of trials that were proposed once and are no more.
    """

    missing: Sequence[TrialSpec]
    kept: int
    dropped: set[str]

"""Drive trials: ask, run, ask again. Planning, journal, retries and resume are here; executors only run."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import TYPE_CHECKING

from lrlab.launch.executor import Ended, Executor, Failure, TrialError
from lrlab.launch.history import History
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.runs.journal import Journal

if TYPE_CHECKING:
    from lrlab.launch.experiment import Experiment, Finding


class Watch:
    """Hears how far the trials are; this one says nothing of it."""

    def begin(self, specs: Sequence[TrialSpec]) -> None:
        """These are run next; a round."""

    def ended(self, result: TrialResult) -> None:
        """A trial has its result."""

    def failed(self, spec: TrialSpec, failure: Failure, attempt: int, again: bool) -> None:
        """An attempt failed; `again` says whether there is another."""

    def finish(self) -> None:
        """The round is over, in whatever way."""


class TrialsStoppedError(Exception):
    """The user asked to stop, and every trial under way has.

    Attributes:
        saved: trials that stopped in an orderly way, with what they had.
        lost: trials that had to be broken off.
        done: how many have their result.
    """

    def __init__(self, saved: Sequence[tuple[TrialSpec, TrialResult]], lost: Sequence[TrialSpec], done: int) -> None:
        super().__init__(f"stopped with {done} trials done")
        self.saved, self.lost, self.done = tuple(saved), tuple(lost), done


@dataclass
class Driver:
    """Answers one experiment's question.

    Results may arrive in any order; `propose` and `conclude` see them in the order proposed, so the answer does
    not depend on how many trials run at once. A failed attempt is tried again with the same spec, up to `retries`
    times; then the trial is `failed` and the others go on. A user's mistake is never tried again: it ends the run.

    Attributes:
        journal: with one, every result is on disk before the next is taken, and one that is there is not run again.
        fail_fast: the first trial that failed for good ends the run, with its own exception where there is one.
        stop_asked: whether the user has asked to stop; nothing more is begun then.
    """

    experiment: "Experiment"
    executor: Executor
    journal: Journal | None = None
    retries: int = 0
    fail_fast: bool = False
    stop_asked: Callable[[], bool] = lambda: False
    watch: Watch = field(default_factory=Watch)

    def run(self) -> tuple["Finding", list[TrialResult]]:
        """The answer, and the trials it rests on.

        Raises:
            TrialsStoppedError: the user asked to stop.
            TrialError: every trial so far has failed, or one has and `fail_fast` is set.
            LrlabError: a trial met a mistake of the user's.
        """
        self._history = History.of(self.journal.read() if self.journal else [])
        self._known = dict(self._history.done)
        self._attempts: Counter[str] = Counter()
        results: list[TrialResult] = []
        asked = 0
        while specs := self.experiment.propose(results):
            self._note_proposed(asked, specs)
            self._round(specs)
            results += [self._known[spec.id] for spec in specs]
            if all(result.status == "failed" for result in results):
                raise self._all_failed(results) from self._last_failure.error
            asked += 1
        return self.experiment.conclude(results), results

    def _round(self, specs: Sequence[TrialSpec]) -> None:
        """Run what has no result yet."""
        waiting = deque({spec.id: spec for spec in specs if spec.id not in self._known}.values())
        running: set[str] = set()
        self._saved: list[tuple[TrialSpec, TrialResult]] = []
        self._lost: list[TrialSpec] = []
        self.watch.begin(tuple(waiting))
        try:
            while running or (waiting and not self.stop_asked()):
                while waiting and len(running) < self.executor.slots and not self.stop_asked():
                    running.add(waiting[0].id)
                    self.executor.submit(waiting.popleft())
                for ended in self.executor.completed() if running else ():
                    running.discard(ended.spec.id)
                    if not self._has_result(ended):
                        waiting.appendleft(ended.spec)
        finally:
            self.watch.finish()
        if waiting:
            raise TrialsStoppedError(self._saved, self._lost, len(self._known))

    def _has_result(self, ended: Ended) -> bool:
        """Whether that was the trial's last attempt."""
        outcome = ended.outcome
        if isinstance(outcome, TrialResult) and outcome.status != "interrupted":
            return self._keep(outcome)
        if self.stop_asked():
            if isinstance(outcome, TrialResult):
                self._saved.append((ended.spec, outcome))
            else:
                self._lost.append(ended.spec)
            return False
        if isinstance(outcome, TrialResult):
            outcome = Failure.without_error("lost", "its process was asked to stop, though the run was not")
        return self._failed(ended.spec, outcome)

    def _failed(self, spec: TrialSpec, failure: Failure) -> bool:
        self._attempts[spec.id] += 1
        attempt = self._attempts[spec.id]
        if failure.users:
            raise failure.exception()
        again = attempt <= self.retries
        self._note({"event": "failed", "id": spec.id, "attempt": attempt, "failure": failure.to_json()})
        self.watch.failed(spec, failure, attempt, again)
        if self.fail_fast and not again:
            raise failure.exception()
        if failure.error is not None:  # its frames hold the trial's tensors, and what comes next needs the memory
            clear_frames(failure.error.__traceback__)
        if again:
            return False
        self._last_failure = failure
        result = TrialResult(spec.id, spec.seed, "failed", failure.kind, 0, notes=(failure.message,))
        return self._keep(result)

    def _keep(self, result: TrialResult) -> bool:
        self._note({"event": "done", "result": result.to_json()})
        self._known[result.id] = result
        self.watch.ended(result)
        return True

    def _all_failed(self, results: Sequence[TrialResult]) -> TrialError:
        failure, count = self._last_failure, len(results)
        which = "the trial failed" if count == 1 else f"all {count} trials failed, the last"
        text = f"\n{failure.traceback}" if failure.traceback and failure.exit_code == 1 else ""
        return TrialError(f"{which}: {failure.message}{text}", exit_code=failure.exit_code, hint=failure.hint)

    def _note_proposed(self, asked: int, specs: Sequence[TrialSpec]) -> None:
        new = {spec.id: spec for spec in specs if spec.id not in self._history.proposed[asked]}
        self._note(*({"event": "proposed", "round": asked, "spec": spec.to_json()} for spec in new.values()))

    def _note(self, *events: dict[str, object]) -> None:
        if self.journal is not None and events:
            self.journal.append(*events)

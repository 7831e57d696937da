"""One trial after the other, in this process."""

from collections.abc import Callable, Sequence

from lrlab.launch.executor import Ended, Failure
from lrlab.launch.spec import TrialResult, TrialSpec


class Serial:
    """Runs a submitted trial when it is asked what has completed.

    KeyboardInterrupt and SystemExit pass through.
    """

    slots = 1

    def __init__(self, run: Callable[[TrialSpec], TrialResult]) -> None:
        self._run = run
        self._spec: TrialSpec | None = None

    def submit(self, spec: TrialSpec) -> None:
        """Keep it for `completed`."""
        assert self._spec is None, "one trial at a time"
        self._spec = spec

    def completed(self) -> Sequence[Ended]:
        """Run the submitted trial."""
        spec, self._spec = self._spec, None
        assert spec is not None, "nothing was submitted"
        try:
            return [Ended(spec, self._run(spec))]
        except Exception as error:
            return [Ended(spec, Failure.of(error))]

    def close(self) -> None:
        """Nothing is held."""
        self._spec = None

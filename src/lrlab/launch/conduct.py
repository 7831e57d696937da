"""Choose who runs the trials, listen for signals, and drive."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lrlab.config.sections.train import TrainConfig
from lrlab.engine.interrupt import StopRequest
from lrlab.errors import InterruptedRunError
from lrlab.launch.driver import Driver, TrialsStoppedError
from lrlab.launch.executor import Executor
from lrlab.launch.experiment import Experiment, Finding
from lrlab.launch.pool import Limits, Pool
from lrlab.launch.progress import Console, Overview, trial_label
from lrlab.launch.run_trial import TrialRunner
from lrlab.launch.serial import Serial
from lrlab.launch.slots import environments
from lrlab.launch.spec import TrialResult
from lrlab.launch.worker import WorkInFolder
from lrlab.runs.folder import RunFolder


@dataclass(frozen=True)
class RunOptions:
    """How to run, as opposed to what. None of it changes a number.

    Attributes:
        root: where run folders are made.
        resume: None starts a new run; `auto` continues the newest unfinished one of the same config; else a name.
        argv: the command line, for the record.
        quiet: no progress.
        jobs: trials at once; from 2 on in processes of their own.
        timeout: seconds a trial may take; None: as long as it wants. With one, trials run in processes of their own
            also one at a time, since only a process can be broken off.
        retries: how often a trial that failed is tried again.
        fail_fast: the first trial that failed for good ends the run.
        grace: seconds that a step and its checkpoint may take after the first signal.
        strict_resume: refuse to go on from less than the newest checkpoint, or where bits may differ.
    """

    root: Path = Path("runs")
    resume: str | None = None
    argv: Sequence[str] = ()
    quiet: bool = False
    jobs: int = 1
    timeout: float | None = None
    retries: int = 1
    fail_fast: bool = False
    grace: float = 20.0
    strict_resume: bool = False

    @property
    def pooled(self) -> bool:
        """Whether trials run in processes of their own."""
        return self.jobs > 1 or self.timeout is not None


def conduct(
    experiment: Experiment, folder: RunFolder, train: TrainConfig, options: RunOptions, console: Console
) -> tuple[Finding, list[TrialResult]]:
    """The answer and its trials; `console` is an `Overview` where the trials run in processes of their own.

    Raises:
        InterruptedRunError: a signal asked to stop; says what is saved and how to go on.
        LrlabError: see `Driver.run`.
    """

    def asked(name: str) -> None:
        console.warn(f"{name}: finishing this step and saving; once more stops at once")

    with StopRequest(asked, grace=None if options.pooled else options.grace) as request:
        executor = _executor(folder, train, options, console, request)
        driver = Driver(
            experiment,
            executor,
            folder.journal,
            retries=options.retries,
            fail_fast=options.fail_fast,
            stop_asked=request,
            watch=console,
        )
        try:
            return driver.run()
        except TrialsStoppedError as stopped:
            raise _interrupted(experiment, folder, request, _what_is_kept(stopped)) from None
        except KeyboardInterrupt:
            raise _interrupted(experiment, folder, request, "at once; the last checkpoints are kept") from None
        finally:
            executor.close()


def _executor(
    folder: RunFolder, train: TrainConfig, options: RunOptions, console: Console, request: StopRequest
) -> Executor:
    if not isinstance(console, Overview):
        return Serial(TrialRunner(folder, console, request, strict=options.strict_resume))
    return Pool(
        options.jobs,
        WorkInFolder(folder.path, options.strict_resume),
        environments=environments(train.device, train.threads, torch.cuda.device_count()),
        limits=Limits(options.timeout, options.grace),
        stop_asked=request,
        watch=console,
    )


def _interrupted(experiment: Experiment, folder: RunFolder, request: StopRequest, kept: str) -> InterruptedRunError:
    return InterruptedRunError(
        f"stopped by {request.signal.name if request.signal else 'Ctrl-C'}: {kept}",
        terminated=request.terminated,
        hint=f"continue with: lrlab {experiment.name} --resume {folder.path.name}",
    )


def _what_is_kept(stopped: TrialsStoppedError) -> str:
    """For example `2 trials done; seed 3 saved at step 40`."""
    parts = [f"{stopped.done} trials done"] if stopped.done else []
    for spec, result in stopped.saved:
        kept = "starts over" if spec.sweep else "; ".join(result.notes) or f"stopped at step {result.steps}"
        parts.append(f"{trial_label(spec)} {kept}")
    parts += [f"{trial_label(spec)} broken off, its last checkpoint is kept" for spec in stopped.lost]
    return "; ".join(parts) or "nothing had begun"

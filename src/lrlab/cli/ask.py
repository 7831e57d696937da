"""What every experiment command does: load, plan or run, report, and leave with the right exit code."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from lrlab.cli.inputs import (
    DEFAULT_OUT,
    Arguments,
    AsJson,
    Device,
    DryRun,
    FailFast,
    Grace,
    Imports,
    Jobs,
    Out,
    Quiet,
    Resume,
    Retries,
    Seeds,
    Timeout,
    Verbose,
    announce,
    describe,
    load,
    places,
    print_json,
    recorded_answer,
    run_options,
)
from lrlab.cli.plan_text import print_plan
from lrlab.errors import ExitCode

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.launch.experiment import Experiment
    from lrlab.launch.session import RunOptions

Flag = tuple[str, str, Any]
"""Text of an option, the config key it sets, and its value; None where it was not given."""
TUNED = "tuned.yaml"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options that all experiment commands have."""

    arguments: Arguments = None
    seeds: Seeds = None
    device: Device = None
    jobs: Jobs = 1
    timeout: Timeout = None
    retries: Retries = 1
    fail_fast: FailFast = False
    grace: Grace = 20.0
    imports: Imports = None
    out: Out = DEFAULT_OUT
    resume: Resume = None
    dry_run: DryRun = False
    as_json: AsJson = False
    quiet: Quiet = False
    verbose: Verbose = False

    def options(self, *, strict: bool) -> "RunOptions":
        """How to run."""
        return run_options(
            self.out,
            self.resume,
            self.quiet,
            strict=strict,
            jobs=self.jobs,
            timeout=self.timeout,
            retries=self.retries,
            fail_fast=self.fail_fast,
            grace=self.grace,
        )


@dataclass(frozen=True)
class Question:
    """What one experiment command has of its own. What it calls is imported then: a mistake in a config needs no torch.

    Attributes:
        experiment: a resolved config -> the experiment.
        report: (run folder, finding, what is trained) -> the files it wrote.
        show: (finding, run folder, those files, the tuned copy) -> prints the answer.
        answered: whether a finding holds an answer; without one the exit code is 4.
        found: a finding -> the max-lr and min-lr for a tuned copy of the config, or None without them; None for
            a command that writes none.
    """

    experiment: Callable[[Mapping[str, Any]], "Experiment"]
    report: Callable[[Path, Any, str], list[Path]]
    show: Callable[[Any, Path, Sequence[Path], Path | None], None]
    answered: Callable[[Any], bool]
    found: Callable[[Any], tuple[float, float | None] | None] | None = None


def with_common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Turn `command(..., asked)` into one that typer sees with `Asked`'s options after its own."""
    own = [p for p in inspect.signature(command).parameters.values() if p.name != "asked"]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    common = [inspect.Parameter(f.name, kind, default=f.default, annotation=f.type) for f in fields(Asked)]
    first, *others = common  # the argument comes before all options
    names = {parameter.name for parameter in common}

    @wraps(command)
    def seen(**given: Any) -> None:
        asked = Asked(**{name: value for name, value in given.items() if name in names})
        command(**{name: value for name, value in given.items() if name not in names}, asked=asked)

    parameters = [first, *own, *others]
    seen.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    seen.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return seen


def ask(question: Question, asked: Asked, flags: Sequence[Flag], *, strict: bool = False, apply: bool = False) -> None:
    """Answer the question, or print the plan.

    Args:
        flags: the command's own; `--device` is added.
        strict: `--strict-resume`.
        apply: write the tuned copy.

    Raises:
        typer.Exit: 4 without an answer, 5 where a checkpoint was lost.
        LrlabError: what went wrong.
    """
    flags = [*flags, ("--device", "train.device", asked.device)]
    loaded = load(asked.arguments or [], flags, resume=asked.resume, root=asked.out, imports=asked.imports)
    announce(loaded, verbose=asked.verbose)
    experiment = question.experiment(loaded.config.model_dump(mode="json"))
    options = asked.options(strict=strict)
    if asked.dry_run:
        return print_plan(experiment, loaded, options, as_json=asked.as_json)
    from lrlab.launch.session import FinishedRunError, execute

    try:
        outcome = execute(experiment, loaded, options)
    except FinishedRunError as finished:
        if asked.as_json:
            copy = finished.path / TUNED
            print_json(recorded_answer(finished.path) | _tuned_json(question, copy if copy.exists() else None))
        raise
    finding, folder = outcome.finding, outcome.folder
    plots = question.report(folder, finding, describe(loaded))
    tuned = _tuned(question, loaded, finding, folder) if apply else None
    if asked.as_json:
        answer = {"experiment": experiment.name, "headline": finding.headline, **finding.to_json()}
        print_json(answer | places(folder, plots) | _tuned_json(question, tuned))
    else:
        question.show(finding, folder, plots, tuned)
    if not question.answered(finding):
        raise typer.Exit(ExitCode.NO_ANSWER)
    for sentence in outcome.lost_checkpoints:
        typer.echo(f"degraded: {sentence}", err=True)
    if outcome.lost_checkpoints:
        raise typer.Exit(ExitCode.RESOURCE)


def _tuned(question: Question, loaded: "LoadedConfig", finding: Any, folder: Path) -> Path | None:
    """Write the tuned copy of the config; None when there is nothing to write."""
    from lrlab.launch.tuned import write_tuned

    lrs = question.found(finding) if question.found is not None else None
    return None if lrs is None else write_tuned(loaded, lrs[0], folder / TUNED, min_lr=lrs[1])


def _tuned_json(question: Question, path: Path | None) -> dict[str, str | None]:
    return {} if question.found is None else {"tuned": str(path) if path is not None else None}

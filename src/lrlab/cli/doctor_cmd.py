"""`lrlab doctor`."""

import typer

from lrlab.cli.inputs import DEFAULT_OUT, AsJson, Out, print_json
from lrlab.errors import ExitCode


def doctor_command(out: Out = DEFAULT_OUT, as_json: AsJson = False) -> None:
    """Is everything here that lrlab needs, and is bf16 any faster? Takes some seconds, leaves nothing behind."""
    from lrlab.cli.doctor.diagnosis import diagnose

    diagnosis = diagnose(out)
    if as_json:
        print_json(diagnosis.to_json())
    else:
        width = max(len(check.topic) for check in diagnosis.checks)
        for check in diagnosis.checks:
            typer.echo(f"{check.level:7}  {check.topic:{width}}  {check.found}")
            if check.advice:
                typer.echo(f"{'':7}  {'':{width}}  -> {check.advice}")
    if not diagnosis.usable:
        raise typer.Exit(ExitCode.RESOURCE)

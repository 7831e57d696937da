"""`lrlab`: the commands, and how every failure becomes a sentence and an exit code."""

import signal
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from lrlab.cli.compare_policy_cmd import compare_policy_command
from lrlab.cli.completion.protocol import complete, completing
from lrlab.cli.config_cmds import config_app, validate_command
from lrlab.cli.configs_cmds import configs_app
from lrlab.cli.data_cmds import data_app
from lrlab.cli.doctor_cmd import doctor_command
from lrlab.cli.find_min_lr_cmd import find_min_lr_command
from lrlab.cli.init_cmds import init_app
from lrlab.cli.models_cmds import models_app
from lrlab.cli.pipes import guard_pipes
from lrlab.cli.policy_cmds import policy_app
from lrlab.cli.range_test_cmd import range_test_command
from lrlab.cli.runs_cmds import board_command, runs_app
from lrlab.cli.train_cmd import train_command
from lrlab.cli.tune_cmd import tune_command
from lrlab.errors import ExitCode, InterruptedRunError, LrlabError

app = typer.Typer(
    name="lrlab",
    help="A learning-rate laboratory for PyTorch: how large may the lr be, and how good does the training get?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
EXPERIMENTS, LOOK = "Experiments", "Look and check"
app.command("range-test", rich_help_panel=EXPERIMENTS)(range_test_command)
app.command("find-min-lr", rich_help_panel=EXPERIMENTS)(find_min_lr_command)
app.command("train", rich_help_panel=EXPERIMENTS)(train_command)
app.command("compare-policy", rich_help_panel=EXPERIMENTS)(compare_policy_command)
app.command("tune", rich_help_panel=EXPERIMENTS)(tune_command)
app.command("validate", rich_help_panel=LOOK)(validate_command)
app.command("board", rich_help_panel=LOOK)(board_command)
app.command("doctor", rich_help_panel=LOOK)(doctor_command)
app.add_typer(runs_app, name="runs", help="List runs and look at one.", rich_help_panel=LOOK)
app.add_typer(config_app, name="config", help="What a config resolves to, and what one may hold.", rich_help_panel=LOOK)
app.add_typer(
    configs_app, name="configs", help="Configs that come with lrlab: list, print, copy.", rich_help_panel=LOOK
)
app.add_typer(data_app, name="data", help="Data sets: list, download, verify, show.", rich_help_panel=LOOK)
app.add_typer(models_app, name="models", help="Models: list, and show layers, sizes and costs.", rich_help_panel=LOOK)
app.add_typer(init_app, name="init", help="Schemes for initial weights: list.", rich_help_panel=LOOK)
app.add_typer(policy_app, name="policy", help="Policies: list and draw.", rich_help_panel=LOOK)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"lrlab {version('lrlab')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Leaves with an exit code of `ExitCode`; a user's mistake never shows a traceback."""
    guard_pipes()
    if completing():
        complete(partial(app, prog_name="lrlab"))
    try:
        app(args=with_resume_value(sys.argv[1:] if arguments is None else arguments), prog_name="lrlab")
    except LrlabError as error:
        if isinstance(error, InterruptedRunError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is saved; a second Ctrl-C changes nothing any more
        sys.stderr.write(describe(error))
        if error.exit_code == ExitCode.BUG:
            sys.stderr.write(_whose_bug(error.__cause__ or error))
        sys.exit(error.exit_code)
    except Exception as error:
        traceback.print_exc()
        sys.stderr.write(_whose_bug(error))
        sys.exit(ExitCode.BUG)


def _whose_bug(error: BaseException) -> str:
    return f"\nthis is a bug in {_culprit(error)}; the lines above say where\n"


def _culprit(error: BaseException) -> str:
    """lrlab, unless the error comes out of a plugin's code."""
    if "lrlab.launch.plugin_import" not in sys.modules:
        return "lrlab"
    from lrlab.launch.plugin_import import blamed

    where = blamed(error)
    return f"your own code ({where})" if where else "lrlab"


def describe(error: LrlabError) -> str:
    """The error as the user sees it: what is wrong, then what to do."""
    lead = "" if error.exit_code == ExitCode.OK else "error: "
    hint = f"  hint: {error.hint}\n" if error.hint else ""
    return f"{lead}{error.message}\n{hint}"


def with_resume_value(arguments: Sequence[str]) -> list[str]:
    """Give a bare `--resume` its value `auto`; a config file, an override or an option after it is not a run's name."""
    filled: list[str] = []
    for position, argument in enumerate(arguments):
        filled.append(argument)
        if argument == "--resume":
            following = arguments[position + 1] if position + 1 < len(arguments) else "-"
            if following.startswith("-") or "=" in following or following.endswith((".yaml", ".yml")):
                filled[-1] = "--resume=auto"
    return filled

"""What completes each argument and option: the `autocompletion` of the commands. Neither torch nor the schema."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lrlab.registry import Registry

Word = tuple[str, str]  # what is written, and a sentence about it, which may be empty


def configs_and_overrides(ctx: typer.Context, incomplete: str) -> list[Word]:
    """CONFIG, which comes first or not at all, and KEY=VALUE."""
    given = _given(ctx, "arguments")
    files = [] if given or "=" in incomplete else config_files(incomplete)
    return [*files, *_overrides(incomplete, given, ctx)]


def config_files(incomplete: str) -> list[Word]:
    """YAML files."""
    from lrlab.cli.completion.files import yaml_files

    return [(path, "") for path in yaml_files(incomplete)]


def overrides(ctx: typer.Context, incomplete: str) -> list[Word]:
    """KEY=VALUE alone, behind the TARGET of `policy show`."""
    return _overrides(incomplete, _given(ctx, "overrides"), ctx, section="policy", name=ctx.params.get("target"))


def models_and_overrides(ctx: typer.Context, incomplete: str) -> list[Word]:
    """A model or a CONFIG, then KEY=VALUE."""
    from lrlab.registry import MODELS

    given = _given(ctx, "arguments")
    if not given:
        return [*_named(MODELS), *configs_and_overrides(ctx, incomplete)]
    return _overrides(incomplete, given, ctx, section="model", name=given[0])


def data_and_overrides(ctx: typer.Context, incomplete: str) -> list[Word]:
    """A data set or a CONFIG, then KEY=VALUE."""
    from lrlab.registry import DATASETS

    given = _given(ctx, "arguments")
    if not given:
        return [*_named(DATASETS), *configs_and_overrides(ctx, incomplete)]
    return _overrides(incomplete, given, ctx, section="data", name=given[0])


def policies_and_configs(incomplete: str) -> list[Word]:
    """A policy or a CONFIG."""
    return [*policies(), *config_files(incomplete)]


def policies() -> list[Word]:
    """Policies."""
    from lrlab.registry import POLICIES

    return _named(POLICIES)


def data_sets(ctx: typer.Context) -> list[Word]:
    """Data sets, but for those that are named already."""
    from lrlab.registry import DATASETS

    given = _given(ctx, "names")
    return [word for word in _named(DATASETS) if word[0] not in given]


def published_sets() -> list[Word]:
    """Data sets that are there for everybody."""
    from lrlab.data.catalog import KNOWN
    from lrlab.registry import DATASETS

    return [word for word in _named(DATASETS) if word[0] in KNOWN]


def shipped() -> list[Word]:
    """Configs that come with lrlab."""
    from lrlab.config.shipped import shipped_configs

    return [(config.name, config.summary) for config in shipped_configs().values()]


def devices() -> list[str]:
    """Devices of this machine."""
    from lrlab.cli.completion.overrides import devices

    return devices()


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """`latest`, the latest of each experiment, and runs by name; behind `experiment/` those of that experiment."""
    folders = _run_folders(ctx)
    experiments = dict.fromkeys(folder.parent.name for folder in folders)
    latest = ["latest", *(f"{name}/latest" for name in experiments)] if folders else []
    if "/" in incomplete:
        return [*latest, *(f"{folder.parent.name}/{folder.name}" for folder in folders)]
    return [*latest, *(folder.name for folder in folders)]


def resumable(ctx: typer.Context) -> list[str]:
    """Runs of the experiment that is asked for."""
    return [folder.name for folder in _run_folders(ctx) if folder.parent.name == ctx.info_name]


def _run_folders(ctx: typer.Context) -> list[Path]:
    from lrlab.runs.index import run_folders

    return run_folders(Path(ctx.params.get("root") or ctx.params.get("out") or "runs").expanduser())


def _overrides(
    incomplete: str, given: Iterable[str], ctx: typer.Context, *, section: str = "", name: str | None = None
) -> list[Word]:
    from lrlab.cli.completion.overrides import override_words

    chosen = {"policy": ctx.params["policy"]} if ctx.params.get("policy") else {}
    if name:
        chosen[section] = name
    return override_words(incomplete, given, chosen=chosen)


def _given(ctx: typer.Context, parameter: str) -> list[str]:
    return list(ctx.params.get(parameter) or [])


def _named(table: "Registry") -> list[Word]:
    return [(entry.name, entry.summary) for entry in table.values()]

"""The configs that come with lrlab, and the schema that editors check configs against.

In an installed package both lie inside it, in a checkout at its top. Neither torch nor the config schema is needed.
"""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from lrlab.errors import ResourceError, UsageError
from lrlab.paths import real_path
from lrlab.registry import nearest

_PACKAGE = Path(__file__).parents[1]
_MODELINE = re.compile(r"# yaml-language-server: \$schema=\S+\n")


@dataclass(frozen=True, slots=True)
class ShippedConfig:
    """A config that comes with lrlab: `name` is its path below `configs/` without the suffix."""

    name: str
    path: Path

    @property
    def text(self) -> str:
        """As it stands in the file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def summary(self) -> str:
        """The first line of its comment, the one for editors aside."""
        lines = [line for line in self.text.splitlines() if not _MODELINE.fullmatch(f"{line}\n")]
        return lines[0].lstrip("# ") if lines and lines[0].startswith("#") else ""


def shipped_configs() -> dict[str, ShippedConfig]:
    """All of them, by name.

    Raises:
        ResourceError: the installation lacks them.
    """
    folder = _find("configs")
    names = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.yaml"))}
    return {name: ShippedConfig(name, path) for name, path in names.items()}


def shipped_config(name: str) -> ShippedConfig:
    """The one called `name`, with or without `.yaml`.

    Raises:
        UsageError: there is none; the message lists the names and the nearest one.
    """
    found = shipped_configs()
    plain = name.removesuffix(".yaml")
    if plain not in found:
        near = nearest(plain, found)
        hint = f"did you mean {near!r}?" if near else None
        raise UsageError(f"no config named {name!r} comes with lrlab; there are: {', '.join(found)}", hint=hint)
    return found[plain]


def schema_file() -> Path:
    """The JSON schema that comes with lrlab.

    Raises:
        ResourceError: the installation lacks it.
    """
    return _find("schema") / "lrlab.schema.json"


def copy_text(config: ShippedConfig, target: Path) -> str:
    """The text of a copy at `target`: its schema is found from there, and its commands name it.

    Inside the checkout that the schema lies in, the path to it stays relative; elsewhere it is the installed file's
    URL, which a later version of lrlab keeps up to date, as a copy of the schema would not be.
    """
    schema, folder = schema_file(), real_path(target).parent
    home = schema.parents[1]
    inside = folder.is_relative_to(home) and home != _PACKAGE
    where = Path(os.path.relpath(schema, folder)).as_posix() if inside else schema.as_uri()
    modeline = f"# yaml-language-server: $schema={where}\n"
    return modeline + _MODELINE.sub("", config.text).replace(
        f"configs/{config.name}.yaml", shlex.quote(target.as_posix())
    )


def _find(name: str) -> Path:
    places = [_PACKAGE / name, _PACKAGE.parents[1] / name]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise ResourceError(f"this installation of lrlab lacks its {name}/", hint="install it again")
    return found.resolve()

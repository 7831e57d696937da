"""`plugins:` your own code by name, and the sections that can use such a name."""

from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator

from lrlab.config.sections.base import Section
from lrlab.config.sections.data import DataSection
from lrlab.config.sections.model import Activation

TARGET = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"
OPTION = r"[A-Za-z_][A-Za-z0-9_]*"


class Plugin(Section):
    """Where the code behind a name is. `NAME: package.module:attribute` is short for one with `target` alone."""

    target: str = Field(pattern=TARGET, description="package.module:attribute; imported when a trial is built.")
    folder: str | None = Field(
        None, description="Where modules are looked up first; default: the folder of the file that names the plugin."
    )


class PluginSection(Section):
    """A section that a plugin answers for."""

    options: dict[str, JsonValue] = Field(
        default_factory=dict, description="Keyword arguments of the plugin; one it does not take is refused."
    )

    @field_validator("options")
    @classmethod
    def _are_arguments(cls, options: dict[str, Any]) -> dict[str, Any]:
        import re

        for key, value in options.items():
            if not re.fullmatch(OPTION, key):
                raise ValueError(f"{key!r} is not the name of a keyword argument")
            if not _finite(value):
                raise ValueError(f"{key} must be finite")
        return options

    def __hash__(self) -> int:
        """Of all values; the options themselves have none."""
        return hash(self.model_dump_json())


class PluginModel(PluginSection):
    """Your own network: a module class or a function; it is passed `shape` and `classes` where it takes them."""

    name: str = Field(description="A name in `plugins`.")
    activation: Activation = Field("relu", description="What feeds the layers; sets the gain of Kaiming init.")


class PluginData(PluginSection, DataSection):
    """Your own data set: a function of this section that returns `RawSplits`."""

    name: str = Field(description="A name in `plugins`.")


class AsBuilt(Section):
    """The weights your own model was built with; the default where `model` is a plugin."""

    name: Literal["as_built"] = "as_built"


def _finite(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or value - value == 0

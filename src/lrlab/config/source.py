"""YAML text -> plain data and the place of every key and value. Nothing in the text is ever executed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from lrlab.config.scalars import read_scalar
from lrlab.errors import ConfigError, Diagnostic

MAX_BYTES, MAX_DEPTH, MAX_NODES = 1_000_000, 20, 10_000
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written.

    Attributes:
        where: `file:line:col`, `command line, argument 2` or `--policy`.
        excerpt: the line with a caret; may be empty.
        written: the text of a scalar, as the user wrote it; None for a section.
    """

    where: str
    excerpt: str = ""
    written: str | None = None


@dataclass(frozen=True)
class Layer:
    """One source of settings: nested data, and the places of its keys and values by path."""

    data: Mapping[str, Any]
    keys: Mapping[Path, Place] = field(default_factory=dict)
    values: Mapping[Path, Place] = field(default_factory=dict)


def parse_layer(text: str, name: str) -> Layer:
    """Read a YAML mapping.

    Raises:
        ConfigError: syntax, several documents, duplicate keys, tags, merge keys, cycles, or a text too large.
    """
    node = _compose(text, name)
    reader = _Reader(text, name)
    if node is None:
        return Layer({})
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            [reader.problem(node, f"a config is a mapping of sections, not {node.tag.rsplit(':', 1)[-1]}")]
        )
    data = reader.read(node, (), ())
    if reader.problems:
        raise ConfigError(reader.problems)
    return Layer(data, reader.keys, reader.values)


def parse_value(text: str, where: str) -> Any:
    """Read the value of an override: a scalar or a flow collection.

    Raises:
        ConfigError: it is not YAML, or uses what configs may not use.
    """
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError([Diagnostic(where, f"the value {text!r} is not YAML: {problem}")]) from error
    if node is None:
        return None
    reader = _Reader(text, where)
    value = reader.read(node, (), ())
    if reader.problems:
        raise ConfigError([Diagnostic(where, d.message, d.hint) for d in reader.problems])
    return value


def _compose(text: str, name: str) -> yaml.Node | None:
    if len(text.encode()) > MAX_BYTES:
        raise ConfigError([Diagnostic(name, f"larger than {MAX_BYTES:,} bytes; this is no config")])
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context}"
        place = place_of(text, name, mark) if mark else Place(name)
        raise ConfigError([Diagnostic(place.where, message, _syntax_hint(str(error)), place.excerpt)]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Diagnostic(name, f"not YAML: {error}")]) from error
    except RecursionError as error:
        raise ConfigError([Diagnostic(name, "nested too deeply")]) from error


def _syntax_hint(message: str) -> str:
    if "'\\t'" in message:
        return "indent with spaces; YAML does not allow tabs"
    return "a config is one document: remove the second '---'" if "single document" in message else ""


def place_of(text: str, name: str, mark: yaml.Mark, written: str | None = None) -> Place:
    """The place a mark stands for, with the line and a caret under the column."""
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    shown = line[:160].replace("\t", " ")
    excerpt = f"  {shown}\n  {' ' * min(mark.column, 160)}^" if shown.strip() else ""
    return Place(f"{name}:{mark.line + 1}:{mark.column + 1}", excerpt, written)


class _Reader:
    """Walks the nodes; collects problems instead of stopping at the first."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.problems: list[Diagnostic] = []
        self._nodes = 0

    def problem(self, node: yaml.Node, message: str, hint: str = "") -> Diagnostic:
        place = place_of(self.text, self.name, node.start_mark)
        return Diagnostic(place.where, message, hint, place.excerpt)

    def read(self, node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]) -> Any:
        """The node's value. Aliases count each time they are used, so that a bomb is not worth building."""
        self._nodes += 1
        if self._nodes > MAX_NODES or len(above) > MAX_DEPTH or any(node is parent for parent in above):
            what = "an alias inside itself" if any(node is parent for parent in above) else "too many or too deep nodes"
            raise ConfigError([*self.problems, self.problem(node, what, "a config is small and flat")])
        if node.tag not in _PLAIN_TAGS:
            self.problems.append(self.problem(node, f"the tag {node.tag!r} is not allowed", "write the plain value"))
            return None
        if isinstance(node, yaml.MappingNode):
            self.values[path] = place_of(self.text, self.name, node.start_mark)
            return self._mapping(node, path, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            self.values[path] = place_of(self.text, self.name, node.start_mark)
            return [self.read(item, (*path, str(i)), (*above, node)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        self.values[path] = place_of(self.text, self.name, node.start_mark, str(node.value))
        return read_scalar(node.value) if node.style is None else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path, above: tuple[yaml.Node, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in _PLAIN_TAGS:
                self.problems.append(self.problem(key_node, "a key must be a plain word"))
                continue
            key = key_node.value
            if key == "<<":
                self.problems.append(self.problem(key_node, "merge keys are not read", "use extends: other.yaml"))
            elif key in data:
                first = self.keys[(*path, key)].where.rsplit(":", 2)[1]
                self.problems.append(
                    self.problem(key_node, f"the key {key!r} stands here twice; first in line {first}")
                )
            else:
                self.keys[(*path, key)] = place_of(self.text, self.name, key_node.start_mark)
                data[key] = self.read(value_node, (*path, key), above)
        return data


_PLAIN_TAGS = {
    yaml.BaseLoader.DEFAULT_SCALAR_TAG,
    yaml.BaseLoader.DEFAULT_SEQUENCE_TAG,
    yaml.BaseLoader.DEFAULT_MAPPING_TAG,
}

"""Set keys in the text of a config, leaving its comments and layout alone."""

from collections.abc import Mapping
from typing import Any

import yaml

from lrlab.config.explain import yaml_scalar
from lrlab.errors import UsageError


def set_keys(text: str, changes: Mapping[str, Any]) -> str:
    """`text` with each dotted key set to its value: replaced in place, put into its section, or appended.

    Raises:
        UsageError: a section on the way is not a mapping.
    """
    for key, value in changes.items():
        text = _set(text, key.split("."), yaml_scalar(value))
    return text


def _set(text: str, path: list[str], scalar: str) -> str:
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    for depth, name in enumerate(path):
        if node is not None and not isinstance(node, yaml.MappingNode):
            if isinstance(node, yaml.ScalarNode) and not node.value:  # `train:` with nothing under it
                return _splice(text, node.start_mark.index, node.end_mark.index, f" {_flow(path[depth:], scalar)}")
            raise UsageError(f"{'.'.join(path[:depth])} is not a section; {'.'.join(path)} cannot be set in it")
        found = next((value for key, value in node.value if key.value == name), None) if node is not None else None
        if found is None:
            return _insert(text, node, path[depth:], scalar)
        node = found
    assert node is not None
    return _splice(text, node.start_mark.index, _content_end(node), scalar)


def _insert(text: str, node: yaml.MappingNode | None, path: list[str], scalar: str) -> str:
    if node is None or not node.value:
        return (text if not text or text.endswith("\n") else text + "\n") + _block(path, scalar, 0)
    if node.flow_style:
        return _splice(text, node.start_mark.index + 1, node.start_mark.index + 1, f"{_pair(path, scalar)}, ")
    column = node.value[0][0].start_mark.column
    last = node.value[-1][1]
    at = _line_end(text, _content_end(last))
    block = _block(path, scalar, column)
    return text[:at] + ("" if at == 0 or text[at - 1] == "\n" else "\n") + block + text[at:]


def _content_end(node: yaml.Node) -> int:
    """Where a node's own text ends; a block's end mark lies behind the blank lines and comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _content_end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _line_end(text: str, index: int) -> int:
    newline = text.find("\n", index)
    return len(text) if newline < 0 else newline + 1


def _block(path: list[str], scalar: str, column: int) -> str:
    lines = [f"{' ' * (column + 2 * depth)}{name}:" for depth, name in enumerate(path)]
    return "\n".join(lines) + f" {scalar}\n"


def _pair(path: list[str], scalar: str) -> str:
    return f"{path[0]}: {scalar if len(path) == 1 else _flow(path[1:], scalar)}"


def _flow(path: list[str], scalar: str) -> str:
    return "{" + _pair(path, scalar) + "}"


def _splice(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]

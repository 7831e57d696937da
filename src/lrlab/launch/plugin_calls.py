"""How a plugin is called, and the sentence about what it gave."""

import inspect
from collections.abc import Mapping
from typing import Any

from lrlab.config.sections.plugins import Plugin
from lrlab.errors import UsageError
from lrlab.registry import nearest


def arguments_for(
    name: str, function: Any, options: Mapping[str, Any], key: str, offered: Mapping[str, Any], positional: int = 0
) -> dict[str, Any]:
    """Keywords to call `function` with: all of `options`, and what it names of `offered`.

    Raises:
        UsageError: it is not callable, an option is not one of its parameters, or a parameter is given by nobody.
    """
    if not callable(function):
        raise UsageError(f"plugins.{name} is a {type(function).__name__}, which cannot be called")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # written in C without a signature
        return dict(options)
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    for taken in list(named)[:positional]:
        del named[taken]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    unknown = [option for option in options if option not in named and not open_ended]
    if unknown:
        near = nearest(unknown[0], named)
        there = f"it takes: {', '.join(named)}" if named else "it takes none"
        hint = f"did you mean {near!r}?" if near else None
        raise UsageError(f"{key}: plugins.{name} takes no {unknown[0]!r}; {there}", hint=hint)
    given = {**{word: value for word, value in offered.items() if word in named}, **options}
    missing = [p.name for p in named.values() if p.default is p.empty and p.name not in given]
    if missing:
        hint = f"set {key}.{missing[0]}" if key else "give it a default"
        raise UsageError(f"plugins.{name} needs {', '.join(missing)}, which nothing gives", hint=hint)
    return given


def wrong_result(name: str, plugin: Plugin, got: Any, needed: str, verb: str = "returned") -> UsageError:
    """The error for `got` where `needed` must be."""
    kind = type(got).__name__ if got is not None else "None"
    return UsageError(f"plugins.{name}: {plugin.target} {verb} {kind}; it must be {needed}")

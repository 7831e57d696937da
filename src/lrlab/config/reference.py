"""The reference page: every key of a config, from the schema itself."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lrlab.config.keys import PLUGIN, Arm, Key, section_sentence, sections, top_keys
from lrlab.config.schema import Config
from lrlab.config.sections.plugins import Plugin

_HEAD = """\
# Config reference

Written by `lrlab config reference` from the schema; the tests hold this page equal to it.

A config is YAML 1.2: a mapping of sections, all of them optional. Any key is set on the command line as
`section.key=value`. A section with a `name` has the keys of that name and no others; where `name` changes in a later
layer (a file that extends this one, an override, an option), keys that the new name does not have are dropped with a
note. `lrlab config show CONFIG --origin` prints every value and where it comes from, `lrlab validate CONFIG` checks it.
"""


def reference_text() -> str:
    """The page, in Markdown; ends with a newline."""
    return "\n".join([_HEAD, *_top(), *(line for name, arms in sections().items() for line in _section(name, arms))])


def _top() -> Iterator[str]:
    yield from _table("## Top level", top_keys())
    plugin = Plugin.model_fields
    short = f"`plugins.{PLUGIN}: package.module:attribute` is short for a `target` alone."
    yield from ("## `plugins`", "", Config.model_fields["plugins"].description or "")
    yield from (f"{short} See [own_model.md](own_model.md).", "")
    rows = [
        Key("target", "text", "", "required", "", plugin["target"].description or ""),
        Key("folder", "text", "", "the file's", "", plugin["folder"].description or ""),
    ]
    yield from _rows(rows)


def _section(name: str, arms: tuple[Arm, ...]) -> Iterator[str]:
    yield from (f"## `{name}`", "", _sentence(section_sentence(name)), "")
    if not arms[0].names:
        yield from _rows(arms[0].keys)
        return
    own = [arm for arm in arms if PLUGIN not in arm.names and arm.names != ("as_built",)]
    common = _common(own) if len(own) > 1 else {}
    for arm in arms:
        names = ", ".join(f"`{word}`{' (default)' if word == arm.default else ''}" for word in arm.names)
        yield f"- {names}: {arm.summary}"
    yield ""
    if common:
        yield from _table(f"### `{name}`: under every name", common.values())
    for arm in arms:
        rest = [key for key in arm.keys if key.name not in common or not _alike(key, common[key.name])]
        if rest:
            yield from _table(f"### `{name}`: {', '.join(f'`{word}`' for word in arm.names)}", rest)


def _common(arms: list[Arm]) -> dict[str, Key]:
    """The keys that all arms have; where an arm's default differs, the default says so."""
    found: dict[str, Key] = {}
    for first in arms[0].keys:
        given = {arm: next((key for key in arm.keys if _alike(key, first)), None) for arm in arms}
        defaults = {arm.names[0]: key.default for arm, key in given.items() if key is not None}
        if len(defaults) == len(arms):
            usual = Counter(defaults.values()).most_common(1)[0][0]
            others = "".join(f"; {name}: {value}" for name, value in defaults.items() if value != usual)
            found[first.name] = replace(first, default=usual + others)
    return found


def _alike(key: Key, other: Key) -> bool:
    return replace(key, default="") == replace(other, default="")


def _table(heading: str, keys: Iterable[Key]) -> Iterator[str]:
    yield from (heading, "")
    yield from _rows(keys)


def _rows(keys: Iterable[Key]) -> Iterator[str]:
    yield from ("| key | type | default | range | |", "| --- | --- | --- | --- | --- |")
    for key in keys:
        kind = f"{key.type}, {key.unit}" if key.unit else key.type
        cells = (f"`{key.name}`", kind, f"`{key.default}`", key.range, key.sentence)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

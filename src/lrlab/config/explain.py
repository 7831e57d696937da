"""A resolved config as text: every value, and where it came from."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from lrlab.config.load import LoadedConfig
from lrlab.config.plugins import identity
from lrlab.config.schema import Config

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def config_hash(config: Config) -> str:
    """sha256 of the canonical JSON of all that is asked for; two configs that ask for the same have the same."""
    text = json.dumps(identity(config.model_dump(mode="json")), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def dump_resolved(loaded: LoadedConfig, *, origins: bool = True) -> str:
    """Every value as YAML that loads to the same config, with its origin as a comment."""
    lines = list(_lines(loaded.config.model_dump(mode="json"), ""))
    shown = [(text, loaded.origins.get(key, "default") if key else "") for text, key in lines]
    if not origins:
        return "".join(f"{text}\n" for text, _ in shown)
    column = min(44, max(len(text) for text, _ in shown)) + 2
    return "".join(f"{text:{column}}# {origin}\n" if origin else f"{text}\n" for text, origin in shown)


def yaml_scalar(value: Any) -> str:
    """A value on one line, as YAML 1.2 and 1.1 readers both understand it."""
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        return repr(value).replace("e", ".0e")
    if isinstance(value, str):
        return str(yaml.safe_dump(value, default_style='"', allow_unicode=True, width=math.inf)).strip()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {yaml_scalar(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(yaml_scalar, value)) + "]"
    return json.dumps(value)


def _key(text: str) -> str:
    return text if _PLAIN_KEY.fullmatch(text) else yaml_scalar(text)


def _lines(data: Mapping[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """(line, dotted key); the key is empty for the head of a section."""
    for key, value in sorted(data.items(), key=lambda item: item[0] != "name"):  # the name decides the rest
        head, dotted = f"{'  ' * depth}{_key(key)}:", f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield head, ""
            yield from _lines(value, f"{dotted}.", depth + 1)
        else:
            yield f"{head} {yaml_scalar(value)}", dotted

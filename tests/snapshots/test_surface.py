"""What users and their scripts rely on, as text: a change to it is a diff that somebody reviews.

make schema    # or: pytest tests/snapshots --update-snapshots
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from lrlab.cli.app import app, main
from lrlab.config.json_schema import schema_text
from lrlab.config.keys import Key, sections, top_keys
from lrlab.config.reference import reference_text


def test_the_json_schema_is_the_one_in_the_repository(snapshot: Any) -> None:
    snapshot("schema/lrlab.schema.json", schema_text())


def test_the_reference_page_is_the_one_in_the_repository(snapshot: Any) -> None:
    snapshot("docs/config.md", reference_text())


def test_config_keys(snapshot: Any) -> None:
    snapshot("tests/snapshots/config.txt", "".join(f"{line}\n" for line in config_lines()))


def test_command_line(snapshot: Any) -> None:
    snapshot("tests/snapshots/cli.txt", "".join(f"{line}\n" for line in command_lines(typer.main.get_command(app))))


def test_run_folders(snapshot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("data.name=fake", "data.batch_size=64", "model.width=4", "model.depth=1", "-q")
    lines: list[str] = []
    for command, *more in (("range-test", "--apply"), ("train", "train.epochs=1", "train.checkpoint.snapshots=[3]")):
        with pytest.raises(SystemExit) as end:
            main([command, *small, *more])
        assert end.value.code == 0
        (run,) = [path for path in (tmp_path / "runs" / command).iterdir() if not path.is_symlink()]
        lines += [f"runs/{command}/", *(f"  {line}" for line in folder_lines(run)), ""]
    snapshot("tests/snapshots/run_folder.txt", "\n".join(lines))


def config_lines() -> Iterator[str]:
    yield from map(_key_line, top_keys())
    for section, arms in sections().items():
        for arm in arms:
            yield " ".join((section, *arm.names))
            yield from (f"  {_key_line(key)}" for key in arm.keys)


def _key_line(key: Key) -> str:
    return f"{key.name}: {key.type} = {key.default}{f'  ({key.range})' if key.range else ''}"


def command_lines(command: Any, path: str = "lrlab") -> Iterator[str]:
    yield path
    for parameter in command.params:
        yield f"  {_parameter_line(parameter)}"
    for name in sorted(getattr(command, "commands", {})):
        yield from command_lines(command.commands[name], f"{path} {name}")


def _parameter_line(parameter: Any) -> str:
    words = [" ".join([*parameter.opts, *parameter.secondary_opts])]
    if not getattr(parameter, "is_flag", False):
        words.append(parameter.metavar or parameter.type_descriptor.annotation.__name__)
    words += ["..."] if parameter.nargs == -1 or parameter.multiple else []
    words += ["(required)"] if parameter.required else []
    words += [f"= {parameter.default}"] if parameter.default not in (None, False) else []
    limits = [f"{sign} {limit}" for sign, limit in ((">=", parameter.min), ("<=", parameter.max)) if limit is not None]
    return " ".join([*words, *limits])


NAMES = {
    r"seed-\d+-[0-9a-f]{8}": "<trial>",
    r"events\.out\.tfevents\..*": "events.out.tfevents.*",
    r"(best|step)-\d{8}": r"\1-<step>",
    r"\d{8}-\d{6}-[a-z0-9-]+-[0-9a-f]{4}": "<run>",
}
OPAQUE = ("config", "environment", "git", "packages")  # frozen elsewhere, or another machine's


def folder_lines(run: Path) -> Iterator[str]:
    """Every file once, with the keys of the JSON in it: all of an object, each kind of row of JSON lines."""
    seen: set[str] = set()
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        name = path.relative_to(run).as_posix()
        for pattern, word in NAMES.items():
            name = re.sub(pattern, word, name)
        if name in seen:
            continue
        seen.add(name)
        yield name
        if path.suffix in (".json", ".jsonl"):
            rows = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
            kinds = dict.fromkeys(tuple(sorted(set(keys_of(json.loads(row))))) for row in rows)
            for kind, keys in enumerate(kinds, start=1):
                yield from (f"  {f'row {kind}: ' if len(kinds) > 1 else ''}{key}" for key in keys)


def keys_of(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from keys_of(item, f"{prefix}[]")
    elif isinstance(value, dict):
        for key, inner in value.items():
            name = f"{prefix}.{key}" if prefix else key
            yield name
            yield from () if key in OPAQUE else keys_of(inner, name)

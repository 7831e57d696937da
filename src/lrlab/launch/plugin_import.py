"""Import a plugin's code: from the folder of the file that names it first, then from where Python always looks.

The folder stands first on `sys.path` while a module of its own is imported and last afterwards, so that what the
module imports later is found and hides nothing of anybody else's. Two configs may each have a `my_net.py`: a module
of another plugin's folder makes room for the one that is asked for.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module, invalidate_caches
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any

from lrlab.config.sections.plugins import Plugin
from lrlab.errors import LrlabError, UsageError
from lrlab.registry import nearest

_OWN: dict[str, Path] = {}  # modules that came from a plugin's folder -> that folder
_FOLDERS: set[str] = set()  # that were put on the path here
_ASKED: set[tuple[Path, str]] = set()  # folder and top name of every plugin there, also one whose import failed


def import_plugin(name: str, plugin: Plugin) -> Any:
    """What `plugin`'s target names; its module is executed the first time.

    Raises:
        UsageError: no such module or attribute, the module cannot be imported, or its name is taken.
    """
    path, _, attribute = plugin.target.partition(":")
    value: Any = _import(name, path, Path(plugin.folder) if plugin.folder is not None else None)
    for part in attribute.split("."):
        if not hasattr(value, part):
            near = nearest(part, [word for word in vars(value) if not word.startswith("_")])
            hint = f"did you mean {near!r}?" if near else None
            raise UsageError(f"plugins.{name}: there is no {part!r} in {_where(value)}", hint=hint)
        value = getattr(value, part)
    return value


def plugin_file(plugin: Plugin) -> Path | None:
    """The file of an imported plugin's module; None for one that has none."""
    return _file(sys.modules.get(plugin.target.partition(":")[0]))


@contextmanager
def user_code(what: str) -> Iterator[None]:
    """Around a call of the user's code: its failure is a sentence with the line it comes from.

    Raises:
        UsageError: for any exception and for `sys.exit`; lrlab's own exceptions go through as they are.
    """
    try:
        yield
    except LrlabError:
        raise
    except (Exception, SystemExit) as error:
        where = blamed(error)
        raise UsageError(f"{what} failed{f' at {where}' if where else ''}: {type(error).__name__}: {error}") from error


def blamed(error: BaseException) -> str:
    """`file:line` of the innermost call in a plugin's own code; empty when there is none."""
    files = {_file(sys.modules.get(name)) for name in _OWN}
    calls = [(Path(call.filename).resolve(), call.lineno) for call in extract_tb(error.__traceback__)]
    own = [f"{file}:{line}" for file, line in calls if file in files or any(_lies(file, *asked) for asked in _ASKED)]
    return own[-1] if own else ""


def _import(name: str, path: str, folder: Path | None) -> ModuleType:
    top = path.partition(".")[0]
    local = folder if folder is not None and _holds(folder, top) else None
    if local is not None and _is_taken(top, local):
        hint = "rename the file, and the module in plugins"
        raise UsageError(f"plugins.{name}: {local} has a {top!r}, which is the name of another module", hint=hint)
    if local is not None:
        _ASKED.add((local, top))
    _forget_others(top, local)
    try:
        with _first_on_path(local), user_code(f"plugins.{name}: importing {path}"):
            return import_module(path)
    except UsageError as error:
        reason = error.__cause__
        if not isinstance(reason, ModuleNotFoundError) or not reason.name:
            raise
        if path != reason.name and not path.startswith(f"{reason.name}."):
            raise UsageError(error.message, hint=f"install {reason.name} into this environment") from reason
        raise _not_found(name, reason.name, folder) from reason


def _holds(folder: Path, top: str) -> bool:
    return (folder / f"{top}.py").is_file() or (folder / top).is_dir()


def _is_taken(top: str, folder: Path) -> bool:
    """Whether the name belongs to a module from elsewhere, which others rely on."""
    if top in sys.stdlib_module_names:
        return True
    return top in sys.modules and top not in _OWN and not _is_from(top, folder)


def _is_from(name: str, folder: Path) -> bool:
    """Whether the imported module `name` is `folder`'s own, not one of an environment that lies in the folder."""
    file = _file(sys.modules.get(name))
    return file is not None and _lies(file, folder, name.partition(".")[0])


def _lies(file: Path, folder: Path, top: str) -> bool:
    base = _resolved(str(folder)) / top
    return file == base.with_name(f"{top}.py") or file.is_relative_to(base)


def _forget_others(top: str, folder: Path | None) -> None:
    for name, home in list(_OWN.items()):
        own = name.partition(".")[0]
        if home != folder and (own == top or (folder is not None and _holds(folder, own))):
            del _OWN[name]
            sys.modules.pop(name, None)


@contextmanager
def _first_on_path(folder: Path | None) -> Iterator[None]:
    own, before = [str(folder)] if folder is not None else [], list(sys.path)
    sys.path[:] = [*own, *(entry for entry in before if entry not in _FOLDERS)]
    invalidate_caches()
    try:
        yield
    finally:
        added = [entry for entry in sys.path if entry not in (*before, *own)]  # by the user's code
        sys.path[:] = [*added, *before, *(entry for entry in own if entry not in before)]
        _FOLDERS.update(entry for entry in own if entry not in before)
        if folder is not None:
            _OWN.update({name: folder for name in list(sys.modules) if name not in _OWN and _is_from(name, folder)})


def _not_found(name: str, module: str, folder: Path | None) -> UsageError:
    message = f"plugins.{name}: there is no module {module!r} in {folder or 'the folder'} or where Python looks"
    near = nearest(module, [file.stem for file in folder.glob("*.py")]) if folder is not None else None
    hint = (
        f"did you mean {near!r}?" if near else "put it beside the config, install it, or name its folder in PYTHONPATH"
    )
    return UsageError(message, hint=hint)


def _file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return _resolved(file) if file else None


@cache  # thousands of modules are looked at, for each plugin
def _resolved(path: str) -> Path:
    return Path(path).resolve()


def _where(value: Any) -> str:
    if isinstance(value, ModuleType):
        return f"{value.__name__} ({_file(value)})"
    return str(getattr(value, "__qualname__", value))

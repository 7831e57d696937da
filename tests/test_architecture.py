"""The floors of the house: imports go down only, and the ground floors stay free of torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "lrlab"
FLOORS = {
    "errors": -1, "paths": -1, "registry": 0,  # the registry says what is wrong with a name
    "config": 1, "runs": 1, "analysis": 1, "policies": 1,
    "data": 2, "models": 2, "init": 2, "optim": 2,
    "engine": 3, "track": 3,
    "launch": 4, "experiments": 5, "report": 6, "cli": 7, "__main__": 8,
}  # fmt: skip
HEAVY = {"torch", "torchvision", "tensorboard", "matplotlib", "scipy", "sklearn"}
NEVER_TORCH = {"torch", "torchvision", "tensorboard"}


def room_of(path: Path) -> str:
    parts = path.relative_to(SRC).parts
    return parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.lineno


def violations(path: Path, text: str) -> list[str]:
    """Arrows up or sideways, and torch on the ground floors, in one module's source."""
    room = room_of(path)
    found = []
    for name, line in imports(ast.parse(text)):
        parts = name.split(".")
        if parts[0] == "lrlab" and len(parts) > 1 and parts[1] != room and FLOORS[parts[1]] >= FLOORS[room]:
            found.append(f"{path.name}:{line}: {room} (floor {FLOORS[room]}) imports {name} (floor {FLOORS[parts[1]]})")
        if FLOORS[room] <= 1 and parts[0] in NEVER_TORCH:
            found.append(f"{path.name}:{line}: {room} is on floor {FLOORS[room]} and imports {name}")
    return found


MODULES = [p for p in sorted(SRC.rglob("*.py")) if p != SRC / "__init__.py"]


def test_every_room_has_a_floor() -> None:
    assert {room_of(p) for p in MODULES} == set(FLOORS)


def test_imports_go_down_only() -> None:
    assert [v for p in MODULES for v in violations(p, p.read_text())] == []


def test_the_rule_sees_an_arrow_up_and_torch_on_the_ground() -> None:
    assert violations(SRC / "engine" / "loop.py", "from lrlab.launch.spec import TrialSpec")
    assert violations(SRC / "engine" / "loop.py", "import lrlab.track.sink")  # sideways
    assert violations(SRC / "runs" / "folder.py", "def f():\n    import torch")


def test_no_import_circles() -> None:
    edges: dict[str, set[str]] = {}
    for path in MODULES:
        own = "lrlab." + ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        top = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)]
        edges[own] = {
            n.module for n in top if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("lrlab.")
        } - {own}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for target in edges.get(module, ()):
                walk(target, (*trail, module))
            done.add(module)

    for module in edges:
        walk(module, ())


@pytest.mark.parametrize("room", [name for name, floor in FLOORS.items() if floor <= 1 or name == "cli"])
def test_heavy_modules_are_never_imported_at_module_level(room: str) -> None:
    for path in [p for p in MODULES if room_of(p) == room]:
        top = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)]
        names = {n.split(".")[0] for statement in top for n, _ in imports(statement)}
        assert not names & HEAVY, f"{path}: {names & HEAVY}"


def test_help_imports_neither_torch_nor_the_schema() -> None:
    code = (
        "import sys\nfrom lrlab.cli.app import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = 'torch', 'numpy', 'scipy', 'matplotlib', 'pydantic', 'lrlab.config.schema'\n"
        "print([m for m in heavy if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "range-test" in done.stdout
    assert done.stderr.strip() == "[]"


def test_every_registry_entry_resolves() -> None:
    import lrlab.registry as registry

    tables = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]
    assert len(tables) >= 5
    for table in tables:
        for name in table:
            assert callable(table.resolve(name)), name

"""Every promise of docs/reliability.md names tests that exist, and none of the 42 is missing."""

import ast
import re
from functools import cache
from pathlib import Path

from lrlab.errors import ExitCode

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
NAME = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def rows(text: str) -> dict[int, list[str]]:
    """Number -> fault, outcome, exit, proof."""
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    return {int(row[0]): row[1:] for row in cells if row[0].isdecimal()}


@cache
def defined_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def missing(text: str) -> list[str]:
    return [f"{path}::{name}" for path, name in NAME.findall(text) if name not in defined_in(ROOT / path)]


def test_every_promise_is_there_and_has_its_proof() -> None:
    found = rows(PAGE.read_text(encoding="utf-8"))
    assert list(found) == list(range(1, 43))
    for number, row in found.items():
        assert len(row) == 4 and all(row), number
        proofs = row[3].split(", ")
        assert proofs == ["not yet"] or all(NAME.fullmatch(proof) for proof in proofs), (number, proofs)
        assert len(set(proofs)) == len(proofs), number


def test_the_named_tests_exist() -> None:
    assert missing(PAGE.read_text(encoding="utf-8")) == []


def test_the_exit_codes_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"exit (\d+)", text)} <= set(ExitCode)
    assert all(re.search(r"exit \d|none", row[2]) for row in rows(text).values())


def test_a_test_that_does_not_exist_is_noticed() -> None:
    here = "tests/docs/test_reliability.py"
    assert missing(f"{here}::test_of_nothing {here}::rows tests/none.py::test_x") == [
        f"{here}::test_of_nothing", f"{here}::rows", "tests/none.py::test_x"
    ]  # fmt: skip
    assert rows("| 1 | a | b | exit 2 | not yet |\n| # | x |\n") == {1: ["a", "b", "exit 2", "not yet"]}

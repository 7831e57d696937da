"""The frozen surface: text held against files, or written into them with `--update-snapshots` (`make schema`)."""

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Snapshot = Callable[[str, str], None]


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Compare `text` with a file of the repository."""

    def compare(file: str, text: str) -> None:
        path = ROOT / file
        if request.config.getoption("--update-snapshots"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text.splitlines() == kept.splitlines(), f"{file} is out of step; if the change is meant: make schema"

    return compare

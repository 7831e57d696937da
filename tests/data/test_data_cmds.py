import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lrlab.cli.data_cmds import data_app
from lrlab.errors import DataError, UsageError
from lrlab.registry import DATASETS

RUN = CliRunner()


def test_ls_lists_every_set_and_says_where(small_mnist: Path) -> None:
    result = RUN.invoke(data_app, ["ls", "--root", str(small_mnist), "--json"])
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert list(rows) == list(DATASETS)
    assert rows["mnist"]["present"] is True
    assert rows["mnist"]["where"] == str(small_mnist / "MNIST/raw")
    assert (rows["mnist"]["shape"], rows["mnist"]["classes"]) == ([1, 28, 28], 10)
    assert rows["cifar10"]["present"] is False
    assert rows["imagefolder"]["present"] is None


def test_ls_is_a_table_with_a_line_per_set(small_mnist: Path) -> None:
    lines = RUN.invoke(data_app, ["ls", "--root", str(small_mnist)]).stdout.splitlines()
    assert len(lines) == 1 + len(DATASETS)
    assert lines[0].split() == ["name", "shape", "classes", "present", "where", "what"]
    assert lines[2].split()[:4] == ["mnist", "1x28x28", "10", "yes"]


def test_listing_imports_nothing_heavy() -> None:
    program = (
        "import sys; from lrlab.cli.data_cmds import data_app\n"
        "data_app(['ls', '--json'], standalone_mode=False)\n"
        "heavy = {'torch', 'torchvision', 'sklearn', 'numpy', 'lrlab.config'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)
    assert done.stderr.strip() == "[]"


def test_get_prints_where_it_is(small_mnist: Path) -> None:
    assert RUN.invoke(data_app, ["get", "mnist", "--root", str(small_mnist)]).stdout.strip().endswith("MNIST/raw")
    assert RUN.invoke(data_app, ["get", "digits"]).stdout.strip() == "comes with scikit-learn"


def test_get_offline_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        print("Downloading ...")
        raise OSError("network is unreachable")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", offline)
    result = RUN.invoke(data_app, ["get", "mnist", "--root", str(tmp_path)])
    assert isinstance(result.exception, DataError)
    assert result.exception.exit_code == 3
    assert "network is unreachable" in result.exception.message
    assert result.stdout == ""


@pytest.mark.parametrize("name", ["imagefolder", "fake", "minst"])
def test_get_refuses_what_cannot_be_fetched(name: str) -> None:
    error = RUN.invoke(data_app, ["get", name]).exception
    assert isinstance(error, UsageError)
    assert name in error.message
    if name == "minst":
        assert error.hint == "did you mean 'mnist'?"

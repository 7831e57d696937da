"""Shared by all tests: one thread, and where real data is."""

import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write what tests/snapshots compares anew")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Bits depend on the number of threads; so does the time of tests run side by side."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def ctrl_c() -> None:
    """A job in a script's background ignores SIGINT, and hands that on; so does a test that ran `lrlab` in here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are built, saved and shown to TensorBoard as ever, but empty: drawing takes longest in a short run.

    For modules about something else. What the commands draw is drawn in those about the commands and the README.
    """
    from matplotlib.figure import Figure

    monkeypatch.setattr(Figure, "draw", lambda self, renderer: None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with MNIST/raw and cifar10-mini/, from LRLAB_DATA; skips loudly without it."""
    root = os.environ.get("LRLAB_DATA")
    if not root or not Path(root, "MNIST", "raw").is_dir():
        pytest.skip("LRLAB_DATA does not name a folder with MNIST/raw: the tests on real images are not run")
    return Path(root)

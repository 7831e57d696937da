"""What a run was made of: versions, code, machine and command. Nothing here can fail a run.

torch's own facts (device, threads, CUDA) are passed in by who has imported it.
"""

import os
import platform
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from lrlab.runs.checkout import checkout_state
from lrlab.runs.machine import allowed_cpus

PACKAGES = (
    *("lrlab", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "matplotlib", "tensorboard"),
    *("pydantic", "pyyaml", "typer", "rich"),
)
_ENVIRONMENT = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG",
    "LRLAB_DATA",
)


def collect(argv: Sequence[str], *, folder: Path | None = None, **facts: Any) -> dict[str, Any]:
    """The record that goes into `meta.json`.

    Args:
        argv: the command line.
        folder: whose git checkout to record; default: the current folder.
        facts: merged in last (config_hash, seed, threads, device, data fingerprint, ...).
    """
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": list(argv),
        "folder": _current_folder(),
        "git": checkout_state(folder or Path()),
        "packages": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "cpus": os.cpu_count(),
        "cpus_usable": allowed_cpus(),
        "environment": {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        **facts,
    }


def version(package: str) -> str | None:
    """The installed version of `package`; None when it is not installed. Imports nothing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _current_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # deleted under our feet
        return None

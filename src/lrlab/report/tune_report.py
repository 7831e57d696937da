"""Placeholder until the figures land."""

from pathlib import Path

from lrlab.experiments.tune_finding import TuneFinding


def report_tune(folder: Path, finding: TuneFinding, *, title: str) -> list[Path]:
    """Nothing yet."""
    return []

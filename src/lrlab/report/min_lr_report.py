"""Placeholder until the figure lands."""

from pathlib import Path

from lrlab.experiments.min_lr.finding import MinLrFinding


def report_min_lr(folder: Path, finding: MinLrFinding, *, title: str) -> list[Path]:
    """Nothing yet."""
    return []

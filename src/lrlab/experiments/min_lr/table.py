"""The candidates of a search as cells of text, for the terminal and for the page."""

from lrlab.experiments.min_lr.finding import Candidate, MinLrFinding

COLUMNS = (
    "ratio", "min-lr", "updates", "IQR", "time ratio", "95 % interval", "fails", "literal", "steps", "images", "s",
)  # fmt: skip


def cells(finding: MinLrFinding) -> list[tuple[str, ...]]:
    """A row for each candidate, a cell for each of `COLUMNS`."""
    return [_row(candidate, reference=candidate.ratio == finding.reference) for candidate in finding.candidates]


def _row(candidate: Candidate, *, reference: bool) -> tuple[str, ...]:
    ratio = "" if candidate.time_ratio is None else f"{candidate.time_ratio:.2f}"
    median = "-" if candidate.at_least is None else f"> {candidate.at_least:g}"
    if candidate.median is not None:
        median = f"{candidate.median:g}"
    return (
        f"{candidate.ratio:.3g}",
        f"{candidate.min_lr:.3g}",
        candidate.dropped or median,
        "" if candidate.iqr is None else f"{candidate.iqr[0]:g}-{candidate.iqr[1]:g}",
        "reference" if reference else ratio,
        "" if candidate.low is None else f"{candidate.low:.2f} to {candidate.high:.2f}",
        str(len(candidate.failures)),
        str(candidate.literal),
        str(candidate.cost.steps),
        str(candidate.cost.images),
        f"{candidate.cost.seconds:.1f}",
    )

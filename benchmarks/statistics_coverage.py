"""How often lrlab's intervals hold the truth, and how often a family of comparisons errs. Run by `make statistics`.

Method: samples of known truth are drawn, and the share of intervals that hold it is counted, beside the share for
other common intervals on the same samples; for families, all candidates equal the reference in truth, and the share of
families with a difference found is counted. `--write` puts the result in docs/tables/statistics.json and the tables of
docs/statistics.md; without it they are printed.

`interval` is the package's `interval_of` in vectorised form; tests/analysis/test_statistics_table.py holds the two
equal.
"""

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from lrlab.analysis.bootstrap import RESAMPLES, SEED, tied_mean, unit_scale, zero_p_value
from lrlab.analysis.intervals import BOOTSTRAP_FROM
from lrlab.analysis.multiple import holm
from lrlab.analysis.rounding import FLOAT32

Floats = NDArray[np.float64]
DOCS = Path(__file__).parents[1] / "docs"
SEEDS = (3, 5, 10, 20)
FAMILIES = ("normal", "steps, noise 0.5")
FAMILY_SEEDS = (3, 5, 10)
CANDIDATES = (1, 3, 5)  # beside the reference
STUDENT, BOOTSTRAP = 20_000, 5_000  # repetitions
CONFIDENCE = 0.95
CHUNK = 250  # samples whose resamples are in memory at a time


class Sample(NamedTuple):
    """Paired differences (repetitions, n), σ of their rounding, and their true means."""

    differences: Floats
    rounding: Floats
    truth: Floats


class Found(NamedTuple):
    """The ends, and the p-value of 0."""

    low: Floats
    high: Floats
    p: Floats


def continuous(draw: Callable[[np.random.Generator, tuple[int, int]], Floats]) -> Callable[..., Sample]:
    def sample(rng: np.random.Generator, repetitions: int, n: int) -> Sample:
        d = draw(rng, (repetitions, n))
        finest = FLOAT32 * np.abs(d).max(axis=1)
        return Sample(d, np.hypot(finest, FLOAT32) / math.sqrt(12), np.zeros(repetitions))

    return sample


def steps(median: float, shared: float, own: float) -> Callable[..., Sample]:
    """Times in whole steps, compared on logs: arms near `median`, noise in steps, part of it shared by a pair."""

    def sample(rng: np.random.Generator, repetitions: int, n: int) -> Sample:
        centre = median + rng.uniform(-2, 2, size=(2, repetitions, 1))
        noise = own * rng.normal(size=(2, repetitions, n)) + shared * rng.normal(size=(repetitions, n))
        counts = np.ceil(np.maximum(centre + noise, 0.5))
        rounding = np.sqrt((1 / counts**2).sum(axis=0).mean(axis=-1) / 12)
        logs = np.log(counts)
        # the noise is small beside the median: the mean of a log is that of its second-order expansion
        truth = np.log(centre) - (own**2 + shared**2) / (2 * centre**2)
        return Sample(logs[0] - logs[1], rounding, (truth[0] - truth[1])[:, 0])

    return sample


DIFFERENCES: dict[str, Callable[..., Sample]] = {
    "normal": continuous(lambda rng, shape: rng.normal(size=shape)),
    "Student t, 3 dof": continuous(lambda rng, shape: rng.standard_t(3, size=shape)),
    "log-normal, σ = 0.5": continuous(lambda rng, shape: np.exp(0.5 * rng.normal(size=shape)) - math.exp(0.125)),
    "log-normal, σ = 1": continuous(lambda rng, shape: np.exp(rng.normal(size=shape)) - math.exp(0.5)),
    "steps, noise 3": steps(60, 3.0, 3.0),
    "steps, noise 0.5": steps(20, 0.0, 0.5),
    "steps, noise 0.5, shared 3": steps(60, 3.0, 0.5),
    "steps, noise 0.1": steps(20, 0.0, 0.1),
}


def resampled_means(samples: Floats) -> Floats:
    """The sorted means of scipy's resamples under the package's seed, as one product with the counts of each index."""
    n = samples.shape[-1]
    index = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    counts = np.stack([(index == i).sum(axis=1) for i in range(n)]).astype(np.float64)
    ordered: Floats = np.sort(tied_mean((samples @ counts)[..., None] / n), axis=1)
    return ordered


def at(ordered: Floats, shares: Floats) -> Floats:
    """numpy's linear quantile, a share per row of sorted values."""
    position = shares * (ordered.shape[1] - 1)
    below = np.clip(np.floor(position).astype(int), 0, ordered.shape[1] - 2)
    rows = np.arange(len(ordered))
    low, high = ordered[rows, below], ordered[rows, below + 1]
    return low + (position - below) * (high - low)


def bca_ends(samples: Floats, ordered: Floats, z: float) -> tuple[Floats, Floats]:
    """Efron & Tibshirani 1993, equations 14.10, 14.14 and 14.15, at the normal quantile z."""
    mean = tied_mean(samples)[:, None]
    centred = samples - mean
    acceleration = (centred**3).sum(axis=1) / (6 * (centred**2).sum(axis=1) ** 1.5)
    bias = ndtri(((ordered < mean).mean(axis=1) + (ordered <= mean).mean(axis=1)) / 2)
    ends = (bias + (bias + s) / (1 - acceleration * (bias + s)) for s in (-z, z))
    low, high = (at(ordered, ndtr(end)) for end in ends)
    return low, high


def bootstraps(samples: Floats) -> dict[str, Found]:
    """Percentile and BCa; no sample may be of equal values."""
    z = float(ndtri((1 + CONFIDENCE) / 2))
    parts: dict[str, list[Found]] = {"percentile": [], "BCa": []}
    for start in range(0, len(samples), CHUNK):
        part, unit = unit_scale(samples[start : start + CHUNK])
        ordered = resampled_means(part)
        low, high = (at(ordered, np.full(len(part), ndtr(s))) for s in (-z, z))
        p = zero_p_value(part, ordered)
        parts["percentile"].append(Found(unit * low, unit * high, p))
        parts["BCa"].append(Found(*(unit * end for end in bca_ends(part, ordered, z)), p))
    return {name: Found(*map(np.concatenate, zip(*found, strict=True))) for name, found in parts.items()}


def student(samples: Floats, spread: Floats) -> Found:
    n, mean = samples.shape[1], samples.mean(axis=1)
    error = np.maximum(spread, 1e-300) / math.sqrt(n)
    half = error * stdtrit(n - 1, (1 + CONFIDENCE) / 2)
    return Found(mean - half, mean + half, 2 * stdtr(n - 1, -np.abs(mean) / error))


def interval(samples: Floats, rounding: Floats) -> Found:
    """What `lrlab.analysis.intervals.interval_of` says of each row."""
    deviation, mean = samples.std(axis=1, ddof=1), samples.mean(axis=1)
    found = student(samples, np.maximum(deviation, rounding))
    half, p = rounding * ndtri((1 + CONFIDENCE) / 2), 2 * ndtr(-np.abs(mean) / rounding)
    found = farthest(found, Found(mean - half, mean + half, p))
    rows = np.flatnonzero(deviation > rounding)
    if samples.shape[1] >= BOOTSTRAP_FROM and len(rows):
        wider = farthest(Found(*(part[rows] for part in found)), bootstraps(samples[rows])["BCa"])
        for whole, part in zip(found, wider, strict=True):
            whole[rows] = part
    return found


def farthest(one: Found, other: Found) -> Found:
    return Found(np.minimum(one.low, other.low), np.maximum(one.high, other.high), np.maximum(one.p, other.p))


def covered(found: Found, truth: Floats) -> float:
    return float(((found.low <= truth) & (truth <= found.high)).mean())


class Share(NamedTuple):
    """A measured share and how often it was tried."""

    share: float
    repetitions: int

    def to_json(self) -> dict[str, float]:
        error = math.sqrt(self.share * (1 - self.share) / self.repetitions)
        return {"share": round(self.share, 5), "repetitions": self.repetitions, "standard_error": round(error, 5)}


def coverage(name: str, n: int, rng: np.random.Generator, scale: float = 1.0) -> dict[str, Share]:
    """Method -> coverage, all on the same samples. An interval that does not exist covers nothing."""
    small, large = int(BOOTSTRAP * scale), int(STUDENT * scale)
    drawn = DIFFERENCES[name](rng, large, n)
    few = Sample(*(part[:small] for part in drawn))
    deviation = drawn.differences.std(axis=1, ddof=1)
    ours = drawn if n < BOOTSTRAP_FROM else few
    floored = np.maximum(deviation, drawn.rounding)
    found = {
        "lrlab": Share(covered(interval(ours.differences, ours.rounding), ours.truth), len(ours.truth)),
        "Student t": Share(covered(student(drawn.differences, deviation), drawn.truth), large),
        "t, floor on spread": Share(covered(student(drawn.differences, floored), drawn.truth), large),
    }
    varied = np.ptp(few.differences, axis=1) > 0
    for method, ends in bootstraps(few.differences[varied]).items():
        found[method] = Share(covered(ends, few.truth[varied]) * float(varied.mean()), small)
    return found


def family(name: str, n: int, candidates: int, repetitions: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Arms of one family that are equal in truth, (repetitions, 1 + candidates, n), and σ of one arm's rounding."""
    shape, seed_effect = (repetitions, 1 + candidates, n), rng.normal(size=(repetitions, 1, n))
    if name == "normal":
        arms = seed_effect + rng.normal(size=shape)
        return arms, np.full(arms.shape[:2], FLOAT32)
    counts = np.ceil(np.maximum(20 + rng.uniform(-2, 2, size=(repetitions, 1, 1)) + 0.5 * rng.normal(size=shape), 0.5))
    return np.log(counts), np.sqrt((1 / counts**2).mean(axis=-1) / 12)


def family_wise(name: str, n: int, candidates: int, rng: np.random.Generator, scale: float = 1.0) -> dict[str, Share]:
    """How often something is found where nothing is."""
    repetitions = int((STUDENT if n < BOOTSTRAP_FROM else BOOTSTRAP) * scale)
    arms, rounding = family(name, n, candidates, repetitions, rng)

    def p_values(reference: NDArray[np.intp]) -> Floats:
        rows = np.arange(repetitions)
        others = np.array([[i for i in range(1 + candidates) if i != r] for r in range(1 + candidates)])[reference]
        differences = np.take_along_axis(arms, others[..., None], axis=1) - arms[rows, reference][:, None]
        sigma = np.hypot(np.take_along_axis(rounding, others, axis=1), rounding[rows, reference][:, None])
        flat = interval(differences.reshape(-1, n), sigma.reshape(-1))
        return flat.p.reshape(repetitions, candidates)

    alpha = 1 - CONFIDENCE
    against_first = p_values(np.zeros(repetitions, dtype=np.intp))
    adjusted = np.array([holm(row) for row in np.minimum(against_first, 1)])
    best = np.array([holm(row) for row in np.minimum(p_values(arms.mean(axis=2).argmin(axis=1)), 1)])
    errors = {
        "unadjusted": (against_first < alpha).any(axis=1),
        "Holm": (adjusted < alpha).any(axis=1),
        "decisive winner": (best < alpha).all(axis=1),
    }
    return {rule: Share(float(wrong.mean()), repetitions) for rule, wrong in errors.items()}


def generator(*cell: object) -> np.random.Generator:
    """A stream of its own for each cell, so that one can be run again alone."""
    return np.random.default_rng(list("/".join(map(str, cell)).encode()))


def measure(scale: float = 1.0) -> dict[str, Any]:
    """Everything, as plain data."""
    rows: list[dict[str, Any]] = [
        {"differences": name, "n": n, "coverage": coverage(name, n, generator(name, n), scale)}
        for name in DIFFERENCES
        for n in SEEDS
    ]
    families: list[dict[str, Any]] = [
        {"arms": name, "n": n, "candidates": k, "error": family_wise(name, n, k, generator(name, n, k), scale)}
        for name in FAMILIES
        for n in FAMILY_SEEDS
        for k in CANDIDATES
    ]
    for row, key in [(row, "coverage") for row in rows] + [(row, "error") for row in families]:
        row[key] = {name: share.to_json() for name, share in row[key].items()}
    versions = {"numpy": np.__version__, "scipy": scipy.__version__}
    return {"confidence": CONFIDENCE, "versions": versions, "coverage": rows, "family_wise_error": families}


def as_text(result: dict[str, Any]) -> str:
    """JSON with a line per row, so that a change to it can be read."""
    parts = []
    for key, value in result.items():
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value) if isinstance(value, list) else ""
        parts.append(f' "{key}": ' + (f"[\n  {rows}\n ]" if rows else json.dumps(value)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def tables(result: dict[str, Any]) -> str:
    """The result as two tables in Markdown, in percent."""
    covers = _table(result["coverage"], ("differences", "n"), "coverage")
    errors = _table(result["family_wise_error"], ("arms", "n", "candidates"), "error")
    return (
        f"Share of 95 % intervals that hold the truth, in percent:\n\n{covers}\n\n"
        f"Share of families of equal arms in which something is found, in percent:\n\n{errors}"
    )


def _table(rows: list[dict[str, Any]], labels: tuple[str, ...], key: str) -> str:
    names = list(rows[0][key])
    lines = [" | ".join((*labels, *names)), " | ".join(["---"] + ["---:"] * (len(labels) + len(names) - 1))]
    for row in rows:
        shares = [f"{100 * row[key][name]['share']:.1f}" for name in names]
        lines.append(" | ".join([str(row[label]) for label in labels] + shares))
    return "\n".join(f"| {line} |" for line in lines)


BEGIN, END = "<!-- from docs/tables/statistics.json by benchmarks/statistics_coverage.py -->\n", "\n<!-- end -->"


def in_page(page: str, table: str) -> str:
    """The page with its tables replaced."""
    return page[: page.index(BEGIN) + len(BEGIN)] + table + page[page.index(END) :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/")
    parser.add_argument("--scale", type=float, default=1.0, help="times the repetitions")
    arguments = parser.parse_args()
    began = time.process_time()
    result = measure(scale=arguments.scale)
    print(tables(result))
    print(f"\n{time.process_time() - began:.0f} CPU-seconds")
    if arguments.write:
        path, page = DOCS / "tables" / "statistics.json", DOCS / "statistics.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(result), encoding="utf-8")
        page.write_text(in_page(page.read_text(encoding="utf-8"), tables(result)), encoding="utf-8")


if __name__ == "__main__":
    main()

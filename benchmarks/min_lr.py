"""What a min-lr search and a tuning are worth on MNIST, measured; the tables of docs/min_lr.md.

    python benchmarks/min_lr.py tune  --norm batch --data DIR    # tune for 5 epochs against a grid of 8 max-lrs
    python benchmarks/min_lr.py ratios --norm none --data DIR    # climbs and short trainings over max-lr and ratio

Five seeds; configs/mnist.yaml at width 16, with BatchNorm and without. Every trial is kept by its id as soon as it is
done, climbs in runs/bench-min-lr/, trainings in docs/tables/min_lr_trainings.jsonl, and a run that was broken off goes
on where it stopped. `--write` puts the table into docs/tables/min_lr.json.
One thread; up to an hour of CPU for each.
"""

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lrlab.analysis.climb import reached
from lrlab.analysis.intervals import mean_interval
from lrlab.config.load import load_config
from lrlab.experiments.min_lr.gate import climbed, target_of
from lrlab.experiments.min_lr.settings import Settings, seeded
from lrlab.experiments.range_test import RangeTest
from lrlab.experiments.tune import Tune
from lrlab.launch.assemble import assemble, with_values
from lrlab.launch.experiment import drive
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.sweep import run_sweep
from lrlab.launch.training import Training
from lrlab.runs.atomic import write_json
from lrlab.runs.jsonl import read_lines
from lrlab.runs.jsontext import dumps

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "runs" / "bench-min-lr"
TABLE = ROOT / "docs" / "tables" / "min_lr.json"
TRAININGS = ROOT / "docs" / "tables" / "min_lr_trainings.jsonl"  # an hour of CPU
SEEDS = 5
EPOCHS = 5
GRID = tuple(0.0125 * 2**i for i in range(8))  # 0.0125 ... 1.6, around the config's own 0.4
RATIOS = (0.05, 0.1, 1 / 7, 0.2, 0.5, 1.0)
FACTORS = (1, 2, 4)  # times what the range test suggests
SHORT = 200  # updates of a short training

Rows = list[dict[str, Any]]


def run_kept(spec: TrialSpec) -> TrialResult:
    """Run a trial, or read what came of it: of a training in the committed file, of a climb under runs/."""
    if spec.sweep:
        path = KEPT / f"{spec.id}.json"
        if path.exists():
            return TrialResult.from_json(json.loads(path.read_text()))
        result = run_sweep(assemble(spec))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, result.to_json())
    else:
        known = {row["id"]: row for row in read_lines(TRAININGS).rows}
        if spec.id in known:
            return TrialResult.from_json(known[spec.id])
        result = Training(assemble(spec)).run()
        with TRAININGS.open("a") as file:
            file.write(dumps(result.to_json()) + "\n")
    sys.stderr.write(f"{spec.id} {result.status} {result.steps} steps, {result.cpu_seconds:.1f} CPU-s\n")
    return result


def config_of(data: Path, norm: str, *overrides: str) -> dict[str, Any]:
    """configs/mnist.yaml at half its width, with overrides."""
    own = [f"data.root={data}", "model.width=16", f"model.norm={norm}"]
    return load_config(ROOT / "configs" / "mnist.yaml", [*own, *overrides]).config.model_dump(mode="json")


def tune_part(data: Path, norm: str) -> dict[str, Any]:
    """The tuning, and one-cycle trainings at each lr of the grid."""
    config = config_of(data, norm, f"train.epochs={EPOCHS}", f"train.seeds={SEEDS}")
    finding: Any = drive(Tune.from_config(config), run_kept)[0]
    grid = []
    for lr in GRID:
        base = with_values(config, optimizer={"lr": lr})
        results = [run_kept(TrialSpec("grid", seed, seeded(base, seed))) for seed in range(SEEDS)]
        accuracies = [result.metrics.get("test_accuracy", 0.0) for result in results]
        grid.append({"max_lr": lr, **accuracy(accuracies), "steps": sum(r.steps for r in results)})
    tuned = [seed.metrics["test_accuracy"] for seed in finding.training.seeds]
    return {
        "tuned": {
            "max_lr": finding.max_lr,
            "min_lr": finding.min_lr,
            "decisive": finding.search.decisive,
            **accuracy(tuned),
            "steps": {share.part: share.steps for share in finding.shares},
        },
        "grid": grid,
    }


def ratios_part(data: Path, norm: str) -> Rows:
    """Climbs and short trainings: max-lr x ratio, all seeds, nothing raced."""
    rows: Rows = []
    config = config_of(data, norm, "find_min_lr.seeds=5", "range_test.seeds=5")
    found: Any = drive(RangeTest.from_config(config), run_kept)[0]
    for factor in FACTORS:
        settings = Settings.from_config(config, float(f"{factor * found.suggestion:.4g}"))
        climbs = {ratio: [run_kept(settings.climb(ratio, seed)) for seed in range(SEEDS)] for ratio in RATIOS}
        target = _target(climbs[0.1], settings.up)
        for ratio in RATIOS:
            own = _ratio_row(settings, ratio, climbs[ratio], target)
            rows.append({"factor": factor, "max_lr": settings.max_lr, **own})
    return rows


def _target(gate: Sequence[TrialResult], up: int) -> float | None:
    """As the gate has it; None where a climb failed."""
    judged = {result.seed: climbed(result, whole=True) for result in gate}
    if any(found.failure for found in judged.values()):
        return None
    climbs = {result.seed: result for result in gate}
    return target_of(climbs, judged, statistics.median(r.metrics["chance"] for r in gate), up)


def _ratio_row(settings: Settings, ratio: float, climbs: list[TrialResult], target: float | None) -> dict[str, Any]:
    failures = [climbed(result, whole=True).failure for result in climbs]
    counts = [reached(r.series["loss"], target) for r in climbs] if target is not None else []
    if ratio < 1:
        short = replace(settings, confirm=SHORT)
        trainings = [run_kept(short.training(ratio, seed)) for seed in range(SEEDS)]
        accuracies = [r.metrics.get("val_accuracy", 0.0) for r in trainings]
    else:
        accuracies = []  # a one-cycle from max-lr to max-lr is none
    return {
        "ratio": ratio,
        "failed": dict(Counter(failure for failure in failures if failure is not None)),
        "updates": sorted(count if count is not None else settings.up + settings.hold for count in counts),
        "short": accuracy(accuracies) if accuracies else None,
    }


def accuracy(values: list[float]) -> dict[str, Any]:
    """Mean with its 95 % interval, in per cent."""
    found = mean_interval([100 * value for value in values])
    half = found.half_width
    return {"mean": round(found.mean, 3), "half_width_95": None if half is None else round(half, 3), "n": found.n}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("tune", "ratios"))
    parser.add_argument("--norm", choices=("batch", "none"), default="batch")
    parser.add_argument("--data", type=Path, required=True, help="where MNIST lies")
    parser.add_argument("--write", action="store_true", help=f"put the answer into {TABLE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    parts: dict[str, Callable[[Path, str], Any]] = {"tune": tune_part, "ratios": ratios_part}
    answer = parts[arguments.part](arguments.data, arguments.norm)
    print(json.dumps(answer, indent=1))
    if arguments.write:
        known = json.loads(TABLE.read_text()) if TABLE.exists() else {}
        write_json(TABLE, {**known, f"{arguments.part}-{arguments.norm}": answer})


if __name__ == "__main__":
    main()

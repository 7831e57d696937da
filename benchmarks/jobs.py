"""What `--jobs 2` saves: the same trials one after the other and two at once. `python benchmarks/jobs.py`, 15 minutes.

Method: `lrlab train` as a user starts it, with one thread and one seed per trial, on made-up images held in memory.
The first run is short and tells how many steps fill the seconds asked for. Then the runs take turns, `--rounds` times;
a ratio compares the wall clocks within a round, with the start of Python, of torch and of the workers in them, and the
median over rounds is printed. It means something only on a machine with two idle cores: the load before each round is
printed beside it, and so is the ceiling: two, over how much longer a trial takes with another beside it, since cores
may share caches and memory. Exits 1 where the answers differ by more than their times, 2 where the ratio is below
`--at-least`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SIZES = ("data.name=fake", "data.batch_size=64", "data.image_size=28", "data.train_size=4096", "model.width=16")
TIMES = ("seconds", "cpu_seconds")
PROBE = 200  # steps


def train(folder: Path, name: str, steps: int, trials: int, jobs: int) -> tuple[float, dict[str, Any]]:
    """Wall-clock seconds of a run, and its `result.json`."""
    often = ("train.validate_every=100000000", "train.checkpoint.every=100000000")  # at the end alone
    command = [sys.executable, "-m", "lrlab", "train", *SIZES, *often, f"train.steps={steps}", "train.threads=1", "-q"]
    command += ["--device", "cpu", "--seeds", str(trials), "--jobs", str(jobs), "--out", name]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    (result,) = (folder / name).glob("train/*/result.json")
    return seconds, json.loads(result.read_text())


def trial_seconds(result: dict[str, Any]) -> list[float]:
    """Of each trial, as it measured itself."""
    return [seed["seconds"] for seed in result["answer"]["seeds"]]


def without_times(value: Any) -> Any:
    """`value` without what is measured by a clock."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def steps_for(folder: Path, seconds: float) -> int:
    """How many steps a trial needs to take so long, with a tenth to spare."""
    (probed,) = trial_seconds(train(folder, "probe", PROBE, 1, 1)[1])
    return max(50, round(1.1 * PROBE * seconds / probed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of a trial, at least")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-least", type=float, default=1.7, help="the ratio that must be reached; 0 asks for none")
    asked = parser.parse_args()
    ratios, agree = [], True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = steps_for(folder, asked.seconds)
        print(f"{asked.trials} trials of {steps} steps, one thread each, {os.cpu_count()} CPUs")
        print(
            f"{'round':>5}{'load':>7}{'1 job s':>10}{'2 jobs s':>10}{'ratio':>8}{'ceiling':>9}{'trial s':>8}  answers"
        )
        for number in range(asked.rounds):
            load = os.getloadavg()[0]
            one, answer = train(folder, f"one-{number}", steps, asked.trials, 1)
            two, twin = train(folder, f"two-{number}", steps, asked.trials, 2)
            same = without_times(answer) == without_times(twin)
            agree, shortest = agree and same, min(trial_seconds(answer))
            ratios.append(one / two)
            ceiling = 2 * statistics.median(trial_seconds(answer)) / statistics.median(trial_seconds(twin))
            print(
                f"{number:>5}{load:>7.2f}{one:>10.1f}{two:>10.1f}{one / two:>8.2f}{ceiling:>9.2f}{shortest:>8.1f}"
                f"   {'the same' if same else 'DIFFER'}"
            )
    print(f"ratio {statistics.median(ratios):.2f} (median of {asked.rounds}; asked for: {asked.at_least:g})")
    if not agree:
        sys.exit(1)
    if statistics.median(ratios) < asked.at_least:
        sys.exit(2)


if __name__ == "__main__":
    main()

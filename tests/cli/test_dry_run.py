"""`--dry-run`: the plan and what it would cost, and nothing run, written or left behind."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from on_disk import FAKE, only_run

from lrlab.launch import predict
from lrlab.launch.predict import total
from lrlab.launch.timing import Cost

TINY = (*FAKE[:-2], "-q")
TRAIN = ("train", *TINY, "train.steps=30", "train.validate_every=10", "train.checkpoint.every=7", "--seeds", "3")
MISSING = ("data.name=mnist", "data.root=nowhere", "model.width=4", "model.depth=2", "data.batch_size=64")


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def costs(cost: Any) -> list[float]:
    return [cost[what][unit] for what in ("step", "trial", "total") for unit in ("seconds", "cpu_seconds")]


@pytest.mark.parametrize("command", [TRAIN, ("range-test", *TINY, "--seeds", "3")], ids=lambda c: c[0])
def test_the_plan_is_that_of_the_run_and_costs_add_up(lrlab: Any, here: Path, scratch: Path, command: Any) -> None:
    plan = json.loads(lrlab(*command, "--dry-run", "--json").out)
    assert list(here.iterdir()) == []  # no run folder
    assert not any(path.is_file() for path in scratch.rglob("*"))  # and the checkpoint that was timed is gone
    cost, steps = plan["cost"], plan["steps"]
    assert all(value > 0 for value in costs(cost)), cost
    assert cost["trial"]["seconds"] >= steps * cost["step"]["seconds"] > 0
    for unit in ("seconds", "cpu_seconds"):
        assert cost["total"][unit] == pytest.approx(3 * cost["trial"][unit])
    assert lrlab(*command).code in (0, 4)
    (run,) = (here / "runs" / command[0]).iterdir()
    done = json.loads((run / "result.json").read_text())["trials"]
    assert [trial["id"] for trial in plan["trials"]] == [trial["id"] for trial in done]
    written = sum(f.stat().st_size for f in run.glob("trials/*/checkpoints/*/*"))
    assert cost["checkpoint_bytes"]["total"] == pytest.approx(written, rel=0.05, abs=0)


def test_without_the_data_it_is_timed_on_made_up_images(lrlab: Any, here: Path) -> None:
    command = ("train", *MISSING, "train.steps=20", "--dry-run")
    plan = json.loads(lrlab(*command, "--json").out)
    data = plan["data"]
    assert (data["present"], data["shape"], data["classes"]) == (False, [1, 28, 28], 10)
    assert data["train"] + data["val"] == 60_000 and data["test"] == 10_000
    assert data["batches"] == data["train"] // 64 and plan["images"] == 20 * 64
    assert all(value > 0 for value in costs(plan["cost"]))
    answer = lrlab(*command)
    assert answer.code == 0 and "mnist is not there: timed on made-up images of the same shape" in answer.out
    assert lrlab(*command[:-1]).code == 3  # it would not run
    assert list(here.iterdir()) == []


def test_as_text(lrlab: Any, here: Path) -> None:
    answer = lrlab(*TRAIN, "--dry-run")
    labels = [line[:10].strip() for line in answer.out.splitlines()]
    assert answer.code == 0 and list(dict.fromkeys(label for label in labels if label)) == [
        "trials", "data", "model", "length", "policy", "cost", "disk", "note",
    ]  # fmt: skip
    assert "3 to run (seeds 0, 1, 2), 0 done, 1 at once" in answer.out and "30 steps a trial" in answer.out


def test_of_a_run_to_resume_what_is_missing_counts(lrlab: Any, here: Path) -> None:
    lrlab(*TRAIN[:-1], "2")
    run = only_run(here)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    plan = json.loads(lrlab("train", "--resume", run.name, "--seeds", "5", "--dry-run", "--json").out)
    assert (plan["done"], [trial["seed"] for trial in plan["trials"]]) == (2, [2, 3, 4])
    assert plan["changes"] == {"train.seeds": [2, 5]}
    assert plan["cost"]["total"]["cpu_seconds"] == pytest.approx(3 * plan["cost"]["trial"]["cpu_seconds"])
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("trials", "jobs", "threads", "rounds"),
    [
        (8, 1, 1, 8),
        (8, 2, 1, 4),
        (7, 2, 1, 4),
        (8, 16, 1, 2),
        (8, 16, 2, 4),
        (8, 4, None, 2),
        (1, 4, 1, 1),
        (0, 2, 1, 0),
    ],
)
def test_jobs_share_the_clock_and_not_the_cpu(
    monkeypatch: pytest.MonkeyPatch, trials: int, jobs: int, threads: int | None, rounds: int
) -> None:
    monkeypatch.setattr(predict, "allowed_cpus", lambda: 4)
    assert total([Cost(10.0, 9.0)] * trials, jobs, cpu_threads=threads) == Cost(10.0 * rounds, 9.0 * trials)

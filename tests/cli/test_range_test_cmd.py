"""`lrlab range-test`, as a user types it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from lrlab.config.load import load_config

FAKE = ("data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "-q")


def only_run(root: Path) -> Path:
    (run,) = (root / "runs" / "range-test").iterdir()
    return run


def test_the_answer_is_printed_with_what_to_do_next(lrlab: Any, here: Path) -> None:
    answer = lrlab("range-test", "--seeds", "2", "-q")
    assert answer.code == 0 and answer.err == ""
    run = only_run(here)
    result = json.loads((run / "result.json").read_text())
    assert result["headline"] in answer.out
    assert "min/2" in answer.out and "<- the answer" in answer.out
    assert f"optimizer.lr={result['answer']['suggestion']:.3g}" in answer.out
    for name in ("resolved.yaml", "meta.json", "status.json", "journal.jsonl", "plots/range-test.png"):
        assert (run / name).is_file(), name
    assert json.loads((run / "status.json").read_text())["state"] == "completed"
    assert Path(lrlab("runs", "path", "range-test/latest").out.strip()) == run.resolve()
    assert not [p for p in (here / "runs").rglob("*") if p.is_symlink()]  # TensorBoard would show a linked run twice


def test_json_is_the_only_thing_on_stdout(lrlab: Any, here: Path) -> None:
    answer = lrlab("range-test", *FAKE, "--json", "--seeds", "3", "--apply")
    data = json.loads(answer.out)
    assert data["suggestion"] == pytest.approx(math.exp(sorted(math.log(s["suggestion"]) for s in data["sweeps"])[1]))
    assert (data["low"], data["high"]) == (
        min(s["suggestion"] for s in data["sweeps"]),
        max(s["suggestion"] for s in data["sweeps"]),
    )
    assert [sweep["seed"] for sweep in data["sweeps"]] == [0, 1, 2]
    assert Path(data["run"]) == only_run(here) and Path(data["tuned"]).is_file()


def test_apply_writes_a_copy_that_says_what_it_changed(lrlab: Any, here: Path) -> None:
    config = here / "mine.yaml"
    config.write_text("# my own words\ndata:\n  name: digits\noptimizer:\n  name: sgd\n  lr: 0.007  # a guess\n")
    before = config.read_text()
    answer = lrlab("range-test", "mine.yaml", "-q", "--apply", "train.seed=3")
    tuned = only_run(here) / "tuned.yaml"
    assert str(tuned) in answer.out and config.read_text() == before
    suggestion = json.loads((only_run(here) / "result.json").read_text())["answer"]["suggestion"]
    loaded = load_config(tuned).config
    assert loaded.optimizer.lr == pytest.approx(suggestion, rel=0.01)
    assert loaded.train.seed == 3  # what was overridden on the command line stays
    assert "# my own words" in tuned.read_text()


def test_the_same_command_twice_gives_the_same_numbers(lrlab: Any) -> None:
    def once(*more: str) -> Any:
        data = json.loads(lrlab("range-test", *FAKE, "--json", *more).out)
        return {key: value for key, value in data.items() if key not in ("run", "plots", "cost")}

    assert once() == once()
    assert once() != once("train.seed=1")


def test_what_else_is_measured_is_kept_beside_the_training_loss(lrlab: Any, here: Path) -> None:
    measures = [f"range_test.{name}=true" for name in ("validation", "accuracy", "grad_norm")]
    lrlab("range-test", *FAKE, *measures, "range_test.steps=30")
    rows = [json.loads(line) for line in next(only_run(here).glob("trials/*/metrics.jsonl")).read_text().splitlines()]
    assert len(rows) >= 20 and all(0 < row["val_loss"] < 1e6 for row in rows)
    assert any(row["val_loss"] != row["loss"] for row in rows)
    assert all(0 <= row["accuracy"] <= 1 and row["grad_norm"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (["optimizer.weight_decay=0", "range_test.lr_min=1e-9", "range_test.lr_max=1e-8"], "NO_SIGNAL"),
        (["range_test.lr_min=20", "range_test.lr_max=1000"], "NO_SIGNAL"),  # breaks at once
        (["range_test.lr_min=1e30", "range_test.lr_max=1e38"], "TOO_FEW_POINTS"),  # not finite at once
        (["model.norm=none", "range_test.lr_min=0.2", "range_test.lr_max=1000"], "NO_SIGNAL|MIN_AT_LEFT"),
    ],
)
def test_fault_30_a_curve_without_an_answer(lrlab: Any, here: Path, overrides: list[str], code: str) -> None:
    answer = lrlab("range-test", *FAKE, "--apply", *overrides)
    assert answer.code == 4
    result = json.loads((only_run(here) / "result.json").read_text())["answer"]
    assert result["suggestion"] is None and set(result["suggestions"].values()) == {None}
    assert {flag["code"] for flag in result["flags"]} <= set(code.split("|"))
    assert "lr_min=1e-9" in "".join(overrides) or "ower lr_min" in result["flags"][0]["message"]
    assert "no lr suggested" in answer.out and result["flags"][0]["message"] in answer.out
    assert not (only_run(here) / "tuned.yaml").exists()
    assert (only_run(here) / "plots" / "range-test.png").is_file()  # the curve is there to be looked at


def test_a_lower_bound_is_said_to_be_one(lrlab: Any) -> None:
    answer = lrlab("range-test", *FAKE, "range_test.lr_min=1e-4", "range_test.lr_max=0.05", "range_test.steps=60")
    assert answer.code == 0 and "NOT_DIVERGED" in answer.out and "raise lr_max" in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nonsense.yaml"], 2, "there is no file nonsense.yaml"),
        (["range_test.stepz=5"], 2, "did you mean"),
        (["range_test.lr_min=1", "range_test.lr_max=0.1"], 2, "is not below"),
        (["data.name=imagefolder", "data.root=nowhere"], 3, "nowhere"),
        (["data.name=mnist", "data.root=empty"], 3, "run: lrlab data get mnist --root"),
        (["--device", "cuda:99"], 5, "cuda"),
        (["--device", "tpu"], 2, "tpu"),
        (["--out", "a-file/runs"], 5, "a-file"),
    ],
)
def test_bad_input_leaves_nothing_behind(lrlab: Any, here: Path, arguments: list[str], code: int, says: str) -> None:
    (here / "empty").mkdir()
    (here / "a-file").write_text("")
    before = sorted(here.rglob("*"))
    answer = lrlab("range-test", *arguments)
    assert answer.code == code, answer.err
    assert answer.err.startswith("error: ") and says in answer.err and "Traceback" not in answer.err
    assert answer.out == "" and sorted(here.rglob("*")) == before

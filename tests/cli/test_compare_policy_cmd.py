"""`lrlab compare-policy`, as a user types it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lrlab.cli.app import main
from lrlab.runs.folder import JOURNAL_NAME

TINY = ("data.name=fake", "data.train_size=96", "data.batch_size=16", "model.width=4", "model.depth=1", "-q")
TWO = ("compare-policy", *TINY, "--policies", "onecycle,constant", "--lrs", "0.05,0.2", "--seeds", "2")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made and not rendered, which takes longer than the trainings."""
    monkeypatch.setattr("lrlab.report.compare_report.publish", lambda *_, **__: [])


def only_run(root: Path) -> Path:
    (run,) = (root / "runs" / "compare-policy").iterdir()
    return run


def test_a_comparison_is_printed_recorded_and_drawn(lrlab: Any, here: Path) -> None:
    answer = lrlab(*TWO, "--budgets", "6it,1ep", "--json")
    assert answer.code == 0 and answer.err == ""
    data, run = json.loads(answer.out), only_run(here)
    assert [(table["budget"], table["steps"]) for table in data["tables"]] == [("6it", 6), ("1ep", 5)]
    trials = sorted(path.name for path in (run / "trials").iterdir())
    assert len(trials) == 2 * 2 * 2 * 2 == data["cost"]["trials"]
    for table in data["tables"]:
        assert {row["arm"] for row in table["rows"]} == {"onecycle", "constant"}
        for row in table["rows"]:
            assert [seed["seed"] for seed in row["seeds"]] == [0, 1]
            for seed in row["seeds"]:
                spec = json.loads((run / "trials" / seed["id"] / "spec.json").read_text())
                metrics = json.loads((run / "trials" / seed["id"] / "result.json").read_text())["metrics"]
                assert spec["label"] == f"{row['arm']}, lr {row['lr']:g}, {table['budget']}"
                assert metrics["test_accuracy"] == seed["test_accuracy"]
            best = max(row["grid"], key=lambda score: (score["val_accuracy"], -score["val_loss"]))
            assert row["lr"] == best["lr"]
    names = {
        "budgets-policies",
        "differences",
        *(f"{kind}-policies-{b}" for kind in ("curves", "lrs") for b in ("6it", "1ep")),
    }
    assert {path.stem for path in (run / "plots").glob("*.png")} == names
    assert {path.stem for path in (run / "plots").glob("*.svg")} == names
    board = EventAccumulator(str(run / "tb" / "summary"), size_guidance={"images": 0})
    board.Reload()
    assert set(board.Tags()["images"]) == names
    assert lrlab("compare-policy", "--resume", run.name, "--json").code == 0  # it is finished, and says so


@pytest.mark.usefixtures("undrawn")
def test_each_split_is_read_as_agreed(lrlab: Any, here: Path) -> None:
    """The test split once, at the end; the validation split ten times on the way (here: after each of 6 steps)."""
    lrlab(*TWO, "--budgets", "6it")
    for file in only_run(here).glob("trials/*/metrics.jsonl"):
        kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
        assert (kinds.count("test"), kinds.count("val"), kinds[-1]) == (1, 6, "test")


@pytest.mark.usefixtures("undrawn")
def test_the_table_says_who_is_tied_and_where_everything_is(lrlab: Any, here: Path) -> None:
    answer = lrlab(*TWO, "train.steps=4", "--ablation", "annihilation")
    assert answer.code == 0
    result = json.loads((only_run(here) / "result.json").read_text())
    assert result["headline"].startswith("4it: ") and result["headline"].removesuffix(" (2 seeds)") in answer.out
    for words in (
        "policies, 4it (4 steps)",
        "the reference",
        "tied",
        "final 50 %",
        "no final",
        "LR_AT_EDGE",
        "run    ",
    ):
        assert words in answer.out, words


def test_a_dry_run_reads_well_with_many_trials_and_runs_nothing(lrlab: Any, here: Path) -> None:
    answer = lrlab("compare-policy", *TINY, "--budgets", "1ep,3ep", "--dry-run")
    assert answer.code == 0 and not (here / "runs").exists()
    lines = {line[:10].strip(): line[10:] for line in answer.out.splitlines() if line[:10].strip()}
    assert lines["trials"].startswith("192 to run (seeds 0, 1, 2), 0 done")
    assert lines["policies"] == "onecycle, torch, constant, step, cosine, linear, triangular, wsd"
    assert lines["lrs"] == "0.025, 0.05, 0.1, 0.2" and lines["budgets"] == "1ep, 3ep"
    assert lines["length"] == "5 steps (96 trials), 15 steps (96 trials), batches of 16"


@pytest.mark.usefixtures("undrawn")
def test_what_is_done_is_not_run_again(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrlab.launch import run_trial

    ran: list[str] = []
    train = run_trial.TrialRunner._train

    def dies_at_the_fifth(self: Any, trial: Any, folder: Path) -> Any:
        if len(ran) == 4:
            raise KeyboardInterrupt
        ran.append(trial.spec.id)
        return train(self, trial, folder)

    monkeypatch.setattr(run_trial.TrialRunner, "_train", dies_at_the_fifth)
    stopped = lrlab(*TWO, "--budgets", "4it")
    assert stopped.code == 130 and "lrlab compare-policy --resume" in stopped.err
    first = list(ran)
    left = lrlab(*TWO, "--budgets", "4it", "--resume", "--dry-run")
    assert left.out.startswith("trials    4 to run (seeds 1), 4 done")
    ran.clear()
    resumed = lrlab(*TWO, "--budgets", "4it", "--resume", "--json")
    assert resumed.code == 0 and len(ran) == 4 and set(ran).isdisjoint(first)
    events = [json.loads(line) for line in (only_run(here) / JOURNAL_NAME).read_text().splitlines()]
    assert len([event for event in events if event["event"] == "done"]) == 8
    monkeypatch.setattr(run_trial.TrialRunner, "_train", train)
    whole = lrlab(*TWO, "--budgets", "4it", "--out", "elsewhere", "--json")
    assert json.loads(whole.out)["tables"] == json.loads(resumed.out)["tables"]


def test_policies_that_all_diverge_are_no_answer(lrlab: Any) -> None:
    answer = lrlab(*TWO, "--budgets", "5it", "model.norm=none", "--lrs", "1e24,1e25", "--json")
    assert answer.code == 4
    data = json.loads(answer.out)
    assert "nothing completed every seed" in data["headline"] and data["tables"][0]["best"] is None
    assert all(row["flags"][0]["code"] == "NO_LR" for row in data["tables"][0]["rows"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--policies", "onecycel,cosine"), ["--policies", "no 'onecycel'", "did you mean 'onecycle'?"]),
        (("--policies", ""), ["compare_policy.policies is empty"]),
        (("--policies", "cosine"), ["names cosine alone", "name two, or ask for an ablation"]),
        (("--policies", "cosine,step,cosine"), ["names cosine twice"]),
        (("--lrs", "0.1,0"), ["--lrs", "compare_policy.lrs.1 must be above 0", "got 0"]),
        (("--lrs", "0.1,fast"), ["compare_policy.lrs.1 must be a number", "got fast"]),
        (("--lrs", "0.1,nan"), ["compare_policy.lrs.1 must be"]),
        (("--lrs", ","), ["compare_policy.lrs is empty"]),
        (("--budgets", "3"), ["--budgets", "whole epochs (3ep) or steps (200it)", "got 3"]),
        (("--budgets", "1.5ep"), ["whole epochs (3ep) or steps (200it)"]),
        (("--budgets", "0it"), ["whole epochs (3ep) or steps (200it)"]),
        (("--budgets", "2it"), ["onecycle, lr 0.025, 2it", "2 steps cannot hold 3 phases"]),
        (("--budgets", "9it,3it"), ["step, lr 0.025, 3it", "milestones must rise"]),
        (("--ablation", "momentun"), ["did you mean 'momentum'?"]),
        (("--ablation", "momentum", "optimizer.name=adam"), ["forms of SGD's momentum", "optimizer.name=adam"]),
        (("--ablation", "momentum", "optimizer.nesterov=true"), ["forms of SGD's momentum", "optimizer.nesterov"]),
        (("--lrs", "0.1", "compare_policy.lr_ratios=[1,3]"), ["lr_ratios has no effect with compare_policy.lrs"]),
        (("policy.max_lr=0.3",), ["policy.max_lr=0.3 fixes the lr of onecycle", "--lrs"]),
        (("policy.min_lr=0.05",), ["onecycle, lr 0.025", "final <= min < max"]),
        (("data.val_fraction=0",), ["chooses each policy's lr on validation images", "data.val_fraction"]),
        (("--seeds", "0"), ["--seeds"]),
    ],
    ids=str,
)
def test_bad_input_is_said_before_anything_is_trained(
    lrlab: Any, here: Path, arguments: tuple[str, ...], words: list[str]
) -> None:
    answer = lrlab("compare-policy", *TINY, *arguments)
    assert answer.code == 2 and answer.out == "" and not (here / "runs").exists()
    assert all(word in answer.err for word in words), answer.err


def test_the_command_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "compare-policy" in capsys.readouterr().out

"""`lrlab find-min-lr` and `lrlab tune` from the command line: exit codes, what is left behind, and bad input."""

from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.usefixtures("undrawn")
TINY = ("data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "find_min_lr.steps=12", "-q")
SEARCH = ("find-min-lr", *TINY, "--seeds", "2")


def test_the_answer_a_tuned_copy_and_the_policy_to_paste(lrlab: Any, here: Path) -> None:
    answer = lrlab(*SEARCH, "--max-lr", "0.05", "--apply")
    assert answer.code == 0 and "gate   max-lr 0.05 passes" in answer.out
    (run,) = here.glob("runs/find-min-lr/*/")
    tuned = yaml.safe_load((run / "tuned.yaml").read_text())
    assert tuned["policy"]["max_lr"] == tuned["optimizer"]["lr"] == 0.05
    assert (run / "plots" / "min-lr.png").exists()
    pasted = lrlab(*SEARCH, "--max-lr", "0.05").out.split("in the config:\n")[1]
    assert yaml.safe_load(pasted)["policy"] == {
        "name": "onecycle",
        **{k: tuned["policy"][k] for k in ("max_lr", "min_lr")},
    }


def test_a_max_lr_that_breaks_the_net_is_exit_4_and_says_what_passes(lrlab: Any, here: Path) -> None:
    answer = lrlab(*SEARCH, "--max-lr", "300", "--apply", "model.norm=none")
    assert answer.code == 4 and "fails: seed 0" in answer.out and "no min-lr" in answer.out
    assert not list(here.glob("runs/find-min-lr/*/tuned.yaml"))


def test_tune_leaves_a_page_and_a_config(lrlab: Any, here: Path) -> None:
    answer = lrlab("tune", *TINY, "train.steps=6", "find_min_lr.seeds=2", "--baseline")
    assert answer.code == 0, answer
    (run,) = here.glob("runs/tune/*/")
    page = (run / "report.html").read_text()
    for part in ("How large may the lr be?", "How small should it start?", "Training with both", "own lr"):
        assert part in page
    assert lrlab("validate", str(run / "tuned.yaml")).code == 0
    assert lrlab("tune", *TINY, "train.steps=6", "find_min_lr.seeds=2", "--baseline", "--resume", run.name).code == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--ratios", "0.5"), "0.5 alone leaves nothing to compare|needs at least 2 values"),
        (("--ratios", "0.5,1.5"), "must be at most 1"),
        (("--ratios", "0.5,x"), "'?x'?"),
        (("--lrs", "0.1,0.3", "--max-lr", "0.2"), "lrs holds 0.3, above find_min_lr.max_lr=0.2"),
        (("--lrs", "0.1,0.2", "--ratios", "0.1,0.2"), "both name the candidates"),
        (("--max-lr", "-1"), "must be above 0"),
        (("--method", "bisect"), "there are: time-to-target, stable-ramp"),
        (("find_min_lr.steps=2",), "must be at least 3"),
        (("--confirm", "data.val_fraction=0"), "compares validation metrics"),
    ],
)
def test_bad_input_is_exit_2_before_anything_is_run(lrlab: Any, here: Path, wrong: tuple[str, ...], says: str) -> None:
    import re

    answer = lrlab("find-min-lr", "data.name=fake", *wrong)
    assert answer.code == 2 and re.search(says, answer.err), answer
    assert not (here / "runs").exists()


@pytest.mark.parametrize("budget", ["5minutes", "0ep", "ep", "-3it", "3 ep"])
def test_a_budget_has_a_unit(lrlab: Any, here: Path, budget: str) -> None:
    answer = lrlab("tune", "data.name=fake", f"tune.budget={budget}")
    assert answer.code == 2 and "a budget has a unit" in answer.err
    assert not (here / "runs").exists()

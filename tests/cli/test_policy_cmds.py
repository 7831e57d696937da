"""`lrlab policy ls` and `lrlab policy show`, for any policy and for a config's."""

import json
from pathlib import Path
from typing import Any

import pytest

from lrlab.cli.policy_text import draw
from lrlab.policies import from_spec
from lrlab.registry import POLICIES


def test_the_listing_names_every_policy(lrlab: Any) -> None:
    answer = lrlab("policy", "ls")
    assert [line.split()[0] for line in answer.out.splitlines()] == list(POLICIES)


@pytest.mark.parametrize("name", POLICIES)
def test_any_policy_is_drawn_with_its_knots(lrlab: Any, name: str) -> None:
    answer = lrlab("policy", "show", name)
    assert answer.code == 0 and answer.err == ""
    assert answer.out.startswith(
        f"{name}: 80 steps; momentum {'is cycled' if name in ('onecycle', 'torch', 'climb') else 'stays'}"
    )
    table = answer.out[answer.out.index("knot ") :].splitlines()
    assert table[0].split() == ["knot", "step", "lr", "momentum", "effective", "lr"]
    assert " 0 " in table[1] and " 79 " in table[-1]


def test_effective_lrs_follow_the_form_of_momentum(lrlab: Any) -> None:
    def peak(*overrides: str) -> dict[str, Any]:
        return dict(json.loads(lrlab("policy", "show", "onecycle", *overrides, "--json").out)["knots"][1])

    assert peak()["lr_effective"] == pytest.approx(1 / (1 - 0.85))
    assert peak("optimizer.momentum_form=ema")["lr_effective"] == 1.0
    assert peak("optimizer.name=adam")["lr_effective"] == 1.0


def test_json_holds_every_steps_values_and_a_spec_that_makes_the_policy_again(lrlab: Any) -> None:
    data = json.loads(lrlab("policy", "show", "wsd", "policy.warmup=2ep", "--steps-per-epoch", "10", "--json").out)
    policy = from_spec(data["spec"])
    assert data["total"] == len(data["lr"]) == len(data["lr_effective"]) == 80 and data["knots"][1]["step"] == 20
    assert [policy.at(step).lr for step in range(80)] == data["lr"]
    assert data["momentum_cycled"] is False and data["plot"] is None


def test_a_config_is_drawn_over_its_own_training_without_reading_its_data(lrlab: Any, here: Path) -> None:
    (here / "mine.yaml").write_text(
        "data: {name: mnist, batch_size: 128}\noptimizer: {lr: 0.4}\npolicy: {up: 1ep, down: 50%}\ntrain: {epochs: 4}\n"
    )
    data = json.loads(lrlab("policy", "show", "mine.yaml", "--json").out)
    assert (data["total"], data["steps_per_epoch"]) == (1684, 421.0)  # 54,000 images after the validation split
    assert [knot["step"] for knot in data["knots"]] == [0, 421, 1263, 1683]
    assert max(data["lr"]) == 0.4
    shorter = lrlab("policy", "show", "mine.yaml", "train.accumulate=2", "--lr", "0.1", "--png", "p/drawn.png").out
    assert "842 steps, 4 epochs of 210.5" in shorter and "0.1" in shorter
    assert (here / "p" / "drawn.png").read_bytes().startswith(b"\x89PNG")
    assert (
        json.loads(lrlab("policy", "show", "mine.yaml", "--steps", "500", "policy.up=30", "--json").out)["total"] == 500
    )


def test_long_tables_keep_their_ends(lrlab: Any) -> None:
    out = lrlab("policy", "show", "triangular", "policy.half_cycle=1it", "--steps", "200").out
    assert "more" in out and len(out.splitlines()) < 40 and "199" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["onecylce"], ["neither a policy nor a config", "did you mean 'onecycle'?"]),
        (["nowhere.yaml"], ["there is no file nowhere.yaml"]),
        (["onecycle", "policy.up=5ep"], ["policy.up=5ep counts epochs", "--steps-per-epoch"]),
        (["onecycle", "policy.up=79it"], ["over 80 steps", "policy.up=79it", "no room"]),
        (["onecycle", "--steps", "2"], ["train.steps=2", "needs 3"]),
        (["cosine", "policy.up=3"], ["policy has no key 'up'", "command line, argument 2"]),
        (["folder.yaml"], ["data.name=imagefolder", "pass --steps"]),
    ],
)
def test_mistakes_are_sentences(lrlab: Any, here: Path, arguments: list[str], says: list[str]) -> None:
    (here / "folder.yaml").write_text("data: {name: imagefolder, root: nowhere}\n")
    answer = lrlab("policy", "show", *arguments)
    assert answer.code == 2 and answer.out == ""
    assert all(word in answer.err for word in says), answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [1.0], [0.5] * 3, [1e-6, 1e-3, 1.0]])
@pytest.mark.parametrize("log", [False, True])
def test_a_drawing_has_its_rows_and_names_top_and_bottom(values: list[float], log: bool) -> None:
    lines = draw(values, rows=6, log=log).splitlines()
    assert len(lines) == 6 and lines[0].split("|")[0].strip() == f"{max(values):.3g}"
    assert len(lines[-1].split("|")[1]) <= len(values)

"""Policies in a foreign training loop: a plain one, a resumed one, and those of torch's own schedulers."""

import copy
import io
import json
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import lrlab
from lrlab.errors import CheckpointError, UsageError
from lrlab.optim import EMASGD, PolicyScheduler
from lrlab.optim.form import momentum_form
from lrlab.policies.effective import effective_lr

TOTAL = 40
FORMS: dict[str, Any] = {
    "torch": lambda params: torch.optim.SGD(params, lr=0.3, momentum=0.9),
    "ema": lambda params: EMASGD(params, lr=0.3, momentum=0.9),
    "adam": lambda params: torch.optim.Adam(params, lr=0.3),
    "one group at a tenth": lambda params: torch.optim.SGD(
        [{"params": params[:1]}, {"params": params[1:], "lr": 0.03}], lr=0.3, momentum=0.9
    ),
}
History = list[tuple[Any, ...]]


class Foreign:
    """Somebody else's training: a small net, a loop, a checkpoint with the state of all three."""

    def __init__(self, form: str, **cycle: Any) -> None:
        torch.manual_seed(0)
        self.model = nn.Linear(3, 2)
        self.optimizer = FORMS[form](list(self.model.parameters()))
        self.scheduler = lrlab.OneCycle(self.optimizer, max_lr=0.5, total=TOTAL, **cycle)
        self.history: History = []

    def train(self, steps: int) -> "Foreign":
        for _ in range(steps):
            data = torch.randn(8, 3, generator=torch.Generator().manual_seed(len(self.history)))
            self.optimizer.zero_grad()
            self.model(data).square().mean().backward()
            self.optimizer.step()
            used = [(g["lr"], g.get("momentum", g.get("betas"))) for g in self.optimizer.param_groups]
            self.history.append((*used, float(self.model.weight.detach().sum())))
            self.scheduler.step()
        return self

    def parts(self) -> dict[str, Any]:
        return {"model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler}

    def save(self) -> io.BytesIO:
        file = io.BytesIO()
        torch.save({name: part.state_dict() for name, part in self.parts().items()}, file)
        return file


def resumed(form: str, at: int, order: tuple[str, ...]) -> History:
    before = Foreign(form).train(at)
    file = before.save()
    file.seek(0)
    state = torch.load(file, weights_only=True)
    after = Foreign(form)
    after.history = before.history
    for name in order:
        after.parts()[name].load_state_dict(state[name])
    return after.train(TOTAL - at).history


ALL = ("model", "optimizer", "scheduler")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("order", [ALL, ALL[::-1]], ids=["optimizer first", "scheduler first"])
@pytest.mark.parametrize("at", [1, 15, 16, 35, 39])
def test_a_resumed_loop_is_bit_identical_to_one_that_was_not_stopped(form: str, at: int, order: Any) -> None:
    assert resumed(form, at, order) == Foreign(form).train(TOTAL).history


def test_the_comparison_sees_a_scheduler_that_is_not_resumed() -> None:
    assert resumed("torch", 15, ("model", "optimizer")) != Foreign("torch").train(TOTAL).history


def test_ratios_survive_a_scheduler_built_after_the_optimizer_was_loaded() -> None:
    """What is in the groups then is rounded; the state holds the ratios themselves."""
    straight = Foreign("one group at a tenth").train(TOTAL).history
    for at in range(1, TOTAL, 7):
        before = Foreign("one group at a tenth").train(at)
        after = Foreign("one group at a tenth")
        after.model.load_state_dict(before.model.state_dict())
        after.optimizer.load_state_dict(copy.deepcopy(before.optimizer.state_dict()))
        after.scheduler = lrlab.OneCycle(after.optimizer, max_lr=0.5, total=TOTAL)
        after.scheduler.load_state_dict(before.scheduler.state_dict())
        after.history = before.history
        assert after.train(TOTAL - at).history == straight


@pytest.mark.parametrize("form", FORMS)
def test_the_loop_uses_the_policys_values_from_the_first_batch_on(form: str) -> None:
    policy = lrlab.policies.OneCycle(total=TOTAL, max_lr=0.5)
    run = Foreign(form).train(TOTAL)
    for step, row in enumerate(run.history):
        lr, momentum = row[0]
        assert (lr, momentum if form != "adam" else momentum[0]) == policy.at(step)[:2]
        if form == "one group at a tenth":
            assert row[1][0] == pytest.approx(lr / 10)


def test_it_never_steps_past_its_end() -> None:
    run = Foreign("torch").train(TOTAL + 25)
    assert run.scheduler.get_last_lr() == [pytest.approx(0.0005)]
    assert {row[0] for row in run.history[TOTAL - 1 :]} == {run.history[TOTAL - 1][0]}


def test_it_is_a_torch_scheduler_that_leaves_the_optimizer_as_it_is() -> None:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    step, keys = optimizer.step, set(optimizer.param_groups[0])
    scheduler = lrlab.OneCycle(optimizer, max_lr=0.5, total=TOTAL)
    assert isinstance(scheduler, lr_scheduler.LRScheduler)
    assert optimizer.step == step and set(optimizer.param_groups[0]) == keys  # no initial_lr, no wrapped step
    assert scheduler.optimizer is optimizer and scheduler.last_epoch == 0
    assert scheduler.get_last_lr() == scheduler.get_lr() == scheduler.base_lrs == [pytest.approx(0.05)]
    scheduler.step(15)
    assert scheduler.get_last_lr() == [0.5] and scheduler.last_epoch == 15
    assert copy.deepcopy(scheduler).get_last_lr() == [0.5]


def test_its_state_is_plain_data() -> None:
    state = Foreign("torch").train(3).scheduler.state_dict()
    assert state["step"] == 3 and json.loads(json.dumps(state)) == state
    assert set(state) == {"step", "policy", "ratios"}


def test_any_policy_runs_and_a_group_added_later_keeps_its_ratio() -> None:
    model, more = nn.Linear(3, 2), nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = PolicyScheduler(optimizer, lrlab.policies.Cosine(lr=1e-3, total=10))
    optimizer.add_param_group({"params": [more], "lr": 5e-4})
    lrs = []
    for _ in range(10):
        optimizer.step()
        lrs.append([group["lr"] for group in optimizer.param_groups])
        scheduler.step()
    assert all(first[0] > second[0] for first, second in pairwise(lrs))
    assert all(group[1] == pytest.approx(group[0] / 2) for group in lrs)
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)  # the policy leaves momentum alone


@pytest.mark.parametrize("form", ["torch", "ema", "adam"])
def test_both_forms_are_cycled_and_their_effective_lr_is_known(form: Any) -> None:
    run = Foreign(form).train(TOTAL)
    assert momentum_form(run.optimizer) == form
    momenta = [row[0][1][0] if form == "adam" else row[0][1] for row in run.history]
    assert momenta[0] == momenta[-1] == 0.95 and min(momenta) == momenta[15] == 0.85
    swing = [effective_lr(row[0][0], m, form) for row, m in zip(run.history, momenta, strict=True)]
    # 0.05 to 0.5: tenfold in the lr, and 3.3 times in what the weights feel where the buffer is a sum
    assert swing[15] / swing[0] == pytest.approx({"torch": 10 / 3, "ema": 10, "adam": 10}[form])


def without(**options: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD([nn.Parameter(torch.zeros(2))], lr=0.1, **options)


@pytest.mark.parametrize(
    ("optimizer", "says"),
    [
        (without(), "SGD has momentum=0, and the policy would set it to 0.95"),
        (torch.optim.Adagrad([nn.Parameter(torch.zeros(2))]), "Adagrad has no momentum"),
        (torch.optim.Adam([nn.Parameter(torch.zeros(2))], betas=(0.0, 0.99)), "Adam has beta1=0"),
    ],
)
def test_momentum_is_never_switched_on(optimizer: torch.optim.Optimizer, says: str) -> None:
    before = copy.deepcopy(optimizer.param_groups[0])
    with pytest.raises(UsageError, match=says):
        lrlab.OneCycle(optimizer, max_lr=0.5, total=TOTAL)
    after = optimizer.param_groups[0]
    assert {k: v for k, v in after.items() if k != "params"} == {k: v for k, v in before.items() if k != "params"}
    lrlab.OneCycle(optimizer, max_lr=0.5, total=TOTAL, momentum=None)
    assert after.get("momentum", after.get("betas")) == before.get("momentum", before.get("betas"))


def test_another_policys_state_is_refused_with_what_differs_and_a_way_on() -> None:
    state = Foreign("torch").train(12).scheduler.state_dict()
    other = Foreign("torch")
    other.scheduler = lrlab.OneCycle(other.optimizer, max_lr=0.5, total=2 * TOTAL, min_lr=0.1)
    with pytest.raises(CheckpointError, match=r"min_lr=None, not 0.1; total=40, not 80") as caught:
        other.scheduler.load_state_dict(state)
    assert caught.value.hint is not None and "start=12" in caught.value.hint
    goes_on = lrlab.OneCycle(other.optimizer, max_lr=0.5, total=2 * TOTAL, start=12)
    assert goes_on.get_last_lr() == [lrlab.policies.OneCycle(total=2 * TOTAL, max_lr=0.5).at(12).lr]


@pytest.mark.parametrize(
    ("state", "says"),
    [({}, "policy, ratios, step missing"), ({"last_epoch": 3}, "not the state of an lrlab scheduler")],
)
def test_a_foreign_state_is_refused(state: dict[str, Any], says: str) -> None:
    with pytest.raises(CheckpointError, match=says):
        Foreign("torch").scheduler.load_state_dict(state)


def test_a_state_with_other_groups_is_refused() -> None:
    with pytest.raises(CheckpointError, match="2 parameter groups were saved, and there are 1 now"):
        Foreign("torch").scheduler.load_state_dict(Foreign("one group at a tenth").scheduler.state_dict())


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(UsageError, match="optimizer is a Linear"):
        PolicyScheduler(nn.Linear(1, 1), lrlab.policies.Cosine(1.0, 9))  # type: ignore[arg-type]


def test_it_takes_its_turn_in_torchs_sequential_scheduler() -> None:
    optimizer = without(momentum=0.9)
    warmup = lr_scheduler.LinearLR(optimizer, 0.1, 1.0, total_iters=5)
    cycle = lrlab.OneCycle(optimizer, max_lr=1.0, total=TOTAL, min_lr=0.1)
    both = lr_scheduler.SequentialLR(optimizer, [warmup, cycle], milestones=[5])
    lrs = []
    for _ in range(5 + TOTAL):
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        both.step()
    policy = lrlab.policies.OneCycle(total=TOTAL, max_lr=1.0, min_lr=0.1)
    assert lrs[5:] == [policy.at(step).lr for step in range(TOTAL)]
    assert lrs[:5] == pytest.approx([0.1 * (0.1 + 0.18 * step) for step in range(5)])

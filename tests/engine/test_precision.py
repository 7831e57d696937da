"""bf16 and fp16 against plain autocast loops; what an overflow costs. torch's scaler runs on the CPU too."""

import math
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lrlab.analysis.divergence import StopReason
from lrlab.config.load import load_config
from lrlab.engine.batches import LoaderStream
from lrlab.engine.evaluate import evaluate
from lrlab.engine.loop import LoopEnd, run_loop
from lrlab.engine.precision import PATIENCE, GradientOverflow, LossScaler, check_precision, to_fp32
from lrlab.engine.records import SilentObserver, StepRecord
from lrlab.engine.task import Task, classified_correctly
from lrlab.errors import ConfigError, ResourceError, UsageError
from lrlab.policies.range import Range

CPU = torch.device("cpu")
F = torch.nn.functional
STEPS, LR_MIN, LR_MAX = 12, 1e-3, 0.3


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))


def batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(120, 6, generator=generator)
    y = (x @ torch.randn(6, 3, generator=generator)).argmax(1)
    return list(zip(x.split(12), y.split(12), strict=True))


def task_of(precision: Any, scaler: Any = None, **options: Any) -> Task:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    task = Task(model, optimizer, F.cross_entropy, CPU, precision=precision, **options)
    if scaler is not None:
        task.scaler = LossScaler(CPU, scaler)
    return task


class Seen(SilentObserver):
    def __init__(self) -> None:
        self.records: list[StepRecord] = []

    def on_step(self, record: StepRecord, task: Any) -> None:
        self.records.append(record)


def ours(task: Task) -> tuple[LoopEnd, list[StepRecord], LoaderStream]:
    seen, stream = Seen(), LoaderStream(batches())
    end = run_loop(task, Range(LR_MIN, LR_MAX, STEPS), stream, observers=[seen])
    return end, seen.records, stream


def plain(dtype: torch.dtype, scaler: Any = None) -> tuple[dict[str, Tensor], list[float], int]:
    """The loop of torch's documentation of automatic mixed precision, with the lr moved by accepted updates."""
    model, data = net(), batches()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    policy, losses, taken = Range(LR_MIN, LR_MAX, STEPS), [], 0
    while len(losses) < STEPS:
        x, y = data[taken % len(data)]
        taken += 1
        optimizer.param_groups[0]["lr"] = policy.at(len(losses)).lr
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype):
            logits = model(x)
        loss = F.cross_entropy(logits.float(), y)
        if scaler is None:
            loss.backward()
            optimizer.step()
        else:
            before = scaler.get_scale()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            if scaler.get_scale() < before:
                continue
        losses.append(loss.item())
    return dict(model.state_dict()), losses, taken


def equal(left: dict[str, Tensor], right: dict[str, Tensor], *, except_for: str = "-") -> bool:
    return all(torch.equal(left[name], right[name]) for name in right if except_for not in name)


def scaler_from(scale: float) -> Any:
    return torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=4)


def test_bf16_is_bitwise_a_plain_autocast_loop_and_not_fp32() -> None:
    task = task_of("bf16", correct_fn=classified_correctly)
    end, records, _ = ours(task)
    weights, losses, _ = plain(torch.bfloat16)
    assert end == LoopEnd(STEPS, StopReason.END)
    assert [r.loss for r in records] == losses and equal(dict(task.model.state_dict()), weights)
    assert all(p.dtype is torch.float32 for p in task.model.parameters())
    assert [r.loss for r in ours(task_of("fp32"))[1]] != losses


@pytest.mark.parametrize("scale", [2.0**10, 2.0**24])
def test_fp16_is_bitwise_torchs_own_loop_with_its_scaler(scale: float) -> None:
    """From 2**24 gradients overflow at first, and again whenever the scale has grown back."""
    task = task_of("fp16", scaler_from(scale))
    end, records, stream = ours(task)
    weights, losses, taken = plain(torch.float16, scaler_from(scale))
    assert end == LoopEnd(STEPS, StopReason.END)
    assert [r.loss for r in records] == losses and stream.consumed == taken
    # BatchNorm saw the skipped batches in both
    assert equal(dict(task.model.state_dict()), weights)
    assert task.scaler is not None and task.scaler.overflows == taken - STEPS
    assert (taken > STEPS + 3) == (scale > 2.0**20)


def test_the_model_computes_in_half_precision_and_the_loss_in_fp32() -> None:
    seen: list[torch.dtype] = []

    def loss_fn(outputs: Tensor, targets: Tensor) -> Tensor:
        seen.append(outputs.dtype)
        return F.cross_entropy(outputs, targets)

    task = task_of("bf16")
    task.loss_fn = loss_fn
    handle = task.model[3].register_forward_hook(lambda m, i, o: seen.append(o.dtype))  # type: ignore[index]
    task.update(LoaderStream(batches()))
    handle.remove()
    assert seen == [torch.bfloat16, torch.float32]


def test_evaluation_is_in_the_precision_of_training() -> None:
    class Source:
        steps_per_epoch = 10

        def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
            return iter(batches())

    def loss_in(precision: str) -> float:
        return evaluate(task_of(precision), Source(), split="val", step=0, epoch=0).loss

    model = net().eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        total = [F.cross_entropy(model(x).float(), y).double() for x, y in batches()]
    assert loss_in("bf16") == pytest.approx(float(torch.stack(total).mean()), rel=1e-12)
    assert loss_in("bf16") != loss_in("fp32")


class Stub:
    """A scaler whose overflows are written down: True is one."""

    def __init__(self, overflows: list[bool], scale: float = 4.0) -> None:
        self.overflows, self.scale_, self.steps = iter(overflows), scale, 0

    def scale(self, loss: Tensor) -> Tensor:
        return loss

    def unscale_(self, optimizer: Any) -> None:
        pass

    def step(self, optimizer: Any) -> None:
        self.skip = next(self.overflows, False)
        if not self.skip:
            self.steps += 1
            optimizer.step()

    def update(self, scale: float | None = None) -> None:
        self.scale_ = scale if scale is not None else self.scale_ / 2 if self.skip else self.scale_

    def get_scale(self) -> float:
        return self.scale_

    def state_dict(self) -> dict[str, float]:
        return {"scale": self.scale_}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.scale_ = state["scale"]


def test_an_overflow_neither_advances_nor_counts() -> None:
    pattern = [True, False, False, True, True, False]
    task = task_of("fp16", stub := Stub(pattern))
    end, records, stream = ours(task)
    policy = Range(LR_MIN, LR_MAX, STEPS)
    assert end == LoopEnd(STEPS, StopReason.END) and stub.steps == STEPS
    assert [r.step for r in records] == list(range(STEPS))
    assert [r.lr for r in records] == [policy.at(i).lr for i in range(STEPS)]  # no lr is jumped over
    assert stream.consumed == STEPS + 3
    assert task.scaler is not None and task.scaler.overflows == 3


def test_overflows_without_end_are_a_divergence() -> None:
    task = task_of("fp16", Stub([False] * 5 + [True] * 1000))
    end, records, stream = ours(task)
    assert end == LoopEnd(5, StopReason.OVERFLOW) and len(records) == 5
    assert stream.consumed == 5 + 2 + PATIENCE  # from 4 down to 1, and then patience
    assert task.scaler is not None and task.scaler.state_dict()["scaler"] == {"scale": 1.0}  # never below


def test_an_overflow_now_and_then_at_the_lowest_scale_is_none() -> None:
    task = task_of("fp16", Stub([True, True, True, False] * STEPS, scale=1.0))
    assert ours(task)[0] == LoopEnd(STEPS, StopReason.END)


def test_weights_that_blew_up_end_a_real_fp16_training() -> None:
    task = task_of("fp16", scaler_from(2.0**6))
    with torch.no_grad():
        task.model[3].weight.fill_(1e30)  # type: ignore[index]
    end, records, _ = ours(task)
    assert end == LoopEnd(0, StopReason.OVERFLOW) and records == []
    assert all(bool(p.isfinite().all()) for p in task.model.parameters())


def test_the_scaler_comes_back_from_plain_data() -> None:
    task = task_of("fp16", scaler_from(2.0**24))
    ours(task)
    assert task.scaler is not None
    state, twin = task.scaler.state_dict(), LossScaler(CPU, scaler_from(1.0))
    twin.load_state_dict(state)
    assert twin.state_dict() == state and state["overflows"] > 0


def test_patience_counts_overflows_in_a_row_over_a_resume() -> None:
    scaler = LossScaler(CPU, Stub([True] * 100, scale=1.0))
    optimizer = task_of("fp32").optimizer
    for _ in range(PATIENCE - 1):
        assert not scaler.step(optimizer)
    other = LossScaler(CPU, Stub([True] * 100, scale=1.0))
    other.load_state_dict(scaler.state_dict())
    with pytest.raises(GradientOverflow):
        other.step(optimizer)


def test_fp16_on_a_cpu_is_refused() -> None:
    with pytest.raises(ResourceError, match="90 times slower") as caught:
        check_precision("fp16", CPU)
    assert caught.value.exit_code == 5
    with pytest.raises(ConfigError, match=r"train.precision=fp16 needs CUDA, and train.device=cpu"):
        load_config(None, ["train.precision=fp16", "train.device=cpu"])  # both written: a contradiction, exit 2
    check_precision("bf16", CPU)


def test_an_optimizer_with_a_closure_has_no_scaler() -> None:
    model = net()
    with pytest.raises(UsageError, match="LBFGS needs a closure"):
        Task(model, torch.optim.LBFGS(model.parameters()), F.cross_entropy, CPU, precision="fp16")


def test_every_half_in_a_nest_of_outputs_becomes_fp32() -> None:
    Pair = namedtuple("Pair", "a b")
    half, double = torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.float64)
    found = to_fp32({"x": [half, Pair(half.half(), double)], "y": "word"})
    assert found["x"][0].dtype is found["x"][1].a.dtype is torch.float32
    assert found["x"][1].b.dtype is torch.float64 and found["y"] == "word"


def test_a_nan_loss_in_bf16_is_seen_at_once() -> None:
    task = task_of("bf16")
    with torch.no_grad():
        task.model[3].weight.fill_(math.nan)  # type: ignore[index]
    values, _ = task.update(LoaderStream(batches()))
    assert math.isnan(values.item())

"""Whole trainings and sweeps on CUDA: no wait per step, precisions, overflow, resume, out of memory."""

import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from trainings import same, spec_of, train

import lrlab
from lrlab.analysis.divergence import StopReason
from lrlab.engine.loop import run_loop
from lrlab.engine.memory import memory_explained
from lrlab.errors import ResourceError
from lrlab.launch.assemble import assemble

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: trainings on CUDA are not run"),
]
CUDA = ["train.device=cuda", "data.batch_size=16", "train.steps=40"]
MLP = [*CUDA, "model.name=mlp", "data.crop=0"]  # its kernels are deterministic


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["train.precision=bf16"],
        ["train.clip_norm=0.5"],
        ["train.label_smoothing=0.1"],
        ["train.accumulate=2"],
        ["train.channels_last=false"],
        ["optimizer.name=adamw", "optimizer.lr=0.001"],
        ["optimizer.momentum_form=ema"],
        ["train.precision=bf16", "train.clip_norm=0.5", "train.label_smoothing=0.1", "train.accumulate=2"],
    ],
    ids=lambda options: " ".join(options) or "plain",
)
def test_no_step_waits_for_the_host(options: list[str]) -> None:
    warm, trial = assemble(spec_of(*CUDA, *options)), assemble(spec_of(*CUDA, *options))
    run_loop(warm.task, warm.policy, warm.stream)  # what is lazy is made here
    torch.cuda.set_sync_debug_mode("error")
    try:
        end = run_loop(trial.task, trial.policy, trial.stream)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert (end.step, end.reason) == (40, StopReason.END)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_learns(precision: str) -> None:
    ended = train(spec_of(*CUDA, f"train.precision={precision}", "train.steps=120"), None)
    assert ended.result is not None and ended.result.status == "completed"
    assert sum(ended.losses[-20:]) < 0.7 * sum(ended.losses[:20])
    assert ended.metrics["test_accuracy"] > 0.5


def test_the_first_loss_is_the_cpus() -> None:
    there, here = (
        train(spec_of(*MLP, "model.dropout=0.0"), None),
        train(spec_of(*MLP, "model.dropout=0.0", "train.device=cpu"), None),
    )
    assert there.losses[0] == pytest.approx(here.losses[0], rel=1e-3)


@pytest.fixture
def overflowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss scale far too large, which grows back every third update."""
    scaler = functools.partial(torch.amp.GradScaler, init_scale=2.0**40, growth_interval=3)
    monkeypatch.setattr(torch.amp, "GradScaler", scaler)


@pytest.mark.usefixtures("overflowing")
def test_overflows_in_fp16_cost_batches_and_no_steps() -> None:
    ended = train(spec_of(*MLP, "train.precision=fp16"), None)
    assert ended.result is not None and ended.result.steps == 40 and len(ended.losses) == 40
    assert ended.metrics["overflows"] >= 5
    assert ended.state["progress"]["batches"] == 40 + ended.metrics["overflows"]


def test_weights_beyond_fp16_end_as_diverged() -> None:
    trial = assemble(spec_of(*MLP, "train.precision=fp16"))
    with torch.no_grad():
        next(trial.task.model.parameters()).fill_(1e30)
    assert run_loop(trial.task, trial.policy, trial.stream).reason is StopReason.OVERFLOW


@pytest.mark.usefixtures("overflowing")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("stop_after", [1, 17])
def test_resume_is_exact(precision: str, stop_after: int, tmp_path: Path) -> None:
    spec = spec_of(*MLP, f"train.precision={precision}", "train.checkpoint.every=100")
    straight = train(spec, None)
    first = train(spec, tmp_path, stop_after=stop_after)
    rest = train(spec, tmp_path, resume=True)
    assert first.losses + rest.losses == straight.losses
    assert same(_on_host(rest.state), _on_host(straight.state)) and rest.metrics == straight.metrics


def _on_host(state: Any) -> Any:
    if isinstance(state, torch.Tensor):
        return state.cpu()
    if isinstance(state, dict):
        return {key: _on_host(value) for key, value in state.items()}
    return [_on_host(value) for value in state] if isinstance(state, list | tuple) else state


def test_out_of_memory_names_batch_size_peak_and_total() -> None:
    device = torch.device("cuda")
    peak = r"batches of 512 images; the peak was [0-9.]+ of [0-9.]+ GiB"
    with pytest.raises(ResourceError, match=peak) as caught, memory_explained(device, 512):
        torch.empty(2**50, dtype=torch.uint8, device=device)
    assert "data.batch_size" in str(caught.value.hint)


@pytest.mark.parametrize("options", [{}, {"precision": "bf16"}, {"precision": "fp16"}, {"clip_norm": 0.5}])
def test_a_range_test_of_ones_own_model(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5)).cuda()
    x = torch.randn(640, 20)
    y = (x @ torch.randn(20, 5)).argmax(1)
    before = [p.detach().clone() for p in model.parameters()]
    finding = lrlab.range_test(
        model, list(zip(x.split(32), y.split(32), strict=True)),
        optimizer=lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9), lr_max=100.0, progress=False, **options,
    )  # fmt: skip
    assert len(finding.losses) >= 20 and finding.losses[0] == pytest.approx(1.6, abs=0.4)
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


@pytest.mark.slow
def test_a_compiled_training() -> None:
    pytest.importorskip("triton")
    options = [*MLP, "model.dropout=0.0"]
    compiled, plain = train(spec_of(*options, "train.compile=true"), None), train(spec_of(*options), None)
    assert compiled.metrics["val_loss"] == pytest.approx(plain.metrics["val_loss"], rel=1e-2)

"""Clipping, label smoothing and memory layout against plain PyTorch and closed forms."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import lrlab
from lrlab.engine.batches import LoaderStream
from lrlab.engine.loop import run_loop
from lrlab.engine.records import SilentObserver, StepRecord
from lrlab.engine.task import Task, classified_correctly
from lrlab.errors import LrlabError
from lrlab.policies.constant import Constant

CPU = torch.device("cpu")
F = torch.nn.functional
STEPS, LIMIT = 20, 3.0


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 3))


def batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(80, 3, 6, 6, generator=generator)
    y = (x.flatten(1) @ torch.randn(108, 3, generator=generator)).argmax(1)
    return list(zip(x.split(8), y.split(8), strict=True))


class Norms(SilentObserver):
    def __init__(self) -> None:
        self.norms: list[float | None] = []
        self.losses: list[float] = []

    def on_step(self, record: StepRecord, task: Any) -> None:
        self.norms.append(record.grad_norm)
        self.losses.append(record.loss)


def ours(**options: Any) -> tuple[dict[str, Tensor], Norms]:
    model = net()
    task = Task(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), F.cross_entropy, CPU, **options)
    seen = Norms()
    run_loop(task, Constant(0.1, STEPS), LoaderStream(batches()), observers=[seen])
    return dict(model.state_dict()), seen


def plain(clip: float | None, accumulate: int = 1, layout: Any = None) -> tuple[dict[str, Tensor], list[float]]:
    model, norms, taken = net(), [], 0
    if layout is not None:
        model = model.to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(STEPS):
        optimizer.zero_grad()
        for _ in range(accumulate):
            x, y = batches()[taken % 10]
            taken += 1
            loss = F.cross_entropy(model(x if layout is None else x.contiguous(memory_format=layout)), y)
            (loss / accumulate).backward()
        limit = clip if clip is not None else float("inf")
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), limit).item())
        optimizer.step()
    return dict(model.state_dict()), norms


def equal(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return all(torch.equal(left[name], right[name]) for name in right)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_clipping_is_bitwise_torchs_and_the_norm_recorded_is_the_one_before(accumulate: int) -> None:
    weights, seen = ours(clip_norm=LIMIT, grad_norm=True, accumulate=accumulate)
    reference, norms = plain(LIMIT, accumulate)
    assert seen.norms == norms and equal(weights, reference)
    assert min(norms) < LIMIT < max(norms)  # some are clipped, some are not
    assert not equal(ours(accumulate=accumulate)[0], reference)


def test_clipping_beside_other_measurements_and_without_any() -> None:
    reference, _ = plain(LIMIT)
    assert equal(ours(clip_norm=LIMIT)[0], reference)
    assert equal(ours(clip_norm=LIMIT, grad_norm=True, correct_fn=classified_correctly)[0], reference)


def test_each_gradient_of_a_closure_is_clipped() -> None:
    model = nn.Linear(4, 1)
    task = Task(model, torch.optim.LBFGS(model.parameters(), lr=1.0), F.mse_loss, CPU, clip_norm=1e-3, grad_norm=True)
    before = [p.detach().clone() for p in model.parameters()]
    x = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    values, _ = task.update(LoaderStream([(x, 100 * x.sum(1, keepdim=True))]))
    assert values[1] > 1.0  # the norm before clipping
    assert max(float((p - b).detach().abs().max()) for p, b in zip(model.parameters(), before, strict=True)) < 1.0


def test_the_range_test_of_the_api_clips_and_lowers_too() -> None:
    def sweep(**options: Any) -> lrlab.RangeFinding:
        optimizer = lambda params: torch.optim.SGD(params, lr=0.1)  # noqa: E731
        return lrlab.range_test(
            net(), batches(), optimizer=optimizer, steps=30, lr_max=3.0, stop=False, progress=False, **options
        )

    free, clipped = sweep(grad_norm=True), sweep(clip_norm=0.05, grad_norm=True)
    assert clipped.losses[0] == free.losses[0]
    assert clipped.losses[-1] < free.losses[-1]  # a long step is what breaks it
    assert max(clipped.sweeps[0].grad_norms) > 0.05  # before clipping
    assert sweep(clip_norm=0.05).losses == clipped.losses and not sweep(clip_norm=0.05).sweeps[0].grad_norms
    assert sweep(precision="bf16").losses != free.losses
    with pytest.raises(LrlabError, match="clip_norm"):
        sweep(clip_norm=-1.0)
    with pytest.raises(LrlabError, match="bf16"):
        sweep(precision="fp16")  # no CUDA here


def test_channels_last_is_bitwise_a_plain_channels_last_loop() -> None:
    model = net().to(memory_format=torch.channels_last)
    seen: list[bool] = []
    model[0].register_forward_hook(  # type: ignore[index]
        lambda m, inputs, o: seen.append(inputs[0].is_contiguous(memory_format=torch.channels_last))
    )
    task = Task(
        model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), F.cross_entropy, CPU, channels_last=True
    )
    run_loop(task, Constant(0.1, STEPS), LoaderStream(batches()))
    reference, _ = plain(None, layout=torch.channels_last)
    assert all(seen) and equal(dict(model.state_dict()), reference)


@pytest.mark.parametrize("name", ["true", "false"])
def test_the_option_decides_the_layout_of_weights_and_images(name: str) -> None:
    from lrlab.config.load import load_config
    from lrlab.experiments.train import Train
    from lrlab.launch.assemble import assemble

    overrides = ["data.name=fake", "data.channels=3", "model.width=8", f"train.channels_last={name}"]
    trial = assemble(Train.from_config(load_config(None, overrides).config.model_dump(mode="json")).propose([])[0])
    weight = next(p for p in trial.task.model.parameters() if p.ndim == 4)
    assert weight.is_contiguous(memory_format=torch.channels_last) == (name == "true")
    assert trial.task.channels_last == (name == "true")


def test_label_smoothing_is_for_training_alone() -> None:
    """Closed form: (1 - s) CE + s times the mean of -log p over the classes (Szegedy et al. 2016, section 7)."""
    from lrlab.config.load import load_config
    from lrlab.experiments.train import Train
    from lrlab.launch.assemble import assemble

    overrides = ["data.name=fake", "train.label_smoothing=0.2", "data.classes=4"]
    trial = assemble(Train.from_config(load_config(None, overrides).config.model_dump(mode="json")).propose([])[0])
    logits, targets = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)), torch.arange(9) % 4
    log_p = logits.log_softmax(1)
    hard = -log_p[torch.arange(9), targets].mean()
    smooth = 0.8 * hard - 0.2 * log_p.mean()
    assert trial.task.loss_fn(logits, targets).item() == pytest.approx(smooth.item(), rel=1e-6)
    assert trial.task.eval_loss(logits, targets).item() == pytest.approx(hard.item(), rel=1e-6)
    assert abs(smooth - hard) > 0.01

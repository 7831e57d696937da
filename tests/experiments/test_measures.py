"""What a sweep can keep beside the loss: accuracy and gradient norm, against a plain loop."""

import pytest
import torch
from torch import Tensor, nn

import lrlab

F = torch.nn.functional
STEPS, K = 30, 3


def parts() -> tuple[nn.Module, list[tuple[Tensor, Tensor]]]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(640, 20, generator=generator)
    y = (x @ torch.randn(20, 5, generator=generator)).argmax(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 5))
    return model, list(zip(x.split(16), y.split(16), strict=True))


def sweep(*, accumulate: int = 1, **measures: object) -> lrlab.RangeFinding:
    model, batches = parts()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return lrlab.range_test(
        model, batches, optimizer=optimizer, lr_max=0.5, steps=STEPS, accumulate=accumulate, progress=False, **measures
    )  # type: ignore[arg-type]


def plain(lrs: tuple[float, ...], accumulate: int) -> tuple[list[float], list[float]]:
    """Accuracies and gradient norms of 15 lines of PyTorch."""
    model, batches = parts()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    accuracies, norms, taken = [], [], 0
    for lr in lrs:
        optimizer.param_groups[0]["lr"] = lr
        optimizer.zero_grad()
        correct = samples = 0
        for _ in range(accumulate):
            x, y = batches[taken % len(batches)]
            taken += 1
            logits = model(x)
            (F.cross_entropy(logits, y) / accumulate).backward()
            correct, samples = correct + int((logits.argmax(1) == y).sum()), samples + len(y)
        accuracies.append(correct / samples)
        norms.append(float(torch.cat([p.grad.flatten() for p in model.parameters()]).double().norm()))
        optimizer.step()
    return accuracies, norms


@pytest.mark.parametrize("accumulate", [1, K])
def test_accuracy_and_gradient_norm_are_those_of_a_plain_loop(accumulate: int) -> None:
    finding = sweep(accumulate=accumulate, accuracy=True, grad_norm=True)
    accuracies, norms = plain(finding.lrs, accumulate)
    assert finding.sweeps[0].accuracies == pytest.approx(accuracies, rel=1e-6)
    assert finding.sweeps[0].grad_norms == pytest.approx(norms, rel=1e-5)
    assert max(accuracies) > 0.5 and max(norms) > 1.2 * min(norms)  # both move


def test_measuring_changes_no_loss() -> None:
    assert sweep(accuracy=True, grad_norm=True).losses == sweep().losses
    assert sweep().sweeps[0].accuracies == sweep().sweeps[0].grad_norms == ()


def test_each_alone_and_a_count_of_ones_own() -> None:
    both = sweep(accuracy=True, grad_norm=True).sweeps[0]
    assert sweep(grad_norm=True).sweeps[0].grad_norms == both.grad_norms
    top2 = sweep(accuracy=lambda o, t: (o.topk(2, dim=1).indices == t[:, None]).any(1).sum()).sweeps[0]
    assert sum(top2.accuracies) > sum(both.accuracies) and not top2.grad_norms


def test_the_figure_has_a_panel_for_each() -> None:
    assert len(lrlab.plot(sweep()).axes) == 1
    assert [a.get_ylabel() for a in lrlab.plot(sweep(accuracy=True, grad_norm=True)).axes][1:] == [
        "accuracy, %",
        "gradient norm",
    ]

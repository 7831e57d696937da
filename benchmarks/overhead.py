"""What a range test costs a step, beside a bare training loop and torch-lr-finder. Run by `make bench`.

Method: process CPU time, one thread, in-memory batches. A step's cost is the slope between a short and a long
sweep, so that set-up cancels out; contenders take turns within a round, a ratio compares within its round, and the
median over rounds is printed. The models are a small CNN (28x28, convolutions 16 and 32 with stride 2, batch 64)
and a tiny MLP (784-32-10, batch 16), where every microsecond shows.
"""

import argparse
import contextlib
import gc
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn

import lrlab
from lrlab.launch.recording import curve_rows
from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import JsonlSink
from lrlab.track.tensorboard import tensorboard_sink

F = torch.nn.functional
Batches = list[tuple[Tensor, Tensor]]
LR = {"lr_min": 1e-6, "lr_max": 1e-2}  # a range in which nothing diverges: every contender does all its steps


def cnn() -> nn.Module:
    layers = [
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1568, 10),
    ]
    return nn.Sequential(*layers)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))


def batches(size: int) -> Batches:
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.randn(size, 1, 28, 28, generator=generator), torch.randint(10, (size,), generator=generator))
        for _ in range(32)
    ]


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)


def bare(model: nn.Module, data: Batches, steps: int) -> None:
    optimizer = sgd(model)
    model.train()
    for i in range(steps):
        x, y = data[i % len(data)]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()


def api(model: nn.Module, data: Batches, steps: int) -> None:
    finding = lrlab.range_test(model, data, optimizer=sgd(model), steps=steps, **LR)
    assert len(finding.losses) == steps


def all_sinks(model: nn.Module, data: Batches, steps: int) -> None:
    finding = lrlab.range_test(model, data, optimizer=sgd(model), steps=steps, **LR)
    with tempfile.TemporaryDirectory() as folder:
        sinks = GuardedSinks(
            [JsonlSink(Path(folder, "metrics.jsonl")), tensorboard_sink(Path(folder, "tb"), None)], print
        )
        sinks.rows(curve_rows({"lr": finding.lrs, "loss": finding.losses}))
        sinks.hparams({"steps": steps}, {"best_loss": min(finding.losses)})
        sinks.close()


def torch_lr_finder(model: nn.Module, data: Batches, steps: int) -> None:
    from torch_lr_finder import LRFinder

    optimizer = torch.optim.SGD(model.parameters(), lr=LR["lr_min"], momentum=0.9)
    loader = torch.utils.data.DataLoader(_Stored(data), batch_size=None)
    with (
        open(os.devnull, "w") as silent,
        contextlib.redirect_stderr(silent),
        contextlib.redirect_stdout(silent),
    ):
        finder = LRFinder(model, optimizer, nn.CrossEntropyLoss(), device="cpu")
        finder.range_test(loader, end_lr=LR["lr_max"], num_iter=steps)
        finder.reset()
    assert len(finder.history["loss"]) == steps


class _Stored(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """The same batches through a DataLoader, which torch-lr-finder insists on (batch_size=None: no collation)."""

    def __init__(self, data: Batches) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.data[index]


CONTENDERS: dict[str, Callable[[nn.Module, Batches, int], None]] = {
    "bare loop": bare,
    "lrlab.range_test": api,
    "lrlab + all sinks": all_sinks,
    "torch-lr-finder": torch_lr_finder,
}


def slope(
    run: Callable[[nn.Module, Batches, int], None],
    make: Callable[[], nn.Module],
    data: Batches,
    span: tuple[int, int],
) -> float:
    """CPU-seconds per step."""
    times = []
    for steps in span:
        torch.manual_seed(0)
        model = make()
        gc.collect()
        began = time.process_time()
        run(model, data, steps)
        times.append(time.process_time() - began)
    return (times[1] - times[0]) / (span[1] - span[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    cases = [
        ("CNN 28x28, batch 64", cnn, batches(64), (40, 240)),
        ("MLP 784-32-10, batch 16", mlp, batches(16), (100, 1100)),
    ]
    for title, make, data, span in cases:
        for run in CONTENDERS.values():
            run(make(), data, span[0])  # warm-up
        found: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for _ in range(rounds):
            for name, run in CONTENDERS.items():
                found[name].append(slope(run, make, data, span))
        print(f"\n{title}: median of {rounds} rounds, slope between {span[0]} and {span[1]} steps")
        print(f"{'':20}{'us/step':>10}{'ratio':>8}   ratios, smallest to largest")
        for name, times in found.items():
            ratios = sorted(t / b for t, b in zip(times, found["bare loop"], strict=True))
            print(
                f"{name:20}{1e6 * statistics.median(times):10.0f}{statistics.median(ratios):8.3f}"
                f"   {ratios[0]:.3f} to {ratios[-1]:.3f}"
            )


if __name__ == "__main__":
    main()

"""Golden loss curves: what they are, how they are made, and how they are written down.

    make golden        # writes the .txt files beside this one anew

A change of the files is a change of what lrlab computes: it belongs in a review, with its reason.
"""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lrlab.config.load import load_config
from lrlab.engine.loop import run_loop
from lrlab.experiments.range_test import RangeTest
from lrlab.experiments.train import Train
from lrlab.launch.assemble import assemble
from lrlab.launch.recording import CurveRecorder
from lrlab.launch.sweep import run_sweep

FOLDER = Path(__file__).parent
SMALL = ["train.device=cpu", "data.name=digits", "data.batch_size=32"]
CURVES = {
    "convnet-sgd-onecycle": [
        *SMALL, "model.name=convnet", "model.depth=2", "model.width=8", "optimizer.name=sgd", "optimizer.lr=0.1",
        "policy.name=onecycle", "data.crop=1", "model.dropout=0.1", "train.steps=40",
    ],
    "mlp-adamw": [
        *SMALL, "model.name=mlp", "model.width=32", "optimizer.name=adamw", "optimizer.lr=0.003",
        "policy.name=constant", "train.steps=60",
    ],
    "range-test": [
        *SMALL, "model.name=convnet", "model.depth=2", "model.width=8", "optimizer.name=sgd",
        "range_test.lr_min=1e-4", "range_test.lr_max=0.3", "range_test.steps=60",
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Golden:
    """A curve and what it was computed with."""

    header: dict[str, str]
    losses: list[float]


def compute(name: str) -> list[float]:
    """The losses of a curve, computed here and now."""
    torch.set_num_threads(1)
    config = load_config(None, CURVES[name]).config.model_dump(mode="json")
    if name == "range-test":
        return list(run_sweep(assemble(RangeTest.from_config(config).propose([])[0])).series["loss"])
    trial, curve = assemble(Train.from_config(config).propose([])[0]), CurveRecorder()
    run_loop(trial.task, trial.policy, trial.stream, observers=[curve])
    return curve.losses


def environment() -> dict[str, str]:
    """What decides the last bits: where all of it is the same, the curves are, to the last bit.

    Two CPUs of one kind may still take different kernels, by their caches or the choice of a math library. So
    the bits of the kernels themselves are looked at, in a few steps of plain PyTorch.
    """
    return {
        "torch": str(torch.__version__),
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu capability": torch.backends.cpu.get_cpu_capability(),
        "kernels": kernels(),
    }


def kernels() -> str:
    """A digest of the weights after a few steps of plain PyTorch, with the layers, shapes and updates of the curves."""
    torch.set_num_threads(1)
    digest = hashlib.sha256()
    for make in (_convnet, _mlp):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = make().to(memory_format=torch.channels_last)
            images, targets = torch.randn(32, 1, 8, 8), torch.arange(32) % 10
        for optimizer in (torch.optim.SGD(model.parameters(), 0.1, 0.9), torch.optim.AdamW(model.parameters(), 0.01)):
            for _ in range(3):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), targets).backward()
                optimizer.step()
        for parameter in model.parameters():
            digest.update(parameter.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _convnet() -> nn.Module:
    def block(inputs: int, outputs: int) -> nn.Module:
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        return nn.Sequential(conv, nn.MaxPool2d(2), nn.BatchNorm2d(outputs), nn.ReLU())

    return nn.Sequential(block(1, 8), block(8, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))


def write(name: str, golden: Golden) -> None:
    """Header lines `# key: value`, then a loss per line; a float's repr reads back to the same bits."""
    head = "".join(f"# {key}: {value}\n" for key, value in golden.header.items())
    (FOLDER / f"{name}.txt").write_text(head + "".join(f"{loss!r}\n" for loss in golden.losses))


def read(name: str) -> Golden:
    """What `write` wrote."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    header = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return Golden(header, [float(line) for line in lines if not line.startswith("#")])


if __name__ == "__main__":
    for curve in CURVES:
        settings = {"curve": f"{curve}, seed 0, one thread", "config": " ".join(CURVES[curve])}
        write(curve, Golden({**settings, **environment()}, compute(curve)))
        print(FOLDER / f"{curve}.txt")

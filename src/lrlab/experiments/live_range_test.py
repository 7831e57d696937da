"""The range test on your own model, loader and optimizer."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrlab.config.load import load_config
from lrlab.engine.batches import BatchFn, LoaderStream, split_pair
from lrlab.engine.interrupt import StopRequest
from lrlab.engine.precision import Precision
from lrlab.engine.records import Observer
from lrlab.engine.task import CorrectFn, classified_correctly
from lrlab.experiments.range_test import RangeFinding, RangeTest
from lrlab.launch.experiment import drive
from lrlab.launch.live import LiveParts, ModelFactory, OptimizerFactory, live_trial
from lrlab.launch.progress import StepProgress
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.sweep import run_sweep

TRAIN = ("seed", "accumulate", "clip_norm", "precision")  # arguments that are fields of the train section


def range_test(
    model: nn.Module | ModelFactory,
    loader: Iterable[Any],
    *,
    optimizer: Optimizer | OptimizerFactory,
    loss_fn: Callable[[Any, Any], Tensor] = torch.nn.functional.cross_entropy,
    lr_min: float = 1e-6,
    lr_max: float = 10.0,
    steps: int = 100,
    shape: str = "exponential",
    staircase: int = 1,
    seeds: int = 1,
    seed: int = 0,
    val_loader: Iterable[Any] | None = None,
    batch_fn: BatchFn = split_pair,
    accuracy: bool | CorrectFn = False,
    grad_norm: bool = False,
    device: torch.device | str | None = None,
    accumulate: int = 1,
    clip_norm: float | None = None,
    precision: Precision = "fp32",
    stop: bool = True,
    suggestion: str = "min/2",
    progress: bool = True,
    observers: Iterable[Observer] = (),
) -> RangeFinding:
    """Find the largest lr that `model` can be trained with; leave everything as it was.

    The lr rises from `lr_min` to `lr_max` over `steps` optimizer updates while every loss is kept. Parameters,
    buffers, optimizer state, `.grad`, flags, the global generators and those of the loader come back bit for
    bit, also after an exception or Ctrl-C. An iterator cannot be rewound: it is accepted, and `notes` says how
    many batches it gave.

    Args:
        model: a module; or a function `seed -> module`, which gives each seed new weights.
        loader: any iterable of batches: a DataLoader, a list, an iterator.
        optimizer: an instance over the model's parameters, warm or cold; or a function `params -> optimizer`.
            Groups keep their lr ratios to the first group.
        loss_fn: (outputs, targets) -> scalar mean loss.
        steps: optimizer updates, at least 10.
        shape: `exponential` or `linear`.
        staircase: updates per lr; their mean loss makes one point.
        seeds: sweeps; from 2 on the finding holds a band, and a list of batches is visited in a seeded order.
        val_loader: adds the loss of one validation mini-batch after each update.
        batch_fn: batch -> (inputs, targets), for batches that are not pairs. A dict of inputs becomes
            `model(**inputs)`, a tuple `model(*inputs)`.
        accuracy: also keep the accuracy on each batch: True for logits and class numbers, or a function
            (outputs, targets) -> number of correct predictions.
        grad_norm: also keep the 2-norm of the whole gradient of each update.
        device: where to run; default: where the model is.
        accumulate: batches per update.
        clip_norm: scale the gradient of an update down to this 2-norm where it is longer, as your training does.
        precision: of forward passes: `fp32`, `bf16` or, on CUDA, `fp16` with a loss scaler; as your training has it.
        stop: end at divergence; a non-finite loss always ends the sweep.
        suggestion: the rule whose lr is the answer; all rules are in `suggestions`.

    Returns:
        A `RangeFinding`; `.suggestion` is None when the curve holds no answer, and `.flags` say why.

    Raises:
        UsageError: an argument cannot work; says which and what to pass.
        ResourceError: the device has not the precision.
        DataError: the loader is empty.
        KeyboardInterrupt: after everything is put back.

    Source: Smith 2017, arXiv:1506.01186, section 3.3.
    """
    experiment = _experiment(locals())
    parts = LiveParts(
        model=model,
        loader=loader,
        optimizer=optimizer,
        loss_fn=loss_fn,
        batch_fn=batch_fn,
        device=torch.device(device) if device is not None else None,
        val_loader=val_loader,
        accumulate=experiment.base["train"]["accumulate"],
        correct_fn=correct_fn_of(accuracy),
        grad_norm=grad_norm,
        clip_norm=clip_norm,
        precision=precision,
        shuffle=seeds > 1,
    )
    parts.check()

    def run(spec: TrialSpec) -> TrialResult:
        label = f"range test, seed {spec.seed}"
        with (
            StopRequest() as request,
            StepProgress(label, steps, quiet=not progress) as bar,
            live_trial(spec, parts) as trial,
        ):
            result = run_sweep(trial, observers=[*observers, bar], interrupted=request)
            stream = cast("LoaderStream", trial.stream)
        if request():
            raise KeyboardInterrupt
        return result if stream.rewindable else _with_note(result, stream)

    return cast("RangeFinding", drive(experiment, run)[0])


def _experiment(arguments: dict[str, Any]) -> RangeTest:
    """The arguments as a checked experiment; errors name the argument."""
    names = ("lr_min", "lr_max", "steps", "shape", "staircase", "seeds", "stop", "suggestion")
    flags = [(name, f"range_test.{name}", arguments[name]) for name in names]
    flags += [(name, f"train.{name}", arguments[name]) for name in TRAIN]
    config = load_config(None, flags=flags).config.model_dump(mode="json")
    train = {name: config["train"][name] for name in TRAIN}
    experiment = RangeTest.from_config(config)
    asked = {
        "val_loss": arguments["val_loader"] is not None,
        **{n: bool(arguments[n]) for n in ("accuracy", "grad_norm")},
    }
    return replace(experiment, base={"train": train}, measures=tuple(name for name, wanted in asked.items() if wanted))


def correct_fn_of(accuracy: bool | CorrectFn) -> CorrectFn | None:
    """What the argument `accuracy` stands for."""
    if isinstance(accuracy, bool):
        return classified_correctly if accuracy else None
    return accuracy


def _with_note(result: TrialResult, stream: LoaderStream) -> TrialResult:
    note = f"the loader is a one-shot iterator: {stream.consumed} batches were consumed and cannot be put back"
    return replace(result, notes=(*result.notes, note))

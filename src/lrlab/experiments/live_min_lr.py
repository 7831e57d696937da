"""The search for the min-lr on your own model, loader and optimizer."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrlab.config.load import load_config
from lrlab.engine.batches import BatchFn, split_pair
from lrlab.engine.precision import Precision
from lrlab.engine.task import CorrectFn
from lrlab.errors import UsageError
from lrlab.experiments.live_range_test import TRAIN, correct_fn_of
from lrlab.experiments.live_runner import LiveRunner
from lrlab.experiments.min_lr.experiment import FindMinLr, search
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.experiment import drive
from lrlab.launch.live import LiveParts, ModelFactory, OptimizerFactory
from lrlab.launch.live_chance import measured_chance
from lrlab.launch.spec import TrialResult, TrialSpec

_SEARCH = (
    "max_lr", "ratios", "lrs", "seeds", "steps", "hold", "gate_seeds", "method", "auto_shrink", "confirm",
    "confirm_steps",
)  # fmt: skip


def find_min_lr(
    model: nn.Module | ModelFactory,
    loader: Iterable[Any],
    *,
    max_lr: float | None = None,
    optimizer: Optimizer | OptimizerFactory,
    loss_fn: Callable[[Any, Any], Tensor] = torch.nn.functional.cross_entropy,
    ratios: Sequence[float] | None = None,
    lrs: Sequence[float] | None = None,
    seeds: int = 5,
    seed: int = 0,
    steps: int = 50,
    hold: int | None = None,
    gate_seeds: int = 3,
    method: str = "time-to-target",
    auto_shrink: bool = False,
    chance: float | None = None,
    confirm: bool = False,
    confirm_steps: int = 200,
    val_loader: Iterable[Any] | None = None,
    accuracy: bool | CorrectFn = False,
    shape: str = "linear",
    momentum: tuple[float, float] | None = (0.85, 0.95),
    batch_fn: BatchFn = split_pair,
    device: torch.device | str | None = None,
    accumulate: int = 1,
    clip_norm: float | None = None,
    precision: Precision = "fp32",
    progress: bool = True,
) -> MinLrFinding:
    """Find the lr at which the climb to `max_lr` should begin; leave everything as it was.

    First a gate: climbs to the max-lr with a hold there must survive on `gate_seeds` seeds, and the finding says what
    max-lr passes where this one does not. Then every candidate climbs with the same seeds, and is compared, seed by
    seed, with the one nearest to a tenth of the max-lr. That one is the answer unless another is surely better.

    All is put back bit for bit, as in `range_test`. With a module each seed starts from its weights with another data
    order; a model factory gives each seed new weights, which is the fairer question. Where neither the weights nor
    the data differ between seeds there is only one to go by, and `notes` says so.

    Args:
        model: a module; or a function `seed -> module`, which gives each seed new weights.
        loader: any iterable of batches: a DataLoader, a list (visited in a seeded order), an iterator.
        max_lr: where every climb ends; None runs a range test first.
        optimizer: an instance over the model's parameters, warm or cold; or a function `params -> optimizer`.
            Groups keep their lr ratios to the first group.
        loss_fn: (outputs, targets) -> scalar mean loss.
        ratios: candidates as shares of the max-lr; default: four from 1/10 to 1/5, geometric.
        lrs: instead of ratios: candidate lrs.
        seeds: climbs of each candidate; of one alone no answer is decisive.
        seed: the first.
        steps: optimizer updates of a climb, at least 3.
        hold: updates at the max-lr after it; default: a quarter of `steps`.
        gate_seeds: of the seeds so many must survive the hold before candidates are compared.
        method: `time-to-target`, updates until the loss is down at a level taken from the gate's climbs; or
            `stable-ramp`, the shortest climb that survives.
        auto_shrink: where `max_lr` fails its gate, go on with the largest half of it that passes.
        chance: loss of the best constant prediction: a climb that ends there has learned nothing. Default: counted
            from the targets of up to 100 batches for cross-entropy (the entropy of the class frequencies) and mean
            squared error (the variance of the targets); for other losses, and for an iterator, which looking would
            use up, the first loss stands in, and `notes` says so.
        confirm: then train the winner and the reference (in a tie the fastest other candidate) with a short one-cycle
            each, under every seed. The finding's `confirmation` compares the accuracies or losses over `val_loader`,
            or without one the mean training losses of the last tenth.
        confirm_steps: updates of such a training.
        val_loader: what the short trainings are evaluated on, whole.
        accuracy: compare them by accuracy: True for logits and class numbers, or a function (outputs, targets) ->
            number of correct predictions.
        shape: of the climb: `linear` or `cosine`.
        momentum: (low, high), beta1 for Adam: it falls from high to low on the way up, as in `OneCycle`; None leaves
            it alone. An optimizer whose momentum is 0 keeps it.
        batch_fn: batch -> (inputs, targets), for batches that are not pairs. A dict of inputs becomes
            `model(**inputs)`, a tuple `model(*inputs)`.
        device: where to run; default: where the model is.
        accumulate: batches per update.
        clip_norm: scale the gradient of an update down to this 2-norm where it is longer, as your training does.
        precision: of forward passes: `fp32`, `bf16` or, on CUDA, `fp16` with a loss scaler.

    Returns:
        A `MinLrFinding`. `.min_lr` is None where the max-lr fails its gate, and `.passes` says which one would not;
        `.decisive` says whether it is more than the rule of a tenth. `.cost.images` are the samples of the batches.

    Raises:
        UsageError: an argument cannot work; says which and what to pass.
        ResourceError: the device has not the precision.
        DataError: the loader is empty, or an iterator that ends before the search.
        KeyboardInterrupt: after everything is put back.

    Source: Smith 2018, arXiv:1803.09820, section 4 (a tenth of the max-lr); the search is lrlab's own.
    """
    experiment = _experiment(locals())
    _check_confirmation(confirm, val_loader, accuracy)
    parts = LiveParts(
        model=model,
        loader=loader,
        optimizer=optimizer,
        loss_fn=loss_fn,
        batch_fn=batch_fn,
        device=torch.device(device) if device is not None else None,
        val_loader=val_loader,
        accumulate=accumulate,
        correct_fn=correct_fn_of(accuracy),
        clip_norm=clip_norm,
        precision=precision,
        shuffle=True,
    )
    parts.check()
    runner = LiveRunner(replace(parts, chance=_chance(chance, parts, seed)), quiet=not progress)
    finding = cast("MinLrFinding", drive(experiment, runner)[0])
    return replace(finding, notes=(*finding.notes, *runner.notes))


@dataclass(frozen=True)
class LiveMinLr(FindMinLr):
    """The experiment, on parts of which nobody knows whether a seed changes anything."""

    def search(self, settings: Settings) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], MinLrFinding]:
        """Copies of one climb are no replication: where two seeds give the same curve, one seed is all there is."""
        first = settings.all_seeds[:2]
        specs = [settings.climb(settings.reference, seed, measures=("critical_lr",)) for seed in first]
        results = yield specs  # the gate's own climbs: it does not run them again
        notes: tuple[str, ...] = ()
        if len(results) > 1 and _alike(*(result.series["loss"] for result in results)):
            notes = (
                "all seeds give the same curve: the loader does not shuffle and the model draws nothing at random; "
                "one seed is used. Pass a model factory, or a loader that shuffles",
            )
            settings = replace(settings, seeds=1, gate_seeds=1)
        found: MinLrFinding = yield from search(settings)
        return replace(found, notes=(*found.notes, *notes))


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two climbs are one and the same: their first losses, before rounding on a GPU drives them apart."""
    return all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(one[:3], other[:3], strict=False))


def _experiment(arguments: dict[str, Any]) -> LiveMinLr:
    """The arguments as a checked experiment; errors name the argument."""
    lists = {name: list(arguments[name]) for name in ("ratios", "lrs") if arguments[name] is not None}
    flags = [(name, f"find_min_lr.{name}", {**arguments, **lists}[name]) for name in _SEARCH]
    flags += [(name, f"train.{name}", arguments[name]) for name in TRAIN]
    flags += [("shape", "policy.shape", arguments["shape"]), *_momentum_flags(arguments["momentum"])]
    config = load_config(None, flags=flags).config.model_dump(mode="json")
    base = {name: config[name] for name in ("policy", "find_min_lr", "range_test")}
    experiment = LiveMinLr({**base, "train": {name: config["train"][name] for name in TRAIN}})
    if arguments["max_lr"] is not None:
        LiveMinLr.from_config(experiment.config)  # candidates above the max-lr
    return experiment


def _momentum_flags(momentum: Any) -> list[tuple[str, str, Any]]:
    if momentum is None:
        return [("momentum", "policy.cycle_momentum", False)]
    if not isinstance(momentum, tuple | list) or len(momentum) != 2:
        raise UsageError(f"momentum is {momentum!r}", hint="pass (low, high), or None to leave it alone")
    return [("momentum", f"policy.momentum_{end}", value) for end, value in zip(("low", "high"), momentum, strict=True)]


def _check_confirmation(confirm: bool, val_loader: Iterable[Any] | None, accuracy: bool | CorrectFn) -> None:
    if val_loader is not None and not confirm:
        raise UsageError("val_loader is given, and confirm=False has no use for it", hint="pass confirm=True")
    if accuracy and val_loader is None:
        raise UsageError("accuracy is asked for without a val_loader", hint="pass val_loader, or leave accuracy out")
    if isinstance(val_loader, Iterator):
        raise UsageError(
            "val_loader is an iterator, and every training needs a pass over it", hint="pass a list of its batches"
        )


def _chance(given: float | None, parts: LiveParts, seed: int) -> float | None:
    if given is not None and not math.isfinite(given):
        raise UsageError(f"chance is {given}", hint="pass the loss of the best constant prediction, or leave it out")
    return given if given is not None else measured_chance(parts, seed)

"""A trial on the user's own model and loader. Runs in this process and leaves what it touches as it found it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lrlab.data.order import derive
from lrlab.engine.batches import BatchFn, LoaderStream, OnePass, split_pair
from lrlab.engine.isolation import isolated
from lrlab.engine.precision import Precision, check_precision
from lrlab.engine.seeding import seed_everything
from lrlab.engine.task import CorrectFn, LossFn, Task
from lrlab.errors import UsageError
from lrlab.launch.assemble import Trial, policy_for, with_values
from lrlab.launch.spec import TrialSpec
from lrlab.optim.hyper import HyperSetter

ModelFactory = Callable[[int], nn.Module]
OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]


@dataclass(frozen=True)
class LiveParts:
    """What the user passes.

    Attributes:
        model: a module, swept and put back; or a function `seed -> module`, called once per seed.
        loader: any iterable of batches. A list or tuple is visited in a seeded order when `shuffle` is set.
        optimizer: an instance over the module's parameters, or a function `params -> optimizer`.
        val_loader: for the trials that validate.
        correct_fn: for those that measure accuracy, and for trainings.
        chance: training loss of the best constant prediction; None where nobody knows it.
    """

    model: nn.Module | ModelFactory
    loader: Iterable[Any]
    optimizer: Optimizer | OptimizerFactory
    loss_fn: LossFn
    batch_fn: BatchFn = split_pair
    device: torch.device | None = None
    val_loader: Iterable[Any] | None = None
    accumulate: int = 1
    correct_fn: CorrectFn | None = None
    grad_norm: bool = False
    clip_norm: float | None = None
    precision: Precision = "fp32"
    shuffle: bool = False
    chance: float | None = None

    def check(self) -> None:
        """Refuse what cannot work before anything is touched.

        Raises:
            UsageError: says which argument, and what to pass instead.
        """
        factory = not isinstance(self.model, nn.Module)
        if factory and not callable(self.model):
            raise UsageError(
                f"model is a {type(self.model).__name__}",
                hint="pass an nn.Module or a function seed -> module",
            )
        if isinstance(self.optimizer, Optimizer):
            if factory:
                raise UsageError(
                    "model is a factory, so an optimizer instance cannot belong to it",
                    hint="pass a function, for example optimizer=lambda params: torch.optim.SGD(params, lr=0.1)",
                )
            assert isinstance(self.model, nn.Module)
            _check_same_parameters(self.model, self.optimizer)
        elif not callable(self.optimizer):
            raise UsageError(
                f"optimizer is a {type(self.optimizer).__name__}",
                hint="pass an Optimizer or a function params -> optimizer",
            )
        if not isinstance(self.loader, Iterable):
            raise UsageError(f"loader is a {type(self.loader).__name__}, which cannot be iterated over")
        if isinstance(self.model, nn.Module):
            _check_materialised(self.model)


@contextmanager
def live_trial(spec: TrialSpec, parts: LiveParts) -> Iterator[Trial]:
    """The trial of one seed; on leaving, everything is put back, also after an exception or Ctrl-C."""
    own = parts.model if isinstance(parts.model, nn.Module) else None
    instance = parts.optimizer if isinstance(parts.optimizer, Optimizer) else None
    loaders = [loader for loader in (parts.loader, parts.val_loader) if loader is not None]
    loss = parts.loss_fn if isinstance(parts.loss_fn, nn.Module) else None  # it may have weights of its own
    with isolated(own, instance, *loaders), isolated(loss), torch.enable_grad():
        seed_everything(derive(spec.seed, "order"))
        seed_generators(loaders, spec.seed)
        model = own if own is not None else _built(parts.model, spec.seed)
        device = _device(model, parts.device)
        check_precision(parts.precision, device)
        if _is_elsewhere(model, device):
            if instance is not None and instance.state:
                raise UsageError(
                    f"the optimizer holds state elsewhere than on {device}",
                    hint="move the model before training it",
                )
            model = model.to(device)
        optimizer = instance if instance is not None else parts.optimizer(model.parameters())  # type: ignore[operator]
        task = Task(
            model,
            optimizer,
            parts.loss_fn,
            device,
            correct_fn=parts.correct_fn if not spec.sweep or "accuracy" in spec.measures else None,
            batch_fn=parts.batch_fn,
            accumulate=parts.accumulate,
            grad_norm=parts.grad_norm,
            clip_norm=parts.clip_norm,
            precision=parts.precision,
        )
        total = int(spec.config["train"]["steps"])
        yield Trial(
            spec=spec,
            task=task,
            policy=policy_for(_with_momentum_of(optimizer, spec), task, total),
            stream=LoaderStream(_ordered(parts, spec.seed)),
            val=OnePass(parts.val_loader) if parts.val_loader is not None and not spec.sweep else None,
            val_stream=LoaderStream(parts.val_loader or ()) if "val_loss" in spec.measures else None,
            chance=parts.chance,
        )


def _with_momentum_of(optimizer: Optimizer, spec: TrialSpec) -> TrialSpec:
    """Momentum is cycled only where the optimizer has one: a policy never switches it on."""
    if HyperSetter(optimizer).momentum() or not spec.config["policy"].get("cycle_momentum"):
        return spec
    return replace(spec, config=with_values(spec.config, policy={"cycle_momentum": False}))


def _built(model: Any, seed: int) -> nn.Module:
    torch.manual_seed(derive(seed, "model"))
    module = model(seed)
    if not isinstance(module, nn.Module):
        raise UsageError(f"the model factory returned a {type(module).__name__}, not an nn.Module")
    _check_materialised(module)
    torch.manual_seed(derive(seed, "order"))
    return module


def _ordered(parts: LiveParts, seed: int) -> Iterable[Any]:
    """A list of batches in this seed's order; any other loader as it is."""
    if not parts.shuffle or not isinstance(parts.loader, list | tuple):
        return parts.loader
    generator = torch.Generator().manual_seed(derive(seed, "order"))
    order = torch.randperm(len(parts.loader), generator=generator).tolist()
    return [parts.loader[i] for i in order]


def seed_generators(loaders: Sequence[Any], seed: int) -> None:
    """Give each seed its own data order where the loader brings its own generator."""
    for loader in loaders:
        owners = (
            loader,
            getattr(loader, "sampler", None),
            getattr(getattr(loader, "batch_sampler", None), "sampler", None),
        )
        for owner in owners:
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator):
                generator.manual_seed(derive(seed, "order"))


def _device(model: nn.Module, wanted: torch.device | None) -> torch.device:
    tensor = next((t for t in (*model.parameters(), *model.buffers())), None)
    return wanted if wanted is not None else tensor.device if tensor is not None else torch.device("cpu")


def _is_elsewhere(model: nn.Module, device: torch.device) -> bool:
    return any(p.device.type != device.type or (device.index not in (None, p.device.index)) for p in model.parameters())


def _check_same_parameters(model: nn.Module, optimizer: Optimizer) -> None:
    own = {id(parameter) for parameter in model.parameters()}
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    if not any(id(parameter) in own for parameter in held):
        raise UsageError("the optimizer holds none of this model's parameters", hint="build it from model.parameters()")


def _check_materialised(model: nn.Module) -> None:
    lazy = [n for n, p in model.named_parameters() if isinstance(p, nn.parameter.UninitializedParameter)]
    if lazy:
        raise UsageError(
            f"the model has lazy parameters without a shape yet: {', '.join(lazy[:3])}",
            hint="run one batch through it first",
        )

"""What a network is made of: its layers in the order they are called, their sizes and what they cost."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from lrlab.errors import UsageError
from lrlab.models.build import build_model

OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One call of a module that has no modules in it.

    Attributes:
        name: dotted path; `(other)` for what a model computes or keeps outside of such modules.
        kind: class of the module.
        output: shape of what it gives for one image, without the batch; empty where that is no tensor.
        parameters: weights and biases; counted at the first call.
        multiply_adds: per image.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """All layers, and totals.

    Attributes:
        layers: in the order they are called.
        parameters: of the whole model, each once.
        multiply_adds: per image: products of matrices and convolutions, with one multiply-add for each weight
            that an output value meets, padding included. Biases, norms, activations, poolings and sums are not
            counted.
        activations: values that all layers give out for one image, 4 bytes each in fp32; about what a training
            step holds per image for the way back.
    """

    layers: tuple[LayerSummary, ...]
    parameters: int
    multiply_adds: int
    activations: int


def summarize_config(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> ModelSummary:
    """`summarize` for a model section. The model is built on the meta device: no memory, no arithmetic.

    Raises:
        UsageError: as `build_model`.
    """
    with torch.device("meta"):
        model = build_model(cfg, shape=shape, classes=classes)
    return summarize(model, shape)


def summarize(model: nn.Module, shape: tuple[int, ...]) -> ModelSummary:
    """Send one image of zeros through `model` in evaluation mode and note what is called.

    The model is left as it was: modes, buffers and random state.

    Args:
        model: any module that takes one batch; on any device, the meta device too.
        shape: of one image.

    Raises:
        UsageError: the model does not take such images.
    """
    weight = next(model.parameters(), torch.empty(0))
    image = torch.zeros(1, *shape, dtype=weight.dtype, device=weight.device)
    counter = FlopCounterMode(display=False)
    with _evaluating(model), torch.no_grad(), counter, _noting_calls(model, counter) as layers:
        try:
            model(image)
        except RuntimeError as error:
            raise UsageError(f"the model does not take images of shape {tuple(shape)}: {error}") from error
    activations = sum(torch.Size(layer.output).numel() for layer in layers if layer.output)
    parameters, multiply_adds = _sizes(model.parameters()), counter.get_total_flops() // 2
    rest = parameters - sum(layer.parameters for layer in layers)
    rest_adds = multiply_adds - sum(layer.multiply_adds for layer in layers)
    if rest or rest_adds:
        layers.append(LayerSummary(OTHER, type(model).__name__, (), rest, rest_adds))
    return ModelSummary(tuple(layers), parameters, multiply_adds, activations)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in flags:
            module.training = training


@contextmanager
def _noting_calls(model: nn.Module, counter: FlopCounterMode) -> Iterator[list[LayerSummary]]:
    """A list that grows by a layer at each call of a module without modules in it."""
    layers: list[LayerSummary] = []
    seen: set[nn.Parameter] = set()
    before = 0

    def enter(*_: Any) -> None:
        nonlocal before
        before = counter.get_total_flops()

    def leave(name: str, module: nn.Module, output: Any) -> None:
        shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
        own = [parameter for parameter in module.parameters() if parameter not in seen]
        seen.update(own)
        cost = (counter.get_total_flops() - before) // 2
        layers.append(LayerSummary(name, type(module).__name__, shape, _sizes(own), cost))

    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if next(module.children(), None) is None:
                hooks.callback(module.register_forward_pre_hook(enter).remove)
                note = module.register_forward_hook(lambda module, _, output, name=name: leave(name, module, output))
                hooks.callback(note.remove)
        yield layers


def _sizes(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters)

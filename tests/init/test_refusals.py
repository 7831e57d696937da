"""Layers that a scheme cannot serve are named, with what would do, before any weight is changed."""

import warnings

import pytest
import torch
from torch import nn

import lrlab.init
from lrlab.errors import UsageError
from lrlab.registry import INITS

SCHEMES = [name for name in INITS if name != "torch"]


def refusal(model: nn.Module, name: str) -> UsageError:
    """The error, once it is seen that no weight has moved."""
    before = {key: value.clone() for key, value in model.state_dict().items() if not isinstance(value, LAZY)}
    with pytest.raises(UsageError) as caught:
        lrlab.init.apply(model, name, generator=torch.Generator().manual_seed(0))
    assert all(torch.equal(before[key], model.state_dict()[key]) for key in before)
    return caught.value


LAZY = nn.parameter.UninitializedParameter


def inside(layer: nn.Module) -> nn.Module:
    """The layer as `blocks.1.conv` of a network, behind one that every scheme can serve."""
    return nn.ModuleDict({"blocks": nn.Sequential(nn.Conv2d(2, 4, 3), nn.ModuleDict({"conv": layer}))})


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Conv2d(8, 4, 3), "(Conv2d 8 -> 4, kernel 3x3)"),
        (nn.Conv2d(8, 4, 1, groups=2), "(Conv2d 8 -> 4, kernel 1x1)"),
        (nn.Conv1d(5, 4, 3), "(Conv1d 5 -> 4, kernel 3)"),
        (nn.ConvTranspose2d(8, 4, 3), "(ConvTranspose2d 8 -> 4, kernel 3x3)"),
    ],
    ids=str,
)
def test_delta_orthogonal_needs_as_many_outputs_as_inputs(layer: nn.Module, text: str) -> None:
    error = refusal(inside(layer), "delta_orthogonal")
    expected = (
        f"delta_orthogonal needs at least as many output as input channels; layer 'blocks.1.conv' {text} has fewer"
    )
    assert error.message == expected
    assert error.hint == "give it more output channels, or use orthogonal, which serves any shape"
    lrlab.init.apply(inside(layer), "orthogonal")  # as the hint says


@pytest.mark.parametrize("name", ["delta_orthogonal", "scaled_identity"])
@pytest.mark.parametrize("kernel", [2, (3, 4)])
def test_a_kernel_of_even_size_has_no_centre(name: str, kernel: int | tuple[int, int]) -> None:
    model = inside(nn.Conv2d(4, 4, kernel))
    error = refusal(model, name)
    assert error.message.startswith(f"{name} puts all weight into the centre tap, and layer 'blocks.1.conv' (Conv2d 4")
    assert error.message.endswith("has a kernel of even size, which has none")
    assert "orthogonal, which serves any kernel" in str(error.hint)
    lrlab.init.apply(model, "orthogonal")


@pytest.mark.parametrize("name", SCHEMES)
def test_a_lazy_layer_is_named(name: str) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules are a new feature")
        model = nn.Sequential(nn.Linear(3, 4), nn.LazyLinear(5))
    assert "layer '1' is lazy" in refusal(model, name).message


@pytest.mark.parametrize("name", SCHEMES)
def test_a_weight_that_is_computed_from_others_is_refused(name: str) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.utils.parametrizations.weight_norm(nn.Linear(4, 5)))
    assert "layer '1' computes its weight from other parameters" in refusal(model, name).message

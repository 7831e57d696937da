"""Orthogonal and delta-orthogonal weights against their definitions."""

from math import sqrt

import pytest
import torch
from torch import Tensor, nn

import lrlab.init
from lrlab.init.gains import gain
from lrlab.init.orthogonal import haar


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def circular(inputs: int, outputs: int, kernel: int = 3, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="circular", groups=groups)


def gram(matrix: Tensor) -> Tensor:
    """M Mᵀ or MᵀM, the smaller one, in fp64."""
    values = matrix.detach().double()
    return values @ values.T if len(values) <= values.shape[1] else values.T @ values


LAYERS = [
    nn.Linear(30, 30),
    nn.Linear(30, 12),
    nn.Linear(12, 30),
    nn.Conv2d(8, 40, 3),
    nn.Conv2d(2, 40, 3),
    nn.Conv1d(8, 6, 4),
    nn.ConvTranspose2d(10, 4, 3),
]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_the_smaller_gram_matrix_is_the_squared_gain_times_the_identity(layer: nn.Module, activation: str) -> None:
    lrlab.init.apply(layer, "orthogonal", activation=activation, generator=seeded(0))
    product = gram(layer.weight.flatten(1))
    assert torch.allclose(product, gain(activation) ** 2 * torch.eye(len(product)).double(), atol=1e-5)
    kaiming = lrlab.init.apply(layer, "kaiming_normal", activation=activation, generator=seeded(0))
    off = gram(kaiming.weight.flatten(1)).fill_diagonal_(0).abs().max()
    assert off > 1e-2  # the test can tell


def test_each_group_is_orthogonal_by_itself() -> None:
    layer = lrlab.init.apply(nn.Conv2d(16, 64, 3, groups=16), "orthogonal", generator=seeded(0), gain=1.0)
    for group in layer.weight.view(16, 4, 9):
        assert torch.allclose(gram(group), torch.eye(4).double(), atol=1e-6)


def test_given_gains_replace_the_activations() -> None:
    for name in ("orthogonal", "delta_orthogonal"):
        layer = lrlab.init.apply(nn.Linear(9, 9), name, activation="tanh", generator=seeded(0), gain=3.0)
        assert torch.allclose(gram(layer.weight), 9 * torch.eye(9).double(), atol=1e-5)


def gram_schmidt(columns: Tensor) -> Tensor:
    """The plain twin: each column less its parts along the ones before it, scaled to length 1."""
    done: list[Tensor] = []
    for column in columns.T:
        for other in done:
            column = column - (column @ other) * other
        done.append(column / column.norm())
    return torch.stack(done, dim=1)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4)])
def test_haar_is_gram_schmidt(shape: tuple[int, int]) -> None:
    values = torch.randn(shape, generator=seeded(1))
    assert torch.allclose(haar(values), gram_schmidt(values.double()), atol=1e-12)
    if shape[0] > shape[1]:  # a wide matrix has orthogonal rows
        assert torch.allclose(haar(values.T), gram_schmidt(values.double()).T, atol=1e-12)


def test_haar_has_no_preferred_sign() -> None:
    """The traces of uniform 3x3 orthogonal matrices have mean 0 and variance 1; LAPACK's own Q has neither."""
    values = torch.randn(4000, 3, 3, generator=seeded(2))
    traces = haar(values).diagonal(dim1=-2, dim2=-1).sum(-1)
    assert abs(traces.mean()) < 4 / sqrt(4000)
    assert traces.var().item() == pytest.approx(1, abs=0.1)
    raw = torch.linalg.qr(values.double()).Q.diagonal(dim1=-2, dim2=-1).sum(-1)
    assert abs(raw.mean()) > 0.5


def test_delta_orthogonal_is_an_orthogonal_centre_in_zeros() -> None:
    layer = lrlab.init.apply(nn.Conv2d(8, 12, (3, 5)), "delta_orthogonal", generator=seeded(0))
    centre = layer.weight[:, :, 1, 2]
    assert torch.allclose(gram(centre), 2 * torch.eye(8).double(), atol=1e-5)
    assert layer.weight.count_nonzero() == centre.count_nonzero() == 8 * 12


@pytest.mark.parametrize(("outputs", "kernel", "groups"), [(8, 3, 1), (20, 5, 1), (16, 3, 4), (8, 1, 1)])
def test_delta_orthogonal_keeps_the_norm_of_every_image(outputs: int, kernel: int, groups: int) -> None:
    images = torch.randn(5, 8, 7, 6, generator=seeded(3)).double()

    def norms(name: str) -> Tensor:
        layer = lrlab.init.apply(circular(8, outputs, kernel, groups), name, generator=seeded(0), gain=1.0)
        return layer.double()(images).flatten(1).norm(dim=1) / images.flatten(1).norm(dim=1)

    assert torch.allclose(norms("delta_orthogonal"), torch.ones(5).double(), atol=1e-6)
    if kernel > 1:
        assert not torch.allclose(norms("orthogonal"), torch.ones(5).double(), atol=1e-2)


def test_delta_orthogonal_serves_transposed_convolutions() -> None:
    layer = lrlab.init.apply(nn.ConvTranspose2d(4, 6, 3, padding=1), "delta_orthogonal", generator=seeded(0), gain=1.0)
    images = torch.randn(5, 4, 7, 6, generator=seeded(3))
    assert torch.allclose(layer(images).flatten(1).norm(dim=1), images.flatten(1).norm(dim=1), rtol=1e-5)


def test_a_deep_linear_stack_keeps_every_direction() -> None:
    """All singular values of 30 orthogonal layers stay 1; those of 30 Gaussian layers of the same size do not."""

    def spectrum(name: str) -> Tensor:
        model = nn.Sequential(*(nn.Linear(64, 64, bias=False) for _ in range(30)))
        lrlab.init.apply(model, name, activation="linear", generator=seeded(0))
        product = torch.eye(64)
        for layer in model:
            product = layer.weight.detach() @ product
        return torch.linalg.svdvals(product.double())

    assert torch.allclose(spectrum("orthogonal"), torch.ones(64).double(), atol=1e-5)
    assert spectrum("kaiming_normal").median() < 1e-2


def test_a_deep_tanh_convnet_is_close_to_an_isometry_at_the_critical_gain() -> None:
    """Singular values of the Jacobian of 30 plain layers: none vanishes, which random kernels cannot."""

    def spectrum(name: str) -> Tensor:
        model = nn.Sequential(*(layer for _ in range(30) for layer in (circular(8, 8), nn.Tanh())))
        lrlab.init.apply(model, name, activation="tanh", generator=seeded(0), gain=1.0)
        image = 0.1 * torch.randn(1, 8, 3, 3, generator=seeded(1))
        jacobian = torch.autograd.functional.jacobian(model, image).view(72, 72)
        return torch.linalg.svdvals(jacobian.double())

    values = spectrum("delta_orthogonal")
    assert values.min() > 0.1 and values.max() <= 1 + 1e-6
    for other in ("kaiming_normal", "orthogonal"):
        assert spectrum(other).median() < 0.05

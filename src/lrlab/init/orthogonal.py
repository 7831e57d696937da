"""Schemes whose layers neither stretch nor squeeze what they are given, gain apart."""

import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.init.centre import at_centre, check_centres, groups_of
from lrlab.init.checks import positive
from lrlab.init.fans import Weighted, describe_layer, weighted_modules
from lrlab.init.fill import blank, fill
from lrlab.init.gains import gain as gain_of_activation


def orthogonal(
    model: nn.Module, *, activation: str, generator: torch.Generator | None, gain: float | None = None
) -> None:
    """`W Wᵀ = gain²·I` where a layer has no more rows than columns, else `Wᵀ W = gain²·I`; biases 0.

    The gain is the activation's unless given, as for Kaiming. A convolution is the matrix
    (out, in·k·k) that torch's `orthogonal_` makes of it too; of several groups each is a matrix of its own,
    since each sees inputs of its own. With more rows than columns the mean square of the outputs is
    columns/rows times what Kaiming keeps: no more can be spread over them.

    Source: Saxe et al. 2013, arXiv:1312.6120. Drawn uniformly (Haar): Mezzadri 2007, math-ph/0609050.
    """
    factor = _gain(gain, activation)

    def make(module: Weighted) -> Tensor:
        values = blank(module, generator).normal_(generator=generator)
        groups = groups_of(module)
        return factor * haar(values.view(groups, len(values) // groups, -1)).reshape(values.shape)

    fill(model, make)


def delta_orthogonal(
    model: nn.Module, *, activation: str, generator: torch.Generator | None, gain: float | None = None
) -> None:
    """An orthogonal matrix in the centre tap of each convolution and 0 around it; biases 0.

    With stride 1 and padding that keeps the map, a convolution keeps the norm of every image, times the gain;
    no border is lost, as it is to zero padding with any scheme that fills the kernel. Linear layers are as with
    `orthogonal`, of any shape. The gain is the activation's unless given; for tanh the paper's networks of
    10,000 layers stand at the critical point, close to gain=1.

    Raises:
        UsageError: a convolution with fewer output than input channels, or a kernel of even size. Nothing is
            changed then.

    Source: Xiao et al. 2018, arXiv:1806.05393, algorithm 2.
    """
    factor = _gain(gain, activation)
    check_centres(model, "delta_orthogonal", "orthogonal")
    for name, module in weighted_modules(model):
        if not isinstance(module, nn.Linear) and module.out_channels < module.in_channels:
            raise UsageError(
                f"delta_orthogonal needs at least as many output as input channels; {describe_layer(name, module)} "
                "has fewer",
                hint="give it more output channels, or use orthogonal, which serves any shape",
            )

    def make(module: Weighted) -> Tensor:
        values = blank(module, generator)
        rows, columns = values.shape[:2]
        groups = groups_of(module)
        matrix = values.new_empty(groups, rows // groups, columns).normal_(generator=generator)
        return at_centre(module, factor * haar(matrix).reshape(rows, columns))

    fill(model, make)


def haar(normal: Tensor) -> Tensor:
    """Make (..., rows, columns) of independent standard normals orthogonal: rows if they are fewer, else columns.

    The factor Q of QR is unique, and then uniform (Haar), once the diagonal of R is positive (Mezzadri 2007).
    Computed in fp64 on the CPU, so that a GPU gets the same weights.
    """
    wide = normal.shape[-2] < normal.shape[-1]
    values = normal.to("cpu", torch.float64)
    q, r = torch.linalg.qr(values.mT if wide else values)
    q = torch.mul(q, r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2))
    return q.mT if wide else q


def _gain(gain: float | None, activation: str) -> float:
    return gain_of_activation(activation) if gain is None else positive("gain", gain)

"""Layers that hand on what they are given, larger or smaller."""

import torch
from torch import Tensor, nn

from lrlab.init.centre import at_centre, check_centres, groups_of
from lrlab.init.checks import positive
from lrlab.init.fans import Weighted
from lrlab.init.fill import fill


def scaled_identity(
    model: nn.Module, *, activation: str, generator: torch.Generator | None, scale: float = 1.0
) -> None:
    """`scale` on the main diagonal of every layer, 0 elsewhere; biases 0. Nothing is random here.

    A square linear layer is scale·I, so a linear network of L such layers multiplies by scale^L: 1.5 explodes,
    0.5 vanishes. A layer that is not square hands on the first min(inputs, outputs) values; further inputs
    are ignored, further outputs are 0. A convolution has the identity of its channels, group by group, in the
    centre tap. Outputs that are 0 for every image have no gradient under ReLU and never leave 0: this is a
    scheme to study depth with, rarely one to train from.

    Raises:
        UsageError: a kernel of even size. Nothing is changed then.

    Source: Le et al. 2015, arXiv:1504.00941 (recurrent layers); Zagoruyko, Komodakis 2017, arXiv:1706.00388
    (convolutions, torch's `dirac_`).
    """
    factor = positive("scale", scale)
    check_centres(model, "scaled_identity", "orthogonal")

    def make(module: Weighted) -> Tensor:
        rows, columns = module.weight.shape[:2]
        groups = groups_of(module)
        return at_centre(module, factor * torch.eye(rows // groups, columns, dtype=torch.float64).repeat(groups, 1))

    fill(model, make)

"""lr and momentum as pure functions of the step. No torch."""

from lrlab.policies.base import Hyper, Knot, Policy
from lrlab.policies.climb import Climb
from lrlab.policies.constant import Constant
from lrlab.policies.cosine_restarts import CosineRestarts
from lrlab.policies.decay import Cosine, Exponential, Linear, Polynomial
from lrlab.policies.effective import effective_lr
from lrlab.policies.onecycle import OneCycle
from lrlab.policies.range import Range
from lrlab.policies.spec import from_spec, to_spec
from lrlab.policies.step import Step
from lrlab.policies.torch_onecycle import TorchOneCycle
from lrlab.policies.triangular import Triangular
from lrlab.policies.warmup import Warmup
from lrlab.policies.wsd import StableDecay

__all__ = [
    "Climb",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "Hyper",
    "Knot",
    "Linear",
    "OneCycle",
    "Policy",
    "Polynomial",
    "Range",
    "StableDecay",
    "Step",
    "TorchOneCycle",
    "Triangular",
    "Warmup",
    "effective_lr",
    "from_spec",
    "to_spec",
]

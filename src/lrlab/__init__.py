"""lrlab: a learning-rate laboratory for PyTorch.

    import lrlab
    finding = lrlab.range_test(model, loader, optimizer=optimizer, loss_fn=loss_fn)
    finding.suggestion, finding.flags
    lrlab.plot(finding).savefig("range.png")

Names are looked up when first used (PEP 562), so `import lrlab` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrlab.experiments.live_range_test import range_test as range_test
    from lrlab.experiments.range_test import RangeFinding as RangeFinding
    from lrlab.policies.base import Policy as Policy
    from lrlab.policies.constant import Constant as Constant
    from lrlab.policies.onecycle import OneCycle as OneCycle
    from lrlab.policies.range import Range as Range
    from lrlab.policies.torch_onecycle import TorchOneCycle as TorchOneCycle
    from lrlab.report.plot import plot as plot

_HOMES = {
    "range_test": "lrlab.experiments.live_range_test",
    "RangeFinding": "lrlab.experiments.range_test",
    "Policy": "lrlab.policies.base",
    "Constant": "lrlab.policies.constant",
    "OneCycle": "lrlab.policies.onecycle",
    "Range": "lrlab.policies.range",
    "TorchOneCycle": "lrlab.policies.torch_onecycle",
    "plot": "lrlab.report.plot",
}
__all__ = [*_HOMES, "init"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "init":
        return import_module("lrlab.init")
    raise AttributeError(f"module 'lrlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

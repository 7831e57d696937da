"""lrlab: a learning-rate laboratory for PyTorch.

    import lrlab
    finding = lrlab.range_test(model, loader, optimizer=optimizer, loss_fn=loss_fn)
    finding.suggestion, finding.flags
    lrlab.plot(finding).savefig("range.png")

    start = lrlab.find_min_lr(model, loader, max_lr=finding.suggestion, optimizer=optimizer, loss_fn=loss_fn)
    start.min_lr, start.decisive, start.verdict

    scheduler = lrlab.OneCycle(optimizer, start.max_lr, total=len(loader) * epochs, min_lr=start.min_lr)
    scheduler.step()  # after each optimizer.step()

Names are looked up when first used (PEP 562), so `import lrlab` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrlab.experiments.live_min_lr import find_min_lr as find_min_lr
    from lrlab.experiments.live_range_test import range_test as range_test
    from lrlab.experiments.min_lr.finding import MinLrFinding as MinLrFinding
    from lrlab.experiments.range_test import RangeFinding as RangeFinding
    from lrlab.optim.scheduler import OneCycle as OneCycle
    from lrlab.optim.scheduler import PolicyScheduler as PolicyScheduler
    from lrlab.report.plot import plot as plot

_HOMES = {
    "range_test": "lrlab.experiments.live_range_test",
    "RangeFinding": "lrlab.experiments.range_test",
    "find_min_lr": "lrlab.experiments.live_min_lr",
    "MinLrFinding": "lrlab.experiments.min_lr.finding",
    "OneCycle": "lrlab.optim.scheduler",
    "PolicyScheduler": "lrlab.optim.scheduler",
    "plot": "lrlab.report.plot",
}
_ROOMS = ("init", "policies")
__all__ = [*_HOMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return import_module(f"lrlab.{name}")
    raise AttributeError(f"module 'lrlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

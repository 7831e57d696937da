"""Initial weights: `lrlab.init.apply(model, "kaiming_normal")`. Handed out lazily (PEP 562)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrlab.init.gains import gain as gain
    from lrlab.init.gains import gain_backward as gain_backward
    from lrlab.init.weights import apply as apply
    from lrlab.init.weights import init_model as init_model

_HOME = {"apply": "weights", "gain": "gains", "gain_backward": "gains", "init_model": "weights"}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

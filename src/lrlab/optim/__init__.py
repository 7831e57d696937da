"""Optimizers, their parameter groups, and the one place that writes lr and momentum into them."""

from lrlab.optim.build import build_optimizer
from lrlab.optim.ema_sgd import EMASGD
from lrlab.optim.groups import split_weight_decay
from lrlab.optim.hyper import HyperSetter
from lrlab.optim.scheduler import OneCycle, PolicyScheduler

__all__ = ["EMASGD", "HyperSetter", "OneCycle", "PolicyScheduler", "build_optimizer", "split_weight_decay"]

"""How an optimizer's momentum enters its step."""

from torch.optim.optimizer import Optimizer

from lrlab.optim.ema_sgd import EMASGD
from lrlab.policies.effective import MomentumForm


def momentum_form(optimizer: Optimizer) -> MomentumForm:
    """`ema` for an average of gradients, `torch` for a sum that grows to g/(1-β), `adam` for betas or none at all."""
    if isinstance(optimizer, EMASGD):
        return "ema"
    return "torch" if "momentum" in optimizer.param_groups[0] else "adam"

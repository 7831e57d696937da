"""From an optimizer section to an optimizer. No decay on norms and biases."""

from typing import Any

from torch import nn, optim
from torch.optim.optimizer import Optimizer

from lrlab.errors import UsageError
from lrlab.optim.ema_sgd import EMASGD
from lrlab.optim.groups import split_weight_decay
from lrlab.registry import OPTIMIZERS

Groups = list[dict[str, Any]]


def build_optimizer(cfg: Any, model: nn.Module) -> Optimizer:
    """The optimizer that `cfg`, the config's optimizer section, names, over the model's parameters.

    Raises:
        UsageError: no such optimizer, or nothing to train.
    """
    groups = split_weight_decay(model, cfg.weight_decay)
    if not groups:
        raise UsageError("the model has no parameters that need a gradient")
    optimizer: Optimizer = OPTIMIZERS.resolve(cfg.name)(cfg, groups)
    return optimizer


def sgd(cfg: Any, groups: Groups) -> Optimizer:
    """SGD. `momentum_form: torch` is `v <- βv + g, w <- w - lr·v`; `ema` is `EMASGD`, whose lr is α."""
    if cfg.momentum_form == "ema":
        return EMASGD(groups, lr=cfg.lr, momentum=cfg.momentum)
    return optim.SGD(groups, lr=cfg.lr, momentum=cfg.momentum, nesterov=cfg.nesterov)


def adam(cfg: Any, groups: Groups) -> Optimizer:
    """Adam; weight decay is an L2 penalty. Source: Kingma, Ba 2015, arXiv:1412.6980."""
    return optim.Adam(groups, lr=cfg.lr, betas=(cfg.beta1, cfg.beta2), eps=cfg.eps)


def adamw(cfg: Any, groups: Groups) -> Optimizer:
    """Adam with decoupled weight decay. Source: Loshchilov, Hutter 2019, arXiv:1711.05101."""
    return optim.AdamW(groups, lr=cfg.lr, betas=(cfg.beta1, cfg.beta2), eps=cfg.eps)

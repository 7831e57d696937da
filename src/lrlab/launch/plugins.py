"""What a plugin must be: called with what it takes, and checked for what it gives, before anything is trained."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lrlab.config.schema import Config
from lrlab.config.sections.plugins import Plugin
from lrlab.data.contract import splits_problem
from lrlab.data.images import RawSplits
from lrlab.engine.task import LossFn
from lrlab.errors import UsageError
from lrlab.launch.plugin_calls import arguments_for, wrong_result
from lrlab.launch.plugin_import import import_plugin, user_code
from lrlab.models.build import build_model
from lrlab.registry import LOSSES


def model_for(config: Config, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The network of a config; a plugin's is called with its options, and with `shape` and `classes` if it takes them.

    Raises:
        UsageError: the plugin cannot be called so, fails, or returns no module.
    """
    section: Any = config.model
    name, plugin = section.name, config.plugins.get(section.name)
    if plugin is None:
        return build_model(section, shape=shape, classes=classes)
    make = import_plugin(name, plugin)
    if isinstance(make, nn.Module):
        raise UsageError(
            f"plugins.{name}: {plugin.target} is a module that is built already, and seeds would share its weights",
            hint="name its class, or a function that returns a new one",
        )
    arguments = arguments_for(name, make, section.options, "model.options", {"shape": shape, "classes": classes})
    with user_code(f"plugins.{name}: {plugin.target}"):
        module = make(**arguments)
    if not isinstance(module, nn.Module):
        raise wrong_result(name, plugin, module, "a torch.nn.Module")
    return module


def loss_for(config: Config) -> LossFn:
    """The loss of a config: (outputs, targets) -> scalar mean."""
    name: str = config.train.loss
    plugin = config.plugins.get(name)
    if plugin is None:
        built_in: LossFn = LOSSES.resolve(name)
        return built_in
    loss = import_plugin(name, plugin)
    if inspect.isclass(loss):  # torch.nn.MSELoss and the like
        arguments_for(name, loss, {}, "", {})
        with user_code(f"plugins.{name}: {plugin.target}"):
            loss = loss()
    if not callable(loss):
        raise wrong_result(name, plugin, loss, "a function (outputs, targets) -> scalar mean", verb="is")
    checked: LossFn = loss
    return checked


@dataclass(frozen=True)
class PluginLoader:
    """A data set's loader: called with the data section, and with its options as keywords."""

    name: str
    plugin: Plugin

    def __call__(self, section: Any) -> RawSplits:
        """The images.

        Raises:
            UsageError: the plugin cannot be called so, fails, or returns something else than `RawSplits`.
        """
        load = import_plugin(self.name, self.plugin)
        arguments = arguments_for(self.name, load, section.options, "data.options", {}, positional=1)
        with user_code(f"plugins.{self.name}: {self.plugin.target}"):
            raw = load(section, **arguments)
            if not isinstance(raw, RawSplits):
                raise wrong_result(self.name, self.plugin, raw, "a lrlab.data.images.RawSplits")
            problem = splits_problem(raw)
        if problem:
            raise UsageError(f"plugins.{self.name}: {self.plugin.target} returned RawSplits whose {problem}")
        return raw


def loader_for(config: Config) -> PluginLoader | None:
    """The loader of a plugin's data set; None where the set is lrlab's own."""
    name: str = config.data.name
    return PluginLoader(name, config.plugins[name]) if name in config.plugins else None


def check_loss(config: Config, loss_fn: LossFn, outputs: Tensor, targets: Tensor) -> None:
    """Call a plugin's loss once, on a few outputs.

    Raises:
        UsageError: it fails, or does not return one number that gradients flow through.
    """
    name: str = config.train.loss
    plugin = config.plugins.get(name)
    if plugin is None:
        return
    with torch.enable_grad(), user_code(f"plugins.{name}: {plugin.target}"):
        loss: Any = loss_fn(outputs.detach().requires_grad_(), targets)
    needed = "a scalar tensor, the mean over the batch, made of the outputs"
    if not isinstance(loss, Tensor):
        raise wrong_result(name, plugin, loss, needed)
    if loss.ndim or not loss.requires_grad:
        got = f"a tensor of shape {tuple(loss.shape)}" if loss.ndim else "a tensor without gradient"
        raise UsageError(f"plugins.{name}: {plugin.target} returned {got}; it must return {needed}")

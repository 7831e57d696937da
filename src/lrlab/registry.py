"""Names -> `module:attribute`, a summary and a source. Strings only: nothing heavy is imported until `resolve`.

Tables, one per kind of thing a config can name. Listing, completion and did-you-mean need no torch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from lrlab.errors import UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """One name a config can use.

    Attributes:
        name: what the user writes.
        target: `module:attribute` of the function behind it.
        summary: one line for listings.
        source: paper or origin; may be empty.
    """

    name: str
    target: str
    summary: str
    source: str = ""


class Registry(Mapping[str, Entry]):
    """The names of one kind of thing."""

    def __init__(self, kind: str, entries: Iterable[Entry]) -> None:
        self.kind = kind
        self._entries = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def resolve(self, name: str) -> Any:
        """Import and return what `name` stands for.

        Raises:
            UsageError: no such name; the message lists the names and the nearest one.
        """
        if name not in self._entries:
            near = nearest(name, self._entries)
            hint = f"did you mean {near!r}?" if near else None
            raise UsageError(f"no {self.kind} named {name!r}; there are: {', '.join(self)}", hint=hint)
        module, _, attribute = self._entries[name].target.partition(":")
        return getattr(import_module(module), attribute)


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like `word`, or None when nothing is close."""
    matches = get_close_matches(word, list(options), n=1, cutoff=0.6)
    return matches[0] if matches else None


_SMITH_2018 = "Smith, Topin 2018, arXiv:1708.07120"
_HE_2015 = "He et al. 2015, arXiv:1502.01852"
_GLOROT_2010 = "Glorot, Bengio 2010, AISTATS"

DATASETS = Registry(
    "data set",
    [
        Entry("digits", "lrlab.data.digits:load", "8x8 handwritten digits, embedded (1,797 images)", "scikit-learn; UCI optdigits"),
        Entry("mnist", "lrlab.data.torchvision_sets:load_mnist", "28x28 handwritten digits", "LeCun et al. 1998"),
        Entry("cifar10", "lrlab.data.torchvision_sets:load_cifar10", "32x32 colour images, 10 classes", "Krizhevsky 2009"),
        Entry("imagefolder", "lrlab.data.imagefolder:load", "your own images: root/[split/]class/image"),
        Entry("fake", "lrlab.data.fake:load", "made-up images with learnable classes, for tests"),
    ],
)  # fmt: skip

MODELS = Registry(
    "model",
    [
        Entry("convnet", "lrlab.models.convnet:build", "plain CNN: conv blocks, global pooling, linear head"),
        Entry("mlp", "lrlab.models.mlp:build", "fully connected layers"),
    ],
)

INITS = Registry(
    "init",
    [
        Entry("torch", "lrlab.init.schemes:torch_default", "what each torch module does by itself"),
        Entry("kaiming_normal", "lrlab.init.schemes:kaiming_normal", "normal, Var(w) = gain²/fan", _HE_2015),
        Entry("kaiming_uniform", "lrlab.init.schemes:kaiming_uniform", "uniform, Var(w) = gain²/fan", _HE_2015),
        Entry("xavier_normal", "lrlab.init.schemes:xavier_normal", "normal, Var(w) = 2/(fan_in + fan_out)", _GLOROT_2010),
        Entry("xavier_uniform", "lrlab.init.schemes:xavier_uniform", "uniform, Var(w) = 2/(fan_in + fan_out)", _GLOROT_2010),
    ],
)  # fmt: skip

OPTIMIZERS = Registry(
    "optimizer",
    [
        Entry("sgd", "lrlab.optim.build:sgd", "SGD, momentum in torch's or the EMA form, Nesterov"),
        Entry("adam", "lrlab.optim.build:adam", "Adam", "Kingma, Ba 2015, arXiv:1412.6980"),
        Entry("adamw", "lrlab.optim.build:adamw", "Adam with decoupled weight decay", "Loshchilov, Hutter 2019, arXiv:1711.05101"),
    ],
)  # fmt: skip

POLICIES = Registry(
    "policy",
    [
        Entry("constant", "lrlab.policies.build:constant", "one lr throughout"),
        Entry("range", "lrlab.policies.build:range_", "lr rises from lr_min to lr_max", "Smith 2017, arXiv:1506.01186, section 3.3"),
        Entry("onecycle", "lrlab.policies.build:onecycle", "30 parts up, 40 down, 10 on down; momentum opposite", _SMITH_2018),
        Entry("torch", "lrlab.policies.build:torch_onecycle", "torch.optim.lr_scheduler.OneCycleLR, knot for knot", _SMITH_2018),
    ],
)  # fmt: skip

LOSSES = Registry(
    "loss",
    [Entry("cross_entropy", "torch.nn.functional:cross_entropy", "mean negative log-likelihood of the target class")],
)


def built_in(name: str) -> str | None:
    """What kind of thing `name` already stands for; None when it is free."""
    tables = (MODELS, DATASETS, LOSSES, INITS, OPTIMIZERS, POLICIES)
    return next((table.kind for table in tables if name in table), None)

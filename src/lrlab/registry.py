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
_SGDR = "Loshchilov, Hutter 2017, arXiv:1608.03983"
_HE_2015 = "He et al. 2015, arXiv:1502.01852"
_GLOROT_2010 = "Glorot, Bengio 2010, AISTATS"
_LECUN_1998 = "LeCun et al. 1998, Efficient BackProp, section 4.6"

DATASETS = Registry(
    "data set",
    [
        Entry("digits", "lrlab.data.digits:load", "8x8 handwritten digits, embedded (1,797 images)", "scikit-learn; UCI optdigits"),
        Entry("mnist", "lrlab.data.torchvision_sets:load", "28x28 handwritten digits", "LeCun et al. 1998"),
        Entry("fashionmnist", "lrlab.data.torchvision_sets:load", "28x28 grey images of clothes, 10 classes", "Xiao et al. 2017, arXiv:1708.07747"),
        Entry("kmnist", "lrlab.data.torchvision_sets:load", "28x28 cursive Japanese characters, 10 classes", "Clanuwat et al. 2018, arXiv:1812.01718"),
        Entry("cifar10", "lrlab.data.torchvision_sets:load", "32x32 colour images, 10 classes", "Krizhevsky 2009"),
        Entry("cifar100", "lrlab.data.torchvision_sets:load", "32x32 colour images, 100 classes", "Krizhevsky 2009"),
        Entry("svhn", "lrlab.data.torchvision_sets:load", "32x32 colour images of house numbers' digits", "Netzer et al. 2011"),
        Entry("imagefolder", "lrlab.data.imagefolder:load", "your own images: root/[split/]class/image"),
        Entry("fake", "lrlab.data.fake:load", "made-up images with learnable classes, for tests"),
    ],
)  # fmt: skip

MODELS = Registry(
    "model",
    [
        Entry("convnet", "lrlab.models.convnet:build", "plain CNN: conv blocks, global pooling, linear head"),
        Entry("mlp", "lrlab.models.mlp:build", "fully connected layers"),
        Entry("lenet", "lrlab.models.lenet:build", "LeNet-5: two 5x5 convolutions, three linear layers", "LeCun et al. 1998, Proc. IEEE 86(11)"),
        Entry("resnet", "lrlab.models.resnet:build", "residual network for small images, depth 6n+2 from 8 to 56", "He et al. 2015, arXiv:1512.03385, section 4.2"),
    ],
)  # fmt: skip

INITS = Registry(
    "init",
    [
        Entry("torch", "lrlab.init.torch_default:torch_default", "what each torch module does by itself"),
        Entry("kaiming_normal", "lrlab.init.variance:kaiming_normal", "normal, Var(w) = gain²/fan", _HE_2015),
        Entry("kaiming_uniform", "lrlab.init.variance:kaiming_uniform", "uniform, Var(w) = gain²/fan", _HE_2015),
        Entry("xavier_normal", "lrlab.init.variance:xavier_normal", "normal, Var(w) = 2/(fan_in + fan_out)", _GLOROT_2010),
        Entry("xavier_uniform", "lrlab.init.variance:xavier_uniform", "uniform, Var(w) = 2/(fan_in + fan_out)", _GLOROT_2010),
        Entry("lecun_normal", "lrlab.init.variance:lecun_normal", "normal, Var(w) = 1/fan_in", _LECUN_1998),
        Entry("lecun_uniform", "lrlab.init.variance:lecun_uniform", "uniform, Var(w) = 1/fan_in", _LECUN_1998),
        Entry("normal", "lrlab.init.variance:normal", "normal, one std for all layers"),
        Entry("truncated_normal", "lrlab.init.variance:truncated_normal", "normal cut at two sigma, one std for all layers"),
        Entry("orthogonal", "lrlab.init.orthogonal:orthogonal", "gain times an orthogonal matrix", "Saxe et al. 2013, arXiv:1312.6120"),
        Entry("delta_orthogonal", "lrlab.init.orthogonal:delta_orthogonal", "orthogonal in a convolution's centre tap, 0 around it", "Xiao et al. 2018, arXiv:1806.05393"),
        Entry("scaled_identity", "lrlab.init.identity:scaled_identity", "scale times the identity, in a convolution's centre tap"),
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
        Entry("constant", "lrlab.policies.constant:build", "one lr throughout"),
        Entry("onecycle", "lrlab.policies.onecycle:build", "30 parts up, 40 down, 10 on down; momentum opposite", _SMITH_2018),
        Entry("torch", "lrlab.policies.torch_onecycle:build", "torch.optim.lr_scheduler.OneCycleLR, knot for knot", _SMITH_2018),
        Entry("triangular", "lrlab.policies.triangular:build", "CLR: up and down again and again; or with falling peaks", "Smith 2017, arXiv:1506.01186, section 3"),
        Entry("cosine", "lrlab.policies.decay:build_cosine", "half a cosine down", _SGDR),
        Entry("cosine_restarts", "lrlab.policies.cosine_restarts:build", "SGDR: half cosines, each starting again from the top", _SGDR),
        Entry("linear", "lrlab.policies.decay:build_linear", "straight down"),
        Entry("polynomial", "lrlab.policies.decay:build_polynomial", "down as a power of what is left", "Chen et al. 2017, arXiv:1606.00915"),
        Entry("exponential", "lrlab.policies.decay:build_exponential", "down by the same factor at each step"),
        Entry("step", "lrlab.policies.step:build", "down by a factor at milestones", "He et al. 2016, arXiv:1512.03385, section 4.2"),
        Entry("wsd", "lrlab.policies.wsd:build", "warm-up, stable, decay", "Hägele et al. 2024, arXiv:2405.18392"),
        Entry("climb", "lrlab.policies.climb:build", "one cycle's way up, then the peak to the end"),
        Entry("range", "lrlab.policies.range:build", "lr rises from lr_min to lr_max", "Smith 2017, arXiv:1506.01186, section 3.3"),
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

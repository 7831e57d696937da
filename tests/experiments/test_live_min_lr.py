"""`lrlab.find_min_lr` on live models: what it answers, what it refuses, what it says of its evidence."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import lrlab
from lrlab.errors import DataError, UsageError

Batches = list[tuple[Tensor, Tensor]]


def digits() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return torch.tensor(data.images, dtype=torch.float32)[:, None] / 16, torch.tensor(data.target)


def cnn(seed: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(256, 10),
    )  # fmt: skip


def sgd(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


@pytest.fixture(scope="module")
def loader() -> DataLoader[Any]:
    images, labels = digits()
    return DataLoader(TensorDataset(images[:1400], labels[:1400]), batch_size=32, shuffle=True)


def teacher(classes: int = 3, batches: int = 8) -> Batches:
    """A task for nets of four inputs that learn it in no time."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(16 * batches, 4, generator=generator)
    y = (x @ torch.randn(4, classes, generator=generator)).argmax(1)
    return list(zip(x.split(16), y.split(16), strict=True))


def small(seed: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))


QUICK: dict[str, Any] = {
    "max_lr": 0.3,
    "optimizer": sgd,
    "steps": 12,
    "seeds": 2,
    "ratios": (0.1, 0.5),
    "gate_seeds": 1,
}


def quick(model: Any = small, loader: Any = None, **changes: Any) -> lrlab.MinLrFinding:
    return lrlab.find_min_lr(model, teacher() if loader is None else loader, progress=False, **{**QUICK, **changes})


def test_on_digits_it_finds_where_to_begin(loader: DataLoader[Any]) -> None:
    found = lrlab.find_min_lr(cnn, loader, max_lr=0.1, optimizer=sgd, seeds=3, progress=False)
    assert found.min_lr is not None and found.passes == found.max_lr == 0.1 and not found.notes
    assert 0.01 <= found.min_lr <= 0.02
    assert found.gate.chance == pytest.approx(math.log(10), abs=0.01) and found.gate.target < 1.6
    assert [c.ratio for c in found.candidates] == [0.1, 0.126, 0.159, 0.2]
    assert all(c.median is not None and 5 < c.median <= 50 for c in found.candidates)
    assert found.cost.images == pytest.approx(32 * found.cost.steps, rel=0.02)

    torch.manual_seed(0)
    model = cnn(0)
    optimizer = sgd(model.parameters())
    scheduler = lrlab.OneCycle(optimizer, found.max_lr, total=2 * len(loader), min_lr=found.min_lr)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            scheduler.step()
    images, labels = digits()
    assert (model(images[1400:]).argmax(1) == labels[1400:]).float().mean() > 0.85


def test_a_max_lr_that_is_far_too_high_says_what_passes(loader: DataLoader[Any]) -> None:
    asked = {"optimizer": sgd, "steps": 30, "seeds": 1, "ratios": (0.1, 0.2), "progress": False}
    found = lrlab.find_min_lr(cnn, loader, max_lr=5.0, **asked)
    assert found.min_lr is None and not found.decisive
    assert [flag.code for flag in found.flags] == ["GATE_FAILED"]
    assert found.passes is not None and found.passes < 1 and f"{found.passes:.3g}" in found.verdict
    assert found.gate.critical_lr is not None and found.gate.critical_lr < math.inf
    again = lrlab.find_min_lr(cnn, loader, max_lr=5.0, auto_shrink=True, **asked)
    assert again.max_lr == found.passes and again.min_lr is not None
    assert [flag.code for flag in again.flags] == ["SHRUNK"]


def test_without_a_max_lr_a_range_test_comes_first() -> None:
    found = quick(max_lr=None)
    assert found.range_finding is not None and found.range_finding.suggestion is not None
    assert found.asked == float(f"{found.range_finding.suggestion:.4g}")
    assert len(found.range_finding.sweeps) == 3


def test_a_range_test_without_an_answer_leaves_none() -> None:
    noise = torch.Generator().manual_seed(0)
    batches = [(torch.randn(8, 4, generator=noise), torch.randn(8, 3, generator=noise)) for _ in range(50)]
    found = quick(loader=batches, loss_fn=lambda o, t: t.mean() + 0 * o.sum(), max_lr=None)
    assert found.min_lr is None and "NO_SIGNAL" in [flag.code for flag in found.flags]


def test_one_seed_is_never_decisive() -> None:
    found = quick(seeds=1, ratios=(0.1, 1.0))  # from 1.0 it is there in half the updates
    assert not found.decisive and found.ratio == pytest.approx(0.1) and "one seed" in found.verdict
    many = quick(seeds=5, ratios=(0.1, 1.0))
    assert many.decisive and many.ratio == pytest.approx(1.0)


def test_the_other_method_runs_on_live_parts() -> None:
    found = quick(method="stable-ramp", max_lr=0.3, seeds=2)
    assert found.method == "stable-ramp" and found.min_lr is not None
    assert all(count is None or 1 <= count <= 12 for c in found.candidates for count in c.counts.values())


def test_copies_of_one_climb_are_one_seed() -> None:
    """A module and a loader that does not shuffle: five equal curves would make anything decisive."""
    batches = teacher()
    data = TensorDataset(torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches]))
    torch.manual_seed(0)
    found = quick(small(0), DataLoader(data, batch_size=16), seeds=5, ratios=(0.1, 1.0))
    assert found.seeds == 1 and not found.decisive and any("same curve" in note for note in found.notes)
    for model, loader in ((small, DataLoader(data, batch_size=16)), (small(0), teacher())):
        replicated = quick(model, loader, seeds=5, ratios=(0.1, 1.0))
        assert replicated.seeds == 5 and replicated.decisive and not replicated.notes


def test_a_regression_knows_its_chance_level() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(128, 4, generator=generator)
    y = 3 + x @ torch.randn(4, 3, generator=generator)
    found = quick(loader=list(zip(x.split(16), y.split(16), strict=True)), loss_fn=F.mse_loss, max_lr=0.03, steps=30)
    assert found.gate.chance == pytest.approx(float(y.var(0, correction=0).mean()), rel=1e-5)
    assert found.min_lr is not None and not found.notes


def test_a_loss_of_ones_own_begins_at_its_first_loss_unless_chance_is_given() -> None:
    def own(outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets)

    found = quick(loss_fn=own)
    assert "pass chance" in found.notes[0]
    assert found.gate.chance == pytest.approx(sorted(c.losses[0] for c in found.climbs if c.seed == 0)[0])
    given = quick(loss_fn=own, chance=1.0)
    assert given.gate.chance == 1.0 and not given.notes


class Endless:
    """Batches of a task from a generator, counted."""

    def __init__(self, count: int | None = None) -> None:
        self.given, self._count = 0, count

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        batches = teacher()
        while self._count is None or self.given < self._count:
            self.given += 1
            yield batches[self.given % len(batches)]


def test_a_one_shot_iterator_is_accepted_and_counted() -> None:
    source = Endless()
    found = quick(loader=iter(source))
    assert found.min_lr is not None
    assert "chance level is not known" in found.notes[0] and f"{source.given} batches" in found.notes[1]


@pytest.mark.parametrize("count", [0, 5, 20])
def test_one_that_ends_before_the_search_is_refused(count: int) -> None:
    with pytest.raises(DataError, match=r"iterator that (has )?ended|no batches"):
        quick(loader=iter(Endless(count)))


def momenta(**changes: Any) -> tuple[set[float], lrlab.MinLrFinding]:
    """Momenta that updates were made with."""
    seen: set[float] = set()

    class Watched(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:
            seen.add(self.param_groups[0]["momentum"])
            super().step(closure)

    own = changes.pop("own", 0.9)
    return seen, quick(optimizer=lambda p: Watched(p, lr=0.1, momentum=own), **changes)


def test_momentum_falls_as_in_one_cycle_where_there_is_one() -> None:
    seen, found = momenta()
    assert (min(seen), max(seen)) == (0.85, 0.95) and not found.notes
    assert momenta(momentum=None)[0] == {0.9}
    seen, _ = momenta(momentum=(0.5, 0.6))
    assert (min(seen), max(seen)) == (0.5, 0.6)


def test_momentum_is_never_switched_on() -> None:
    seen, found = momenta(own=0.0, confirm=True, confirm_steps=6)
    assert seen == {0.0} and found.notes == ("Watched has no momentum above 0, so none is cycled",)
    assert quick(optimizer=lambda p: torch.optim.Adagrad(p, lr=0.1)).notes == (
        "Adagrad has no momentum above 0, so none is cycled",
    )


def test_confirmation_compares_what_there_is() -> None:
    held = teacher(batches=3)
    metrics = [
        quick(confirm=True, confirm_steps=8, **more).confirmation.metric  # type: ignore[union-attr]
        for more in ({}, {"val_loader": held}, {"val_loader": held, "accuracy": True})
    ]
    assert metrics == ["train_loss", "val_loss", "val_accuracy"]


def test_a_short_training_is_that_of_a_plain_loop() -> None:
    (x, y), (xv, yv) = teacher(batches=1)[0], teacher(batches=2)[1]
    torch.manual_seed(0)
    model = small(0)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    found = quick(model, [(x, y)], optimizer=sgd(model.parameters()), confirm=True, confirm_steps=9,
                  val_loader=[(xv, yv)] * 2, ratios=(0.1, 0.5)).confirmation  # fmt: skip
    assert found is not None
    for ratio, value in ((found.ratio, found.values[0]), (found.reference, found.reference_values[0])):
        model.load_state_dict(start)
        optimizer = sgd(model.parameters())
        scheduler = lrlab.OneCycle(optimizer, 0.3, total=9, min_lr=0.3 * ratio)
        for _ in range(9):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            scheduler.step()
        assert value == pytest.approx(F.cross_entropy(model(xv), yv).item(), rel=1e-5)
    assert found.values != found.reference_values


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lrs": (0.01, 0.5), "ratios": None}, "lrs: find_min_lr.lrs holds 0.5, above find_min_lr.max_lr=0.3"),
        ({"ratios": (0.1, 1.5)}, "ratios: find_min_lr.ratios.1 must be at most 1.0; got 1.5"),
        ({"ratios": (0.0, 0.5)}, "ratios: find_min_lr.ratios.0 must be above 0"),
        ({"ratios": (0.1,)}, "ratios: find_min_lr.ratios needs at least 2 values; got [0.1]"),
        ({"ratios": ()}, "ratios: find_min_lr.ratios needs at least 2 values; got []"),
        ({"ratios": (0.1, 0.1)}, "ratios: find_min_lr.ratios: 0.1 alone leaves nothing to compare"),
        ({"lrs": (0.1, 0.2)}, "lrs: find_min_lr.ratios and find_min_lr.lrs both name the candidates"),
        ({"steps": 2}, "steps: find_min_lr.steps must be at least 3; got 2"),
        ({"max_lr": 0.0}, "max_lr: find_min_lr.max_lr must be above 0"),
        ({"max_lr": -1.0}, "max_lr: find_min_lr.max_lr must be above 0"),
        ({"seeds": 0}, "seeds: find_min_lr.seeds must be at least 1"),
        ({"method": "stable-rump"}, "method: find_min_lr.method: there is no 'stable-rump'"),
        ({"shape": "round"}, "shape: policy.shape"),
        ({"momentum": 0.9}, "momentum is 0.9"),
        ({"momentum": (0.95, 0.85)}, "momentum: policy.momentum_low=0.95 is above"),
        ({"accumulate": 0}, "accumulate: train.accumulate must be at least 1"),
        ({"chance": math.nan}, "chance is nan"),
        ({"val_loader": []}, "val_loader is given, and confirm=False"),
        ({"confirm": True, "accuracy": True}, "accuracy is asked for without a val_loader"),
        ({"confirm": True, "val_loader": iter([])}, "val_loader is an iterator"),
        ({"optimizer": torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)}, "model is a factory"),
        ({"optimizer": 0.1}, "optimizer is a float"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_before_anything_runs(changes: dict[str, Any], said: str) -> None:
    def never(seed: int) -> nn.Module:
        raise AssertionError("the model was built")

    with pytest.raises(UsageError) as refused:
        quick(never, **changes)
    sentences = [line for line in refused.value.message.splitlines() if not line.startswith("  hint: ")]
    assert len(sentences) == 1 and sentences[0].startswith(said)


def test_its_name_is_in_the_module_and_costs_nothing_before_it_is_used() -> None:
    assert {"find_min_lr", "MinLrFinding"} <= set(dir(lrlab))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the search on CUDA is not run")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_on_cuda_the_model_comes_back_to_the_cpu(precision: str) -> None:
    torch.manual_seed(0)
    model = small(0)
    before = [(p, p.data.clone()) for p in model.parameters()]
    found = quick(model, device="cuda", precision=precision, confirm=True, confirm_steps=8)
    assert found.min_lr is not None and found.confirmation is not None
    assert all(p.device.type == "cpu" and torch.equal(p.data, value) for p, value in before)

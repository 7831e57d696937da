"""Policies drawn at random: for each name in the registry, whatever its settings allow."""

from collections.abc import Callable

from hypothesis import strategies as st

from lrlab.policies import (
    Climb,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    Linear,
    OneCycle,
    Policy,
    Polynomial,
    Range,
    StableDecay,
    Step,
    TorchOneCycle,
    Triangular,
    Warmup,
)

peaks = st.floats(1e-4, 100)
fractions = st.floats(1e-4, 0.9)
momenta = st.one_of(st.none(), st.just((0.85, 0.95)), st.just((0.0, 0.5)))


def _from(build: Callable[..., Policy], *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Policy]:
    """`build(total, peak, lower lr, ...)` over drawn values."""
    return st.builds(build, st.integers(4, 300), peaks, fractions, *arguments)


KINDS: dict[str, st.SearchStrategy[Policy]] = {
    "constant": _from(lambda n, lr, _: Constant(lr, n)),
    "onecycle": _from(
        lambda n, lr, f, g, parts, shape, m: OneCycle(n, lr, lr * f, lr * f * g, parts, shape, m),
        fractions,
        st.tuples(*[st.integers(1, 50)] * 3),
        st.sampled_from(["linear", "cosine"]),
        momenta,
    ),
    "torch": _from(
        lambda n, lr, f, pct, shape, m: TorchOneCycle(n, lr, pct, 1 / f, 100.0, shape, m),
        st.floats(0.05, 0.95),
        st.sampled_from(["linear", "cosine"]),
        momenta,
    ),
    "triangular": _from(
        lambda n, lr, f, up, down, mode, m: Triangular(lr, n, up, down, lr * f, mode, 0.99, m),
        st.floats(1, 40),
        st.one_of(st.none(), st.integers(1, 40)),
        st.sampled_from(["triangular", "triangular2", "exp_range"]),
        momenta,
    ),
    "cosine": _from(lambda n, lr, f: Cosine(lr, n, lr * f)),
    "cosine_restarts": _from(
        lambda n, lr, f, period, mult: CosineRestarts(lr, n, lr * f, period, mult),
        st.one_of(st.none(), st.floats(1, 100)),
        st.integers(1, 3),
    ),
    "linear": _from(lambda n, lr, f: Linear(lr, n, lr * f)),
    "polynomial": _from(lambda n, lr, f, power: Polynomial(lr, n, lr * f, None, power), st.floats(0.2, 5)),
    "exponential": _from(lambda n, lr, f: Exponential(lr, n, lr * f)),
    "step": _from(
        lambda n, lr, f, at: Step(lr, n, tuple(sorted({1 + k % (n - 1) for k in at})), f),
        st.lists(st.integers(0, 10**4)),
    ),
    "wsd": _from(
        lambda n, lr, f, parts, shape, w: Warmup(StableDecay(lr, n, lr * f, parts, shape), w),
        st.tuples(*[st.integers(1, 50)] * 2),
        st.sampled_from(["1-sqrt", "linear", "cosine"]),
        st.integers(1, 20),
    ),
    "climb": _from(
        lambda n, lr, f, up, shape, m: Climb(n, lr * f, lr, 1 + up % (n - 1), shape, m),
        st.integers(0, 300),
        st.sampled_from(["linear", "cosine"]),
        momenta,
    ),
    "range": _from(lambda n, lr, f, shape: Range(lr * f, lr, n, shape), st.sampled_from(["exponential", "linear"])),
}  # fmt: skip
any_policy = st.one_of(*KINDS.values(), st.builds(Warmup, st.one_of(*KINDS.values()), st.integers(1, 50), fractions))

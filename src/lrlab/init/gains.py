"""The factor that undoes what an activation does to the size of a standard normal signal."""

from collections.abc import Callable
from functools import lru_cache
from math import erf, exp, inf, pi, sqrt, tanh

from lrlab.errors import UsageError
from lrlab.registry import nearest


def _sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z)) if z > -700 else 0.0


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "linear": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "tanh": tanh,
    "sigmoid": _sigmoid,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "gelu": lambda z: z * (1 + erf(z / sqrt(2))) / 2,
    "silu": lambda z: z * _sigmoid(z),
}
DERIVATIVES: dict[str, Callable[[float], float]] = {
    "linear": lambda z: 1.0,
    "relu": lambda z: float(z > 0),
    "tanh": lambda z: 1 - tanh(z) ** 2,
    "sigmoid": lambda z: _sigmoid(z) * _sigmoid(-z),
    "leaky_relu": lambda z: 1.0 if z > 0 else 0.01,
    "gelu": lambda z: (1 + erf(z / sqrt(2))) / 2 + z * exp(-z * z / 2) / sqrt(2 * pi),
    "silu": lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z)),
}


@lru_cache
def gain(activation: str) -> float:
    """`1/sqrt(E[f(z)²])` for z standard normal: relu √2, linear 1, tanh 1.59, sigmoid 1.85.

    With Var(w) = gain²/fan_in a layer fed by f(z) keeps the second moment of z. torch's `calculate_gain`
    says 1 for sigmoid and 5/3 for tanh, which is not that.

    Raises:
        UsageError: no such activation.

    Source: He et al. 2015, arXiv:1502.01852, equation 10, with E[f²] in place of 1/2; by quadrature.
    """
    return gain_of(_of(FUNCTIONS, activation))


@lru_cache
def gain_backward(activation: str) -> float:
    """`1/sqrt(E[f'(z)²])` for z standard normal: relu √2, linear 1, tanh 1.47, sigmoid 4.72.

    With Var(w) = gain²/fan_out a gradient keeps its second moment on the way back through a layer and f.

    Raises:
        UsageError: no such activation.

    Source: He et al. 2015, arXiv:1502.01852, equation 14, with E[f'²] in place of 1/2; by quadrature.
    """
    return gain_of(_of(DERIVATIVES, activation))


def _of(functions: dict[str, Callable[[float], float]], activation: str) -> Callable[[float], float]:
    if activation not in functions:
        near = nearest(activation, functions)
        raise UsageError(
            f"no gain is known for activation {activation!r}; there are: {', '.join(functions)}",
            hint=f"did you mean {near!r}?" if near else None,
        )
    return functions[activation]


def gain_of(function: Callable[[float], float]) -> float:
    """`1/sqrt(E[f(z)²])` of any function that may have a kink at 0, where the integral is split."""
    from scipy.integrate import quad

    def density(z: float) -> float:
        return function(z) ** 2 * exp(-z * z / 2) / sqrt(2 * pi)

    below, _ = quad(density, -inf, 0.0, epsabs=1e-13)
    above, _ = quad(density, 0.0, inf, epsabs=1e-13)
    return float(1 / sqrt(below + above))

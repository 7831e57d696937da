"""Short loss curves, held to the last bit where the kernels are the same and to 1e-4 where they are not.

To write them anew: make golden
"""

import math

import pytest
from golden_curves import CURVES, compute, environment, read

TOLERANCE = 1e-4  # relative; oneDNN, ATen and MKL held to older CPUs moved these curves by at most 3e-7


def mismatch(name: str, losses: list[float], *, exact: bool) -> str:
    """What is different, or nothing."""
    golden = read(name)
    if len(losses) != len(golden.losses):
        return f"{name}: {len(losses)} losses, golden {len(golden.losses)}"
    for step, (found, wanted) in enumerate(zip(losses, golden.losses, strict=True)):
        if found != wanted if exact else not math.isclose(found, wanted, rel_tol=TOLERANCE):
            return f"{name}, step {step}: loss {found!r}, golden {wanted!r}"
    return ""


def other_environment(name: str) -> str:
    """Why bits may differ here; empty where they may not."""
    header, here = read(name).header, environment()
    return "; ".join(f"{key} {here[key]}, golden {header[key]}" for key in here if header[key] != here[key])


@pytest.mark.parametrize("name", list(CURVES))
def test_the_curve_is_the_golden_one(name: str) -> None:
    other, losses = other_environment(name), compute(name)
    how = f"compared to 1e-4, since here are {other}" if other else "compared to the last bit"
    assert mismatch(name, losses, exact=not other) == "", how
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("name", list(CURVES))
def test_negative_control_a_changed_curve_is_noticed(name: str) -> None:
    golden = read(name).losses
    assert mismatch(name, golden, exact=True) == mismatch(name, golden, exact=False) == ""
    nudged = [*golden[:-1], math.nextafter(golden[-1], math.inf)]
    assert mismatch(name, nudged, exact=True) and not mismatch(name, nudged, exact=False)
    assert mismatch(name, [*golden[:-1], golden[-1] * 1.001], exact=False)
    assert mismatch(name, golden[:-1], exact=False)
    assert mismatch(name, [*golden[:-1], math.nan], exact=False)


def test_the_header_says_how_it_was_made() -> None:
    for name, overrides in CURVES.items():
        header = read(name).header
        assert header["config"] == " ".join(overrides)
        assert header.keys() >= {"torch", "machine", "cpu capability", "kernels"}

"""How bf16 is timed against fp32."""

from collections.abc import Callable
from itertools import count

import pytest
import torch

from lrlab.engine.precision_timing import alternate, time_precisions


def scripted(calls: list[str], name: str, costs: list[float]) -> Callable[[], float]:
    """Costs in order; the first is the warm-up's."""
    left = iter(costs)

    def turn() -> float:
        calls.append(name)
        return next(left)

    return turn


def test_the_answer_is_the_median_of_ratios_without_the_warm_up() -> None:
    calls: list[str] = []
    fp32 = scripted(calls, "a", [999.0, 10.0, 30.0, 12.0])
    bf16 = scripted(calls, "b", [1.0, 5.0, 10.0, 4.0])  # ratios 2, 3, 3
    timing = alternate(fp32, bf16, seconds=0.0, now=lambda: 0.0)
    assert (timing.fp32_ms, timing.bf16_ms, timing.speedup, timing.rounds) == (12.0, 5.0, 3.0, 3)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"


def test_it_ends_with_the_time_or_the_rounds() -> None:
    def one() -> float:
        return 1.0

    clock = count()  # a second a look
    assert alternate(one, one, seconds=7.0, now=lambda: float(next(clock))).rounds == 7 + 2
    assert alternate(one, one, seconds=1e9, now=lambda: 0.0).rounds == 25


def test_generators_and_threads_are_left_alone() -> None:
    torch.set_num_threads(2)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    timing = time_precisions(torch.device("cpu"), seconds=0.0)
    assert timing.rounds == 3 and timing.speedup > 0 and timing.fp32_ms > 0 and timing.bf16_ms > 0
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == 2


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the timing between events is not run")
def test_on_cuda() -> None:
    before = torch.cuda.get_rng_state()
    timing = time_precisions(torch.device("cuda:0"), seconds=0.2)
    assert timing.fp32_ms > 0 and timing.bf16_ms > 0 and torch.equal(torch.cuda.get_rng_state(), before)

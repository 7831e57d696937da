"""How often something is due, and how long a queue of trials takes, each against the plain count."""

from fractions import Fraction

import pytest

from lrlab.launch import predict
from lrlab.launch.cadence import steps_between
from lrlab.launch.timing import Cost


@pytest.mark.parametrize(
    ("written", "total", "per_epoch", "steps"),
    [
        (None, 100, Fraction(37), 37),
        (None, 100, Fraction(75, 2), 37),
        (None, 100, Fraction(1, 2), 1),
        (7, 100, Fraction(37), 7),
        ("7it", 100, Fraction(37), 7),
        ("10%", 468, Fraction(468), 47),
        ("10%", 6, Fraction(4), 1),
        ("0.5ep", 100, Fraction(75, 2), 19),
    ],
)
def test_what_is_due_so_often_is_due_after_so_many_steps(
    written: int | str | None, total: int, per_epoch: Fraction, steps: int
) -> None:
    assert steps_between(written, total, per_epoch) == steps


def test_the_time_of_a_queue_is_that_of_the_plain_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "allowed_cpus", lambda: 8)
    seconds = [5.0, 1.0, 1.0, 4.0, 2.0, 2.0]
    free = [0.0, 0.0]
    for each in seconds:
        free[free.index(min(free))] += each
    found = predict.total([Cost(s, s / 2) for s in seconds], 2, cpu_threads=1)
    assert found == Cost(max(free), sum(seconds) / 2) == Cost(8.0, 7.5)
    assert predict.total([Cost(3.0, 3.0)] * 5, 2, cpu_threads=1).seconds == 9.0
    assert predict.total([Cost(3.0, 3.0)] * 5, 4, cpu_threads=8).seconds == 15.0
    assert predict.total([], 4, cpu_threads=None) == Cost(0.0, 0.0)

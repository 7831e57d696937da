"""Progress: a bar, lines or nothing; and never a failure."""

import io
import re
import time

import pytest

from lrlab.track.bar import BarView
from lrlab.track.console import ProgressView, SilentView, progress
from lrlab.track.lines import LineView
from lrlab.track.pace import Pace, clock, pace_text


class Clock:
    """time.monotonic under the test's control."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Stream(io.TextIOWrapper):
    """A stream that may be a terminal."""

    def __init__(self, *, tty: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="", write_through=True)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty and super().isatty() is False  # which raises once the stream is closed

    def text(self) -> str:
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode(self.encoding)


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> Clock:
    timer = Clock()
    monkeypatch.setattr(time, "monotonic", timer)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return timer


def work(view: ProgressView, timer: Clock, *, steps: int, seconds: float) -> None:
    for step in range(1, steps + 1):
        timer.now += seconds / steps
        view.update(step, lr=0.1, loss=2.0 / step, accuracy=step / steps)
    view.close()


def test_quiet_shows_nothing(timer: Clock) -> None:
    for tty in (True, False):
        stream = Stream(tty=tty)
        view = progress(100, "train", quiet=True, stream=stream)
        assert isinstance(view, SilentView)
        view.note("hello")
        work(view, timer, steps=100, seconds=60)
        assert stream.text() == ""


def test_no_stderr_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    assert isinstance(progress(10, "train", quiet=False), SilentView)


def test_goes_to_the_stderr_of_the_moment(timer: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    work(progress(10, "train", quiet=False), timer, steps=10, seconds=100)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "train:" in captured.err


def test_short_work_says_nothing(timer: Clock) -> None:
    stream = Stream(tty=False)
    work(progress(1000, "train", quiet=False, stream=stream), timer, steps=1000, seconds=1.9)
    assert stream.text() == ""


def test_a_line_per_tenth(timer: Clock) -> None:
    stream = Stream(tty=False)
    work(progress(1000, "seed 0", quiet=False, stream=stream), timer, steps=1000, seconds=100)
    lines = stream.text().splitlines()
    assert [re.findall(r"(\d+) %", line)[0] for line in lines] == [str(10 * i) for i in range(1, 11)]
    assert lines[4] == ("seed 0:  50 %  step 500/1000  lr 0.1  loss 0.004  accuracy 50.0 %  10 steps/s, 0:50 left")


def test_a_line_per_fifteen_seconds_when_a_tenth_takes_longer(timer: Clock) -> None:
    stream = Stream(tty=False)
    work(progress(1000, "train", quiet=False, stream=stream), timer, steps=1000, seconds=1000)
    lines = stream.text().splitlines()
    assert 1000 / 15 - 12 <= len(lines) <= 1000 / 15 + 11


def test_tenths_passed_in_the_first_two_seconds_stay_unsaid(timer: Clock) -> None:
    stream = Stream(tty=False)
    work(progress(100, "train", quiet=False, stream=stream), timer, steps=100, seconds=4)
    assert len(stream.text().splitlines()) == 6  # 50 % (at 2 s) to 100 %


def test_resumed_work_counts_only_its_own_steps(timer: Clock) -> None:
    stream = Stream(tty=False)
    view = progress(1000, "train", quiet=False, stream=stream)
    for step in range(900, 1001):
        timer.now += 1
        view.update(step)
    assert "1 steps/s" in stream.text()
    assert "900 steps/s" not in stream.text()


def test_bar(timer: Clock) -> None:
    stream = Stream(tty=True)
    view = progress(1000, "seed 0", quiet=False, stream=stream)
    assert isinstance(view, BarView)
    work(view, timer, steps=1000, seconds=10)
    text = stream.text()
    assert "seed 0" in text
    assert "━" in text
    assert "1000/1000  lr 0.1  loss 0.002  accuracy 100.0 %  100 steps/s, 0:00 left" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is given back


def test_bar_is_drawn_at_most_ten_times_a_second(timer: Clock) -> None:
    stream = Stream(tty=True)
    work(progress(100_000, "train", quiet=False, stream=stream), timer, steps=100_000, seconds=2)
    drawn = re.findall(r"(\d+)/100000", stream.text())
    assert len(set(drawn)) <= 22
    assert drawn[-1] == "100000"


def test_no_color(timer: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> str:
        stream = Stream(tty=True)
        work(progress(10, "train", quiet=False, stream=stream), timer, steps=10, seconds=3)
        return stream.text()

    colour = re.compile(r"\x1b\[[0-9;]*[39][0-9;]*m")
    assert colour.search(drawn())  # negative control
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(drawn())


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_dumb_terminal_gets_lines(timer: Clock, term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    stream = Stream(tty=True)
    view = progress(10, "train", quiet=False, stream=stream)
    assert isinstance(view, LineView)
    work(view, timer, steps=10, seconds=10)
    assert stream.text().isprintable() is False  # newlines
    assert "\x1b" not in stream.text()


@pytest.mark.parametrize("tty", [True, False])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding(timer: Clock, tty: bool, encoding: str) -> None:
    stream = Stream(tty=tty, encoding=encoding)
    view = progress(10, "naïve β", quiet=False, stream=stream)
    view.note("Größe ≈ 3 [bold]x[/bold]")
    work(view, timer, steps=10, seconds=10)
    expected = "Größe ≈ 3 [bold]x[/bold]".encode(encoding, "replace").decode(encoding)
    assert expected in stream.text()
    assert "naïve β".encode(encoding, "replace").decode(encoding) in stream.text()


class Broken(Stream):
    """A terminal or file whose disk is full."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("tty", [True, False])
def test_a_broken_stream_costs_nothing(timer: Clock, tty: bool) -> None:
    view = progress(10, "train", quiet=False, stream=Broken(tty=tty))
    view.note("x")
    work(view, timer, steps=10, seconds=30)


@pytest.mark.parametrize("tty", [True, False])
def test_a_stream_closed_under_way(timer: Clock, tty: bool) -> None:
    stream = Stream(tty=tty)
    view = progress(10, "train", quiet=False, stream=stream)
    timer.now += 5
    view.update(1)
    stream.close()
    view.note("x")
    work(view, timer, steps=10, seconds=30)
    assert isinstance(progress(10, "train", quiet=False, stream=stream), LineView)


def test_no_steps_at_all(timer: Clock) -> None:
    for tty in (True, False):
        view = progress(0, "train", quiet=False, stream=Stream(tty=tty))
        timer.now += 5
        view.update(0)
        view.close()
        view.close()


def test_pace(timer: Clock) -> None:
    pace = Pace(1000)
    assert (pace.rate, pace.remaining, pace_text(pace)) == (None, None, "")
    pace.read(0)
    timer.now += 100  # a slow first step
    for step in range(1, 101):
        timer.now += 0.1
        pace.read(step)
    assert pace.rate == pytest.approx(10)
    assert pace.remaining == pytest.approx(90)
    assert pace_text(pace) == "10 steps/s, 1:30 left"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3723, "1:02:03")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text

"""The figures of a min-lr search hold what the finding says, whatever it ended with."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from made_searches import CHANCE, searched
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import lrlab
from lrlab.analysis.climb import smoothed
from lrlab.config.load import load_config
from lrlab.experiments.min_lr.experiment import without_max_lr
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.report.gate_figure import gate_figure
from lrlab.report.run_report import report_min_lr
from lrlab.report.style import GREY, SEED_COLOURS, colours

search = cache(searched)
WIDE = "find_min_lr.ratios=[0.001,0.1,0.3,1]"


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def foot(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def curves(axes: Axes, colour: str) -> list[list[float]]:
    """The y-values of the lines with more than a point."""
    found = [line for line in axes.lines if to_hex(line.get_color()) == to_hex(colour) and len(line.get_ydata()) > 1]
    return [list(map(float, line.get_ydata())) for line in found]


def test_panels_and_their_labels() -> None:
    figure = lrlab.plot(search(0.8), title="a title")
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes] == [
        ("", "training loss, smoothed"),
        ("updates", "learning rate"),
        ("updates to the target", "min-lr / max-lr  (min-lr)"),
        ("updates as a multiple of those of 0.1, 95 % interval", ""),
    ]
    assert figure.get_suptitle() == f"a title\n{search(0.8).headline}"
    assert search(0.8).verdict in foot(figure)


def test_every_climb_is_drawn_up_to_its_target() -> None:
    finding = search(0.8)
    loss, rate = lrlab.plot(finding).axes[:2]
    assert len(finding.candidates) == 4
    for candidate, colour in zip(finding.candidates, SEED_COLOURS, strict=False):
        drawn = curves(loss, colour)
        for climb in finding.climbs:
            if climb.ratio == candidate.ratio:
                count = candidate.counts[climb.seed]
                assert smoothed(climb.losses)[:count] in drawn
                assert len(climb.losses) == count or smoothed(climb.losses) not in drawn  # the hold is left out
        assert len(drawn) == finding.seeds + 1  # and their median
        assert curves(rate, colour)[0][0] == pytest.approx(candidate.min_lr)
    levels = {line.get_label(): line.get_ydata()[0] for line in loss.lines if len(line.get_ydata())}
    assert levels[f"target {finding.gate.target:.3g}"] == finding.gate.target
    assert levels[f"chance {CHANCE}"] == CHANCE


def test_the_forest_holds_the_numbers_of_the_comparison() -> None:
    finding = search(0.8)
    counts, ratios = lrlab.plot(finding).axes[2:]
    for row, (candidate, colour) in enumerate(zip(finding.candidates, SEED_COLOURS, strict=False)):
        assert counts.get_yticklabels()[row].get_text().endswith(f"{candidate.ratio:.3g}  ({candidate.min_lr:.3g})")
        assert dots(counts, colour, row) == sorted(candidate.counts.values())
        if candidate.ratio != finding.reference:
            c = candidate
            assert f"{c.time_ratio:.2f} [{c.low:.2f}, {c.high:.2f}]  p {c.adjusted_p:.2g}" in texts(ratios)
            assert segments(ratios, row) == [pytest.approx((c.low, c.high))]
    assert "reference" in texts(ratios)


def dots(axes: Axes, colour: str, row: int) -> list[float]:
    own = [line for line in axes.lines if line.get_color() == colour and abs(line.get_ydata()[0] - row) < 0.5]
    return sorted(line.get_xdata()[0] for line in own)


def segments(axes: Axes, row: int) -> list[tuple[float, float]]:
    paths = [segment for lines in axes.collections for segment in lines.get_segments()]
    return [(float(p[0][0]), float(p[1][0])) for p in paths if p[0][1] == row]


def test_the_answer_is_named_and_one_that_surely_differs_is_filled() -> None:
    finding = search(0.8, WIDE)
    counts = lrlab.plot(finding).axes[2]
    assert finding.decisive and finding.ratio == 1
    labels = counts.get_yticklabels()
    assert [t.get_text().startswith("answer:") for t in labels] == [False, False, False, True]
    assert [t.get_fontweight() for t in labels] == ["normal", "normal", "normal", "bold"]
    unsure = replace(finding, candidates=tuple(replace(c, adjusted_p=c.adjusted_p and 0.2) for c in finding.candidates))
    for found, face in ((finding, SEED_COLOURS[3]), (unsure, "white")):
        middle = [line for line in lrlab.plot(found).axes[3].lines if list(line.get_ydata()) == [3]]
        assert [line.get_markerfacecolor() for line in middle] == [face]


def test_who_dropped_out_is_grey_and_says_why() -> None:
    finding = search(0.8, WIDE, "find_min_lr.steps=100")
    slow = finding.candidates[0]
    assert slow.dropped.startswith("slow")
    loss, _, counts, ratios = lrlab.plot(finding).axes
    assert slow.dropped in texts(ratios) and segments(ratios, 0) == []
    assert counts.get_yticklabels()[0].get_color() == GREY and curves(loss, GREY) and not curves(loss, SEED_COLOURS[0])
    assert ">" in {line.get_marker() for line in counts.lines if line.get_color() == GREY}
    assert "at least so many" in foot(lrlab.plot(finding)) and "at least" not in foot(lrlab.plot(search(0.8)))


def test_an_interval_beyond_the_frame_ends_in_an_arrow() -> None:
    finding = search(0.8)
    wide = replace(finding.candidates[-1], low=1e-4, high=1e4)
    axes = lrlab.plot(replace(finding, candidates=(*finding.candidates[:-1], wide))).axes[3]
    left, right = axes.get_xlim()
    assert 0 < left < 0.4 and 3 < right < 3.5
    assert {line.get_marker() for line in axes.lines} >= {"<", ">"}


def test_one_seed_has_neither_intervals_nor_p_values_below_one() -> None:
    axes = lrlab.plot(search(0.8, "find_min_lr.seeds=1")).axes[3]
    assert all("[" not in text for text in texts(axes)[1:]) and not axes.collections


def test_stable_ramps_have_their_shortest_climbs_alone() -> None:
    finding = search(1.0, "find_min_lr.method=stable-ramp")
    counts, ratios = lrlab.plot(finding).axes
    assert counts.get_xlabel() == "updates of the shortest climb that survives"
    shortest = sorted(finding.candidates[0].counts.values())
    assert dots(counts, SEED_COLOURS[0], 0) == shortest and 1 < shortest[0] < shortest[-1] < finding.up
    assert "reference" in texts(ratios)


def test_the_confirmation_is_told() -> None:
    finding = search(0.8, "find_min_lr.confirm=true")
    assert finding.confirmation is not None and finding.confirmation.comparison is not None
    difference = f"{finding.confirmation.comparison.estimate:+.3g}"
    assert f"val accuracy of ratio 0.2 less that of 0.1: {difference}" in foot(lrlab.plot(finding))


def test_a_gate_that_fails_shows_what_was_tried_and_how_it_ended() -> None:
    finding = search(3.0)
    assert finding.min_lr is None and finding.passes == 0.75
    panels = lrlab.plot(finding).axes
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == ["max-lr 3: 3 of 3 fail", "max-lr 1.5: 3 of 3 fail", "max-lr 0.75: passes"]
    for axes, attempt in zip(panels, finding.gate.attempts, strict=True):
        for (seed, failure), colour in zip(attempt.failures.items(), SEED_COLOURS, strict=False):
            assert smoothed(attempt.climbs[seed].series["loss"]) in curves(axes, colour)
            assert f"seed {seed}: {failure or 'survives'}" in [t.get_text() for t in axes.get_legend().get_texts()]
    assert "climbed: the smoothed loss" in foot(lrlab.plot(finding)) and "non-finite" not in foot(lrlab.plot(finding))


def test_a_gate_that_never_passes_has_its_chance_line_still() -> None:
    finding = search(200.0)
    panels = lrlab.plot(finding).axes
    assert len(panels) == 7 and finding.passes is None
    assert [axes.get_subplotspec().colspan.start for axes in panels] == [0, 1, 2, 3, 0, 1, 2]
    assert all([CHANCE, CHANCE] in [list(line.get_ydata()) for line in axes.lines] for axes in panels)


def test_the_beginning_of_an_explosion_leaves_room_for_the_descent() -> None:
    finding = search(3.0)
    highest = max(max(r.series["loss"]) for a in finding.gate.attempts for r in a.climbs.values())
    top = lrlab.plot(finding).axes[0].get_ylim()[1]
    assert 2 * CHANCE < top < 4 * CHANCE
    assert top < highest


def test_no_attempt_left_a_loss() -> None:
    """Trials that broke off with an error: still a figure, of titles."""
    finding = search(3.0)
    blank = replace(finding.gate.attempts[0], climbs={}, failures={0: "failed"})
    gate = replace(finding.gate, attempts=(blank,) * 7, chance=math.nan)
    figure = gate_figure(replace(finding, gate=gate))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["max-lr 3: 1 of 1 fail"] * 7


@pytest.mark.parametrize("count", [1, 6, 7, 30])
def test_every_candidate_has_a_colour_of_its_own(count: int) -> None:
    assert len(set(colours(count))) == count and GREY not in colours(count)


def test_what_has_no_figure_is_refused() -> None:
    with pytest.raises(TypeError, match="RangeFinding or a MinLrFinding, not a int"):
        lrlab.plot(3)  # type: ignore[arg-type]


def written(folder: Path, finding: MinLrFinding) -> tuple[list[str], Any]:
    """Names of the files of its report, and what TensorBoard reads."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    paths = report_min_lr(folder, finding, title="a title")
    assert all(path.stat().st_size > 5000 for path in paths)
    assert sorted(paths) == sorted((folder / "plots").iterdir())
    return [path.name for path in paths], EventAccumulator(str(folder / "tb" / "summary")).Reload()


def test_the_report_in_files_and_in_tensorboard(tmp_path: Path) -> None:
    """Of a max-lr that was halved, so that the gate has a figure too."""
    finding = search(3.0, WIDE, "find_min_lr.auto_shrink=true")
    names, events = written(tmp_path / "find-min-lr" / "run", finding)
    assert names == ["min-lr.png", "min-lr.svg", "gate.png", "gate.svg"]
    assert sorted(events.Tags()["images"]) == ["gate", "min-lr"]
    scalars = {tag.removeprefix("hparam/"): events.Scalars(tag)[0].value for tag in events.Tags()["scalars"]}
    expected = {"min_lr": 0.75, "max_lr": 0.75, "ratio": 1.0, "decisive": 1.0}
    assert scalars == pytest.approx({**expected, "median_updates": finding.candidates[-1].median})
    assert "_hparams_/experiment" in events.summary_metadata


def test_the_report_of_a_gate_that_fails(tmp_path: Path) -> None:
    names, events = written(tmp_path / "find-min-lr" / "run", search(3.0))
    assert names == ["min-lr.png", "min-lr.svg"] and events.Tags()["images"] == ["min-lr"]
    assert events.Scalars("hparam/largest_max_lr_that_passes")[0].value == 0.75


def test_the_report_where_the_range_test_gave_no_max_lr(tmp_path: Path) -> None:
    """No climb ran, so the range test is all there is to draw."""
    model, batches = torch.nn.Linear(4, 3), [(torch.full((64, 4), math.nan), torch.zeros(64).long())]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = lrlab.range_test(model, batches, optimizer=optimizer, progress=False)
    assert found.suggestion is None
    finding = without_max_lr(load_config(None, []).config.model_dump(mode="json"), found)
    assert lrlab.plot(finding).axes[-1].get_xlabel() == "learning rate (log scale)"
    names, events = written(tmp_path / "find-min-lr" / "run", finding)
    assert names == ["range-test.png", "range-test.svg"] and events.Tags()["images"] == ["range-test"]
    assert not events.Tags()["scalars"]

"""The page of a run: everything escaped, figures drawn into it, their ids apart."""

from pathlib import Path

from lrlab.report.page import Section, write_page

SVG = """<?xml version="1.0"?>
<svg id="a"><defs><path id="clip"/></defs><g clip-path="url(#clip)"/><use href="#clip"/></svg>"""


def test_text_is_escaped_and_a_figure_is_part_of_the_page(tmp_path: Path) -> None:
    figure = tmp_path / "one.svg"
    figure.write_text(SVG)
    section = Section("a < b", "x & y", ["<script>"], ("h<",), (("c>",),), figure, "k: <v>")
    text = write_page(tmp_path / "page.html", "<t>", "h", [section], "f").read_text()
    for plain in ("<script>", "a < b", "x & y", "h<<", "<v>", "<title><t>"):
        assert plain not in text
    assert "&lt;script&gt;" in text and '<svg id="one-a">' in text and "<?xml" not in text


def test_two_figures_do_not_share_ids(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.svg").write_text(SVG)
    sections = [Section(name, figure=tmp_path / f"{name}.svg") for name in ("one", "two")]
    text = write_page(tmp_path / "page.html", "t", "h", sections, "f").read_text()
    for name in ("one", "two"):
        assert f'id="{name}-clip"' in text and f"url(#{name}-clip)" in text and f'href="#{name}-clip"' in text
    assert "(#clip)" not in text and '"#clip"' not in text


def test_a_figure_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    text = write_page(tmp_path / "page.html", "t", "h", [Section("s", figure=tmp_path / "no.svg")], "f").read_text()
    assert "<svg" not in text and "<h2>s</h2>" in text

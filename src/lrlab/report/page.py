"""A run's answer as one HTML page that needs nothing else: figures are drawn into it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from lrlab.runs.atomic import write_atomic

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.4rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .3rem; border-top: 1px solid #ddd; padding-top: 1rem; }
p { margin: .3rem 0; }
.headline { font-size: 1.15rem; font-weight: 600; margin: .5rem 0 1rem; }
.part { font-weight: 600; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid #eee; }
th { font-weight: 600; border-bottom-color: #999; }
svg { width: 100%; height: auto; }
pre { background: #f6f6f6; padding: .7rem 1rem; overflow-x: auto; }
footer { margin-top: 3rem; color: #777; font-size: .85rem; }
"""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        headline: in one line.
        sentences: what is to know about it.
        columns, rows: a table; none without columns.
        figure: an SVG file to draw into the page.
        code: text to copy.
    """

    title: str
    headline: str = ""
    sentences: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    figure: Path | None = None
    code: str = ""


def write_page(path: Path, title: str, headline: str, sections: Sequence[Section], footer: str) -> Path:
    """Write the page; all text is escaped."""
    body = "\n".join(_section(section) for section in sections)
    write_atomic(
        path,
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        f'<h1>{escape(title)}</h1><p class="headline">{escape(headline)}</p>\n{body}\n'
        f"<footer>{escape(footer)}</footer></body></html>\n",
    )
    return path


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    if section.headline:
        parts.append(f'<p class="part">{escape(section.headline)}</p>')
    parts += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    if section.columns:
        parts.append(_table(section.columns, section.rows))
    if section.figure is not None and section.figure.exists():
        parts.append(_inline(section.figure))
    if section.code:
        parts.append(f"<pre>{escape(section.code)}</pre>")
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _inline(path: Path) -> str:
    """The SVG element alone; ids get the figure's name, since several figures share the page."""
    text = path.read_text(encoding="utf-8")
    text = text[text.index("<svg") :]
    prefix = path.stem
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    return re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{prefix}-\2"', text)

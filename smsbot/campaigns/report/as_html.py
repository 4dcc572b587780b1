"""A report as one page: no script, no outside file, no style on any element; fit for print.

The console shows the same sections inside its own page: `body` is all of it but the frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from smsbot.campaigns.report.document import heading, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.campaigns.report.document import Section, Table
    from smsbot.campaigns.report.findings import Report

STYLE = """
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
  color: #1f2328; background: #fff; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin-bottom: .5rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #d0d7de; }
.lead { color: #57606a; }
.limits { background: #fff8e5; border-left: 4px solid #e69f00; padding: .1rem 1rem .6rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #d0d7de; }
th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
svg { max-width: 100%; height: auto; margin: 1rem 0; }
@media print { body { margin: 0; font-size: 11pt; max-width: none; }
  h2 { break-after: avoid; } table, svg, .limits { break-inside: avoid; } }
"""


def as_html(report: Report) -> str:
    """Give the whole page."""
    title = escape(report.head.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n{body(report)}</body>\n</html>\n"
    )


def body(report: Report) -> str:
    """Give the lead and the sections."""
    lead = "\n".join(f'<p class="lead">{escape(words)}</p>' for words in heading(report))
    return lead + "\n" + "".join(_section(section) for section in sections(report))


def _section(section: Section) -> str:
    name = escape(section.name, {'"': "&quot;"})
    parts = [
        f'<section class="{name}" id="{name}">\n<h2>{escape(section.title)}</h2>\n',
        *(f"<p>{escape(words)}</p>\n" for words in section.words),
        *(f"{chart}\n" for chart in section.charts),
        *(part for table in section.tables for part in _table(table)),
    ]
    if section.points:
        parts.append("<ul>\n")
        parts += [f"<li>{escape(point)}</li>\n" for point in section.points]
        parts.append("</ul>\n")
    return "".join([*parts, "</section>\n"])


def _table(table: Table) -> Iterator[str]:
    if not table.columns:
        yield f"<p>{escape(table.caption)}.</p>\n"
        return
    yield f'<div class="scroll"><table>\n<caption>{escape(table.caption)}</caption>\n<thead><tr>'
    yield from (f'<th scope="col">{escape(head)}</th>' for head in table.columns)
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        yield f"<tr>{cells}</tr>\n"
    yield "</tbody>\n</table></div>\n"

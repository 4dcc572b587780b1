"""A graph as a standalone SVG picture: no script, no font, no outside file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from smsbot.content.graph_layout import Box, Layout, lay_out

if TYPE_CHECKING:
    from smsbot.content.graph import Edge, Graph, Node

_WIDTH = 226.0
_PAD = 10.0
_LINE = 15.0
_COLUMNS = 33
_MAX_LINES = 5
_TITLE_SPACE = 34.0
_LABEL_COLUMNS = 24
_COLOURS = {
    "menu": ("#e8f1fb", "#2f6fab"),
    "ask": ("#eaf6ec", "#3b8750"),
    "quiz": ("#fdf3df", "#b27a12"),
    "when": ("#f3edf9", "#7550a3"),
    "call": ("#e6f5f6", "#2a828a"),
    "say": ("#f6f6f4", "#75756e"),
    "end": ("#fbe9e8", "#ad4540"),
}
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
    'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label={label} '
    'font-family="system-ui, -apple-system, Segoe UI, Noto Sans, DejaVu Sans, sans-serif">'
)
_ARROW_TIP = (
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
    'markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#55555e"/>'
    "</marker></defs>"
)


def draw_svg(graph: Graph) -> str:
    """Give the picture as the text of an SVG file."""
    lines = {node.name: _lines(node) for node in graph.nodes}
    boxes = [
        Box(node.name, _WIDTH, _PAD * 2 + _LINE * (1 + len(lines[node.name])))
        for node in graph.nodes
    ]
    pairs = [(edge.source, edge.target) for edge in graph.edges if edge.source != edge.target]
    layout = lay_out(boxes, list(dict.fromkeys(pairs)))
    width = max(layout.width, 320.0)
    height = layout.height + _TITLE_SPACE
    parts = [
        _HEAD.format(width=width, height=height, label=quoteattr(graph.title)),
        f"<title>{escape(graph.title)}</title>",
        _ARROW_TIP,
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        _text(24, 28, 16, "#22222a", graph.title, bold=True),
        f'<g transform="translate(0 {_TITLE_SPACE:.0f})">',
        *_edges(graph, layout),
        *(_node(node, layout.boxes[node.name], lines[node.name]) for node in graph.nodes),
        *_labels(graph, layout),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lines(node: Node) -> list[str]:
    found: list[str] = []
    for text in node.lines:
        wrapped = textwrap.wrap(text, _COLUMNS, break_long_words=True) or [""]
        if len(wrapped) > _MAX_LINES:
            wrapped = [*wrapped[: _MAX_LINES - 1], wrapped[_MAX_LINES - 1][: _COLUMNS - 1] + "…"]
        found += wrapped
    return found


def _node(node: Node, box: Box, lines: list[str]) -> str:
    fill, stroke = _COLOURS.get(node.kind, _COLOURS["say"])
    radius = 18 if node.kind == "end" else 6
    thick = 2.5 if node.is_start else 1.2
    head = f"{node.name}" + (f" · {node.kind}" if node.kind not in ("", "say") else "")
    x, y = box.x + _PAD, box.y + _PAD + 10
    shape = (
        f'<g><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="{thick}"/>'
    )
    words = [_text(x, y, 12, stroke, head, bold=True)]
    words += [
        _text(x, y + _LINE * number, 11, "#33333b", line) for number, line in enumerate(lines, 1)
    ]
    return shape + "".join(words) + "</g>"


def _text(x: float, y: float, size: int, colour: str, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{weight} fill="{colour}">'
        f"{escape(words)}</text>"
    )


def _edges(graph: Graph, layout: Layout) -> list[str]:
    parts = []
    for route in layout.routes:
        dashes = ' stroke-dasharray="5 4"' if route.turned else ""
        parts.append(
            f'<path d="{_curve(route.points)}" fill="none" stroke="#55555e" stroke-width="1.2"'
            f'{dashes} marker-end="url(#tip)"/>'
        )
    for name in dict.fromkeys(edge.source for edge in graph.edges if edge.source == edge.target):
        box = layout.boxes[name]
        x, y = box.x + box.width, box.y + box.height / 2
        parts.append(
            f'<path d="M{x:.1f} {y - 8:.1f}C{x + 30:.1f} {y - 22:.1f} {x + 30:.1f} {y + 22:.1f} '
            f'{x:.1f} {y + 8:.1f}" fill="none" stroke="#55555e" stroke-width="1.2" '
            'stroke-dasharray="5 4" marker-end="url(#tip)"/>'
        )
    return parts


def _curve(points: tuple[tuple[float, float], ...]) -> str:
    x, y = points[0]
    path = f"M{x:.1f} {y:.1f}"
    for next_x, next_y in points[1:]:
        if abs(next_x - x) < 0.5:  # noqa: PLR2004 - half a pixel is straight
            path += f"L{next_x:.1f} {next_y:.1f}"
        else:
            half = (y + next_y) / 2
            path += f"C{x:.1f} {half:.1f} {next_x:.1f} {half:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return path


def _labels(graph: Graph, layout: Layout) -> list[str]:
    """Write each edge's label on a white ground, at the end where the edge leaves."""
    wordings: dict[tuple[str, str], list[Edge]] = {}
    for edge in graph.edges:
        wordings.setdefault((edge.source, edge.target), []).append(edge)
    kinds = {node.name: node.kind for node in graph.nodes}
    places = {(route.source, route.target): route.points for route in layout.routes}
    parts = []
    for pair, edges in wordings.items():
        label = ", ".join(dict.fromkeys(_label(edge, kinds) for edge in edges if edge.label))
        if not label:
            continue
        label = textwrap.shorten(label, _LABEL_COLUMNS, placeholder="…") or label[:_LABEL_COLUMNS]
        if pair in places:
            (x1, y1), (x2, y2) = places[pair][:2]
            # near the middle of the first stretch, where several edges have already parted
            x, y = x1 + (x2 - x1) * 0.6, y1 + (y2 - y1) * 0.55
        else:
            box = layout.boxes[pair[0]]
            x, y = box.x + box.width + 26, box.y + box.height / 2
        wide = len(label) * 5.9 + 8
        parts.append(
            f'<g><rect x="{x - wide / 2:.1f}" y="{y - 8:.1f}" width="{wide:.1f}" height="15" rx="4" '
            f'fill="#ffffff" fill-opacity="0.92"/><text x="{x:.1f}" y="{y + 3.5:.1f}" font-size="10.5" '
            f'text-anchor="middle" fill="#55555e">{escape(label)}</text></g>'
        )
    return parts


def _label(edge: Edge, kinds: dict[str, str]) -> str:
    """Give the number of an option, which the box spells out; any other label as it is."""
    if kinds[edge.source] in ("menu", "quiz"):
        return edge.label.partition(" ")[0]
    return edge.label

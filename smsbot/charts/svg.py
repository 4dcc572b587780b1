"""The pieces of a chart: escaped, crisp on a grid of half pixels, coloured for every eye.

The colours are Okabe and Ito's, told apart with any colour vision and in print by their lightness. They
are attributes, so that a strict content security policy has nothing to refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterable

INK, PALE, GRID, PAPER = "#1f2328", "#57606a", "#d0d7de", "#ffffff"
COLOURS = ("#0072b2", "#e69f00", "#56b4e9", "#d55e00", "#999999", "#009e73", "#cc79a7")
FONT = "system-ui, -apple-system, Segoe UI, Noto Sans, DejaVu Sans, sans-serif"
CHARACTER = 6.6
"""How wide a letter of 12 pixels is, about."""


def picture(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """Give a whole picture. The title is what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label={quoteattr(title)} '
        f'font-family="{FONT}" font-size="12">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{PAPER}"/>'
        f"{''.join(parts)}</svg>"
    )


def words(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK) -> str:
    """Give a line of text; `anchor` is start, middle or end."""
    at = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {at}>{escape(text)}</text>"


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Give a filled box; one that is too thin to see is a hair."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" '
        f'fill="{colour}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str, *, thick: float = 1) -> str:
    """Give a straight line; a thin one stands on half pixels, so that it is one pixel and not two."""
    if thick == 1:
        x1, y1, x2, y2 = (int(at) + 0.5 for at in (x1, y1, x2, y2))
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{thick:g}"/>'
    )


def mark(x: float, y: float, colour: str, *, is_open: bool = False) -> str:
    """Give a dot; an open one has the colour as its rim."""
    fill = PAPER if is_open else colour
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{colour}" '
        'stroke-width="2"/>'
    )


def shortened(text: str, most: int) -> str:
    """Give a text that fits, with a sign where something was left out."""
    return text if len(text) <= most else text[: most - 1] + "…"

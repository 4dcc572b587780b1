"""Charts are sound SVG: escaped, to scale, within their frame, and without anything that could run."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from smsbot.charts.bars import Bar, bars
from smsbot.charts.intervals import Dot, intervals
from smsbot.charts.svg import COLOURS

NS = "{http://www.w3.org/2000/svg}"
EVIL = '</text><script>alert("x")</script> & "quoted"'
DOTS = [Dot("scams caught, before", 0.5, 0.41, 0.59, is_open=True), Dot("after", 0.8, 0.71, 0.87)]


def drawn(words: str) -> ET.Element:
    return ET.fromstring(words)  # our own text


def within(picture: ET.Element) -> None:
    """Everything that has a place stands inside the frame."""
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for element in picture.iter():
        for name in ("x", "x1", "x2", "cx"):
            assert -1 <= float(element.attrib.get(name, 0)) <= width
        for name in ("y", "y1", "y2", "cy"):
            assert -1 <= float(element.attrib.get(name, 0)) <= height
        if element.tag == f"{NS}rect":
            right = float(element.attrib.get("x", 0)) + float(element.attrib["width"])
            assert right <= width + 1


@pytest.mark.parametrize(
    "words",
    [
        bars(EVIL, [Bar(EVIL, (3, 4), EVIL)], legend=(EVIL, "b")),
        bars("none", []),
        bars("zero", [Bar("a", (0,), "0")]),
        bars("long", [Bar("x" * 200, (1e9,), "1,000,000,000")]),
        intervals(EVIL, [Dot(EVIL, 0.5, 0.1, 0.9)], legend=(EVIL, "b")),
        intervals("none", [], is_change=True),
        intervals("change", [Dot("a", -0.4, -0.61, 0.02), Dot("b", 0.9, 0.7, 1.1)], is_change=True),
        intervals("shares", [Dot("a", 0, 0, 0), Dot("b", 1, 1, 1)]),
    ],
)
def test_any_values_and_words_give_a_sound_picture(words: str) -> None:
    picture = drawn(words)
    within(picture)
    tags = {element.tag.removeprefix(NS) for element in picture.iter()}
    assert tags <= {"svg", "title", "rect", "text", "line", "circle"}
    names = {name for element in picture.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith(("on", "style", "href"))}
    assert picture.attrib["aria-label"] == picture.findtext(f"{NS}title")


def test_bars_are_to_scale_and_say_their_numbers() -> None:
    given = [Bar("delivered", (60.0,), "60"), Bar("failed", (20.0,), "20")]
    picture = drawn(bars("People", given))
    widths = [
        float(box.attrib["width"])
        for box in picture.iter(f"{NS}rect")
        if box.attrib["fill"] == COLOURS[0]
    ]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)
    texts = [text.text for text in picture.iter(f"{NS}text")]
    assert texts == ["delivered", "60", "failed", "20"]


def test_a_dot_stands_between_the_ends_of_its_interval() -> None:
    picture = drawn(intervals("Right answers", DOTS, legend=("before", "after")))
    dots = [float(dot.attrib["cx"]) for dot in picture.iter(f"{NS}circle")][2:]
    whiskers = [
        line
        for line in picture.iter(f"{NS}line")
        if line.attrib["stroke-width"] == "2" and line.attrib["y1"] == line.attrib["y2"]
    ]
    for at, whisker in zip(dots, whiskers, strict=True):
        assert float(whisker.attrib["x1"]) < at < float(whisker.attrib["x2"])
    assert dots[0] < dots[1]


def test_before_and_after_differ_by_form_and_not_by_colour_alone() -> None:
    picture = drawn(intervals("Right answers", DOTS))
    before, after = picture.iter(f"{NS}circle")
    assert before.attrib["fill"] != before.attrib["stroke"]
    assert after.attrib["fill"] == after.attrib["stroke"]


def test_the_same_values_give_the_same_picture() -> None:
    assert intervals("a", DOTS) == intervals("a", DOTS)

"""Pictures of flows: whole, without overlaps, and always the same."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING

import pytest

from smsbot.content.graph import Edge, Graph, Node, draw_mermaid, graph_of_flow
from smsbot.content.graph_layout import Box, Layout, lay_out
from smsbot.content.graph_svg import draw_svg
from smsbot.content.loader import load_content
from tests.check_examples import sound_files

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.engine.model import Content

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def content(tmp_path: Path) -> Content:
    for name, text in sound_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    loaded = load_content(tmp_path / "flows", tmp_path / "messages", production=False)
    assert loaded.content is not None
    return loaded.content


def boxes_of(count: int) -> list[Box]:
    return [Box(f"b{number}", 200, 40 + number % 3 * 30) for number in range(count)]


def overlap(one: Box, other: Box) -> bool:
    apart = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (apart or one.y + one.height <= other.y or other.y + other.height <= one.y)


def crosses(layout: Layout) -> list[str]:
    """Give the boxes that a straight stretch of some edge runs through."""
    found = []
    for route in layout.routes:
        for (x1, y1), (x2, y2) in zip(route.points, route.points[1:], strict=False):
            if abs(x1 - x2) > 0.5:
                continue
            for box in layout.boxes.values():
                inside = box.x < x1 < box.x + box.width
                low, high = sorted((y1, y2))
                if inside and low < box.y + box.height - 1 and high > box.y + 1:
                    found.append(f"{route.source}->{route.target} through {box.name}")
    return found


@pytest.mark.parametrize("seed", range(12))
def test_boxes_never_overlap_and_edges_never_run_through_them(seed: int) -> None:
    random = Random(seed)
    boxes = boxes_of(random.randint(1, 30))
    names = [box.name for box in boxes]
    pairs = {(random.choice(names), random.choice(names)) for _ in range(len(names) * 2)}
    edges = sorted(pair for pair in pairs if pair[0] != pair[1])
    layout = lay_out(boxes, edges)
    assert not any(overlap(one, other) for one, other in combinations(layout.boxes.values(), 2))
    assert crosses(layout) == []
    assert {(route.source, route.target) for route in layout.routes} == set(edges)
    for box in layout.boxes.values():
        assert 0 <= box.x <= box.x + box.width <= layout.width
        assert 0 <= box.y <= box.y + box.height <= layout.height


def test_a_chain_is_one_column() -> None:
    layout = lay_out(boxes_of(3), [("b0", "b1"), ("b1", "b2")])
    assert len({round(box.middle) for box in layout.boxes.values()}) == 1
    tops = [box.y for box in layout.boxes.values()]
    assert tops == sorted(tops)


def test_a_way_back_is_turned() -> None:
    layout = lay_out(boxes_of(3), [("b0", "b1"), ("b1", "b2"), ("b2", "b0")])
    assert [route.turned for route in layout.routes] == [False, False, True]
    back = layout.routes[2]
    assert back.points[0][1] > back.points[-1][1]


def test_a_picture_holds_every_state_and_option(content: Content) -> None:
    svg = draw_svg(graph_of_flow(content.flows["lesson"]))
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    for name in content.flows["lesson"].states:
        assert name in words
    assert "1 A scam" in words
    assert "lost > 1000" in words
    assert "else" in words
    paths = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(paths) == 6  # two options that lead to one state share an arrow


def test_a_picture_needs_nothing_from_outside(content: Content) -> None:
    svg = draw_svg(graph_of_flow(content.flows["menu"]))
    assert not re.search(r"href|<script|<style|url\((?!#)|@import", svg)


def test_words_of_a_flow_cannot_break_out_of_a_picture() -> None:
    evil = '</text><script>alert("x")</script>&"'
    graph = Graph(
        evil, (Node("a", "say", (evil,), is_start=True), Node("b", "end")), (Edge("a", "b", evil),)
    )
    svg = draw_svg(graph)
    ET.fromstring(svg)
    assert "<script" not in svg
    mermaid = draw_mermaid(graph)
    body = mermaid.split("---\n")[2]
    assert "<script" not in body
    assert body.count('"') == 6


def test_the_same_flow_gives_the_same_picture(content: Content) -> None:
    graph = graph_of_flow(content.flows["lesson"])
    assert draw_svg(graph) == draw_svg(graph)
    assert draw_mermaid(graph) == draw_mermaid(graph)


def test_a_call_shows_what_it_calls(content: Content) -> None:
    graph = graph_of_flow(content.flows["menu"])
    node = next(node for node in graph.nodes if node.kind == "call")
    assert node.lines == ("\u2192 lesson",)
    assert Edge("learn", "bye", "") in graph.edges


def test_mermaid_names_every_arrow_of_the_machine(content: Content) -> None:
    text = draw_mermaid(graph_of_flow(content.flows["menu"]))
    assert text.startswith("---\ntitle:")
    assert 's0["front<br/>Safe Line"]' in text
    assert 's0 -->|"1 Learn"| s1' in text
    assert '[["learn' in text
    assert '(["bye' in text


def test_an_edge_to_itself_is_drawn() -> None:
    graph = Graph("x", (Node("a", "ask", ("Words",)),), (Edge("a", "a", "again"),))
    assert "again" in draw_svg(graph)

"""A flow as a picture: boxes and arrows from the `transitions` machine's own states and transitions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.engine.compile import graph_of

if TYPE_CHECKING:
    from smsbot.engine.model import EffectSpec, Flow, State, Texts


@dataclass(frozen=True, slots=True)
class Node:
    """A state: its name, its kind, and the lines that its box shows."""

    name: str
    kind: str
    lines: tuple[str, ...] = ()
    is_start: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition and what makes it happen, in the author's words."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A drawn flow: the start is the first node."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph_of_flow(flow: Flow) -> Graph:
    """Give the picture of a flow, in the flow's own language."""
    machine = graph_of(flow)
    nodes = [
        Node(name, kind.value, _lines(flow, flow.states[name]), name == flow.start)
        for name, kind in machine.states
    ]
    nodes.sort(key=lambda node: not node.is_start)  # stable: the others stay in the file's order
    edges = [
        Edge(arrow.source, arrow.target, arrow.label) for arrow in machine.arrows if arrow.target
    ]
    return Graph(f"{flow.id}: {flow.title}", tuple(nodes), tuple(edges))


def _lines(flow: Flow, state: State) -> tuple[str, ...]:
    lines = []
    if state.say is not None:
        lines.append(_source(flow, state.say))
    lines += [f"{number} {_source(flow, each.say)}" for number, each in enumerate(state.options, 1)]
    if state.ask is not None:
        lines += [
            f"{number} {_source(flow, say)}" for number, (_, say) in enumerate(state.ask.choices, 1)
        ]
    if state.calls:
        lines.append(f"\u2192 {state.calls}")
    lines += [_effect(effect) for effect in state.effects]
    return tuple(line for line in lines if line)


def _source(flow: Flow, texts: Texts) -> str:
    words = texts[flow.language]
    return (words.ussd.source or words.sms.source).replace("\n", " ")


def _effect(effect: EffectSpec) -> str:
    values = " ".join(template.source for template in effect.args.values())
    return f"[{effect.kind.value} {values}".rstrip() + "]"


# --- mermaid -------------------------------------------------------------------------------------

_SHAPES = {
    "menu": '["{}"]',
    "ask": '[/"{}"/]',
    "quiz": '{{{{"{}"}}}}',
    "when": '{{"{}"}}',
    "call": '[["{}"]]',
    "say": '["{}"]',
    "end": '(["{}"])',
}
_LABEL_LETTERS = 40
_UNSAFE = re.compile(r'[&<>"#;`]')


def draw_mermaid(graph: Graph) -> str:
    """Give the picture as a Mermaid flowchart."""
    names = {node.name: f"s{index}" for index, node in enumerate(graph.nodes)}
    lines = ["---", f"title: {json.dumps(graph.title, ensure_ascii=False)}", "---", "flowchart TD"]
    for node in graph.nodes:
        first = node.lines[0] if node.lines else ""
        words = f"{_safe(node.name)}<br/>{_safe(_short(first, 60))}" if first else _safe(node.name)
        lines.append(f"    {names[node.name]}{_SHAPES[node.kind].format(words)}")
    for edge in graph.edges:
        label = _safe(_short(edge.label, _LABEL_LETTERS))
        arrow = f'-->|"{label}"|' if label else "-->"
        lines.append(f"    {names[edge.source]} {arrow} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "\u2026"


def _safe(text: str) -> str:
    """Write the letters that Mermaid would read as its own as character codes."""
    return _UNSAFE.sub(lambda letter: f"#{ord(letter.group())};", text)

"""A flow as a picture: boxes and arrows from the `transitions` machine's own states and transitions."""

from __future__ import annotations

from dataclasses import dataclass


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

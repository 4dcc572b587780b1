"""Where a conversation can go: states nobody reaches, no way to an end, endless loops.

Works on the flow documents, so that it speaks even when nothing could be compiled. Targets that do not
exist are the loader's to tell; here they lead nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.content.checks.rules import found
from smsbot.engine.session import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from smsbot.content.faults import Fault
    from smsbot.content.schema import StateDoc
    from smsbot.content.source import FlowSource
    from smsbot.content.yamlfile import Path_

WAITING = ("menu", "ask", "quiz")
Node = tuple[str, str]
"""A flow id and a state."""


@dataclass(frozen=True, slots=True)
class Step:
    """A way out of a state: where it leads and where in the file that is written."""

    target: str
    place: Path_
    option: int = 0


def steps_of(name: str, state: StateDoc) -> list[Step]:
    """Give every way out of a state, in the order of the file; `option` is 1-based."""
    place: Path_ = ("states", name)
    steps: list[Step] = []
    options = state.menu or (state.quiz.options if state.quiz else ())
    part: Path_ = ("menu",) if state.menu else ("quiz", "options")
    for number, option in enumerate(options, 1):
        target = option.goto or state.goto
        if target:
            spot = (*place, *part, number - 1, "goto") if option.goto else (*place, "goto")
            steps.append(Step(target, spot, number))
    if state.when:
        steps += [
            Step(branch.goto, (*place, "when", number, "goto"))
            for number, branch in enumerate(state.when)
        ]
    if state.goto and not options and not state.when and not state.end:
        steps.append(Step(state.goto, (*place, "goto")))
    return steps


def check_paths(flows: Sequence[FlowSource]) -> Iterator[Fault]:
    """Find every fault of reach, ends and loops."""
    by_id = {flow.id: flow for flow in flows}
    for flow in flows:
        yield from _reach(flow)
    yield from _loops(by_id)
    yield from _recursion(by_id)


def _reach(flow: FlowSource) -> Iterator[Fault]:
    states = flow.doc.states
    if flow.doc.start not in states:
        return
    nexts = {
        name: [step.target for step in steps_of(name, state)] for name, state in states.items()
    }
    reached = walk([flow.doc.start], lambda name: nexts.get(name, []))
    backwards: dict[str, list[str]] = {}
    for name, targets in nexts.items():
        for target in targets:
            backwards.setdefault(target, []).append(name)
    ends = [name for name, state in states.items() if is_end(state)]
    finishing = walk(ends, lambda name: backwards.get(name, []))
    broken = {
        name for name, targets in nexts.items() if any(each not in states for each in targets)
    }
    for name in states:
        line = flow.line("states", name)
        if name not in reached:
            words = f"nobody can reach the state {name!r}"
            yield found("state-unreachable", flow.path, line, words)
        elif name not in finishing and not walk([name], lambda each: nexts.get(each, [])) & broken:
            words = f"from {name!r} the conversation can never end"
            yield found("no-end", flow.path, line, words)


def is_end(state: StateDoc) -> bool:
    """Say whether a conversation may end with this state: also with a call that leads no further."""
    return bool(state.end) or (state.call is not None and state.goto is None)


def walk(starts: Iterable[str], nexts: Callable[[str], Iterable[str]]) -> set[str]:
    """Give everything that can be reached, the starts included."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for target in nexts(waiting.pop()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def _loops(by_id: Mapping[str, FlowSource]) -> Iterator[Fault]:
    """Find circles of states that ask nothing, also through calls and back."""
    silent = _flows_without_question(by_id)
    nexts: dict[Node, list[Node]] = {}
    for flow in by_id.values():
        for name, state in flow.doc.states.items():
            if state.kind in WAITING:
                continue
            targets = [(flow.id, step.target) for step in steps_of(name, state)]
            if state.call and state.call in by_id:
                targets = targets if state.call in silent else []
                targets.append((state.call, by_id[state.call].doc.start))
            nexts[(flow.id, name)] = targets
    for circle in circles(nexts):
        flow_id, name = min(circle, key=lambda node: _line(by_id, node))
        flow = by_id[flow_id]
        names = [each if where == flow_id else f"{where}/{each}" for where, each in sorted(circle)]
        words = f"{', '.join(map(repr, names))} go round without ever asking a question"
        yield found("endless-loop", flow.path, flow.line("states", name), words)


def _line(by_id: Mapping[str, FlowSource], node: Node) -> tuple[str, int]:
    flow = by_id[node[0]]
    return flow.path, flow.line("states", node[1])


def _flows_without_question(by_id: Mapping[str, FlowSource]) -> set[str]:
    """Give the flows that can be run from start to end without a question being asked."""
    silent: set[str] = set()
    while True:
        grown = {
            flow.id
            for flow in by_id.values()
            if flow.id not in silent and _ends_silently(flow, silent)
        }
        if not grown:
            return silent
        silent |= grown


def _ends_silently(flow: FlowSource, silent: set[str]) -> bool:
    states = flow.doc.states

    def nexts(name: str) -> list[str]:
        state = states.get(name)
        if state is None or state.kind in WAITING or (state.call and state.call not in silent):
            return []
        return [step.target for step in steps_of(name, state)]

    reached = walk([flow.doc.start], nexts)
    return any(
        name in states and is_end(states[name]) and (states[name].call or "") in {"", *silent}
        for name in reached
    )


def circles(nexts: Mapping[Node, Sequence[Node]]) -> list[list[Node]]:  # noqa: C901 - one algorithm
    """Give the groups of nodes that can all reach each other (Tarjan, without recursion)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    groups: list[list[Node]] = []
    for root in nexts:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(nexts[root]))]
        while work:
            node, rest = work[-1]
            target = next((each for each in rest if each in nexts), None)
            if target is not None:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(nexts[target])))
                elif target in on_stack:
                    low[node] = min(low[node], index[target])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                group: list[Node] = []
                while not group or group[-1] != node:
                    group.append(stack.pop())
                    on_stack.discard(group[-1])
                if len(group) > 1 or node in nexts[node]:
                    groups.append(group)
    return groups


def _recursion(by_id: Mapping[str, FlowSource]) -> Iterator[Fault]:
    """Find flows that call themselves through others, and chains of calls that are too deep."""
    calls: dict[Node, list[Node]] = {}
    for flow in by_id.values():
        targets = dict.fromkeys(state.call for state in flow.doc.states.values() if state.call)
        calls[(flow.id, "")] = [(target, "") for target in targets if target in by_id]
    in_circle: set[str] = set()
    for circle in circles(calls):
        ids = sorted(node[0] for node in circle)
        in_circle.update(ids)
        flow = by_id[ids[0]]
        words = f"{' and '.join(ids)} call each other" if len(ids) > 1 else f"{ids[0]} calls itself"
        yield found("call-recursion", flow.path, _call_line(flow, set(ids)), words)
    if in_circle:
        return
    depth: dict[str, int] = {}
    for flow in by_id.values():
        if _depth(flow.id, calls, depth) > MAX_DEPTH:
            words = f"flows are called more than {MAX_DEPTH} deep from here"
            callees = {target for target, _ in calls[(flow.id, "")]}
            yield found("call-depth", flow.path, _call_line(flow, callees), words)


def _call_line(flow: FlowSource, targets: set[str]) -> int:
    for name, state in flow.doc.states.items():
        if state.call in targets:
            return flow.line("states", name, "call")
    return 1


def _depth(flow: str, calls: Mapping[Node, Sequence[Node]], known: dict[str, int]) -> int:
    if flow not in known:
        below = (_depth(target, calls, known) for target, _ in calls[(flow, "")])
        known[flow] = 1 + max(below, default=-1)
    return known[flow]

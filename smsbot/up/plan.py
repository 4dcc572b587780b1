"""What a supervisor is to do, as plain data: it is handed over through `exec` as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A program that runs for as long as the service does.

    `grace_s` is how long it may take to stop. `redis_at` names the address that must answer before
    the next child starts. `lock_file`, if any, is held until the program itself has ended, even if
    the supervisor was killed: no second one starts on the same files before.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    grace_s: float = 10.0
    redis_at: str = ""
    lock_file: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The children in the order in which they start (they stop in reverse), and what is said.

    `ready_url` answers 200 once the service is ready; empty: it is ready once all have started.
    `data` is where `running` is announced. `held` are descriptors that stay open in the supervisor.
    """

    children: tuple[ChildSpec, ...]
    greeting: tuple[str, ...] = ()
    ready_url: str = ""
    data: str = ""
    running: Mapping[str, str | int] | None = None
    held: tuple[int, ...] = ()

    def to_json(self) -> str:
        """Give the plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, raw: str) -> Plan:
        """Read what `to_json` gave."""
        found: dict[str, Any] = json.loads(raw)
        children = tuple(
            ChildSpec(**{**child, "argv": tuple(child["argv"])}) for child in found.pop("children")
        )
        return cls(
            children=children,
            greeting=tuple(found.pop("greeting")),
            held=tuple(found.pop("held")),
            **found,
        )

"""Who may do what: one table of roles and acts, for the commands and the console alike (R34)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from smsbot.errors import Refused
from smsbot.values import Role

if TYPE_CHECKING:
    from collections.abc import Mapping


class Act(StrEnum):
    """What a user does. The value completes the sentence "you may not ..."."""

    SEE_CAMPAIGNS = "look at campaigns and their reports"
    WRITE_CAMPAIGNS = "write, test and submit campaigns"
    APPROVE_CAMPAIGNS = "approve or reject campaigns"
    RUN_CAMPAIGNS = "schedule or resume campaigns"
    STOP_CAMPAIGNS = "pause or cancel campaigns"
    IMPORT_CONTACTS = "import contacts"
    EXPORT_CONTACTS = "export contacts"
    ERASE_CONTACTS = "erase contacts"
    TEACH = "enrol people in courses or take them out"
    WRITE_FLOWS = "change flows and translations"
    WORK_CASES = "work on reports and cases"
    SHARE_CASES = "share cases with partners"
    SEE_SHARED_CASES = "look at shared cases"
    READ_AUDIT = "read the audit log"
    MANAGE_USERS = "manage users"
    MANAGE_SERVICE = "change how the service runs"


_MAY: Final[Mapping[Role, frozenset[Act]]] = {
    Role.ADMIN: frozenset(Act),
    Role.MANAGER: frozenset(
        {
            Act.SEE_CAMPAIGNS,
            Act.WRITE_CAMPAIGNS,
            Act.APPROVE_CAMPAIGNS,  # another's, or a small one of their own (`campaigns/approval`)
            Act.RUN_CAMPAIGNS,
            Act.STOP_CAMPAIGNS,
            Act.IMPORT_CONTACTS,
            Act.TEACH,
        }
    ),
    Role.APPROVER: frozenset({Act.SEE_CAMPAIGNS, Act.APPROVE_CAMPAIGNS, Act.STOP_CAMPAIGNS}),
    Role.AUTHOR: frozenset({Act.SEE_CAMPAIGNS, Act.WRITE_CAMPAIGNS, Act.WRITE_FLOWS}),
    Role.ANALYST: frozenset({Act.WORK_CASES, Act.SHARE_CASES, Act.SEE_SHARED_CASES}),
    Role.PARTNER: frozenset({Act.SEE_SHARED_CASES}),
    Role.VIEWER: frozenset({Act.SEE_CAMPAIGNS}),
}


def may(role: Role, act: Act) -> bool:
    """Say whether somebody of this role may do this."""
    return act in _MAY[role]


def demand(name: str, role: Role, act: Act) -> None:
    """Raise Refused unless the role may do this; the words name the roles that may."""
    if not may(role, act):
        able = ", ".join(other.value for other in Role if may(other, act))
        raise Refused(f"{name} is {_a(role)} and may not {act.value} (these may: {able})")


def _a(role: Role) -> str:
    return f"{'an' if role.value[0] in 'aeiou' else 'a'} {role.value}"

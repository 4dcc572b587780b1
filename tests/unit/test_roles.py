"""Who may do what, as a deployment reads it; anything not listed is refused."""

from __future__ import annotations

import pytest

from smsbot.errors import Refused
from smsbot.people.roles import Act, demand, may
from smsbot.values import Role

MAY = {
    Role.ADMIN: set(Act),
    Role.MANAGER: {
        Act.SEE_CAMPAIGNS,
        Act.WRITE_CAMPAIGNS,
        Act.APPROVE_CAMPAIGNS,
        Act.RUN_CAMPAIGNS,
        Act.STOP_CAMPAIGNS,
        Act.IMPORT_CONTACTS,
        Act.TEACH,
    },
    Role.APPROVER: {Act.SEE_CAMPAIGNS, Act.APPROVE_CAMPAIGNS, Act.STOP_CAMPAIGNS},
    Role.AUTHOR: {Act.SEE_CAMPAIGNS, Act.WRITE_CAMPAIGNS, Act.WRITE_FLOWS},
    Role.ANALYST: {Act.WORK_CASES, Act.SHARE_CASES, Act.SEE_SHARED_CASES},
    Role.PARTNER: {Act.SEE_SHARED_CASES},
    Role.VIEWER: {Act.SEE_CAMPAIGNS},
}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_it_needs_and_nothing_else(role: Role) -> None:
    assert {act for act in Act if may(role, act)} == MAY[role]


def test_a_refusal_names_the_roles_that_may() -> None:
    with pytest.raises(Refused, match=r"^bo is an author and may not approve or reject campaigns"):
        demand("bo", Role.AUTHOR, Act.APPROVE_CAMPAIGNS)
    with pytest.raises(Refused, match=r"\(these may: admin, manager, approver\)$"):
        demand("bo", Role.VIEWER, Act.APPROVE_CAMPAIGNS)


@pytest.mark.parametrize("act", Act)
def test_every_act_has_somebody_beside_the_admin_or_is_the_admins_own(act: Act) -> None:
    alone = {role for role in Role if may(role, act)} == {Role.ADMIN}
    assert alone == (
        act
        in {
            Act.EXPORT_CONTACTS,
            Act.ERASE_CONTACTS,
            Act.READ_AUDIT,
            Act.MANAGE_USERS,
            Act.MANAGE_SERVICE,
        }
    )

"""Users: made, changed and ended; every act is in the audit log. Passwords are kept by Argon2id.

The parameters are OWASP's for small machines (19 MiB, two passes): a login must not push a service that
fits 400 MB off its server. A stored hash carries its own, so they may grow later.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from smsbot.errors import NotFound, Refused
from smsbot.storage import audit, users
from smsbot.storage.users import User
from smsbot.values import Role

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from sqlalchemy import Connection

OPERATOR: Final = "operator"
"""Who acts on the machine itself, in dev, without a user: an admin by name only."""
MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 512
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_RESERVED: Final = frozenset({OPERATOR, "system", "person"})
_GUESSED_FIRST: Final = frozenset(
    {"password", "12345678", "123456789", "1234567890", "qwertyui", "iloveyou", "changeme"}
)


def create(
    connection: Connection, raw_name: str, role: Role, password: str, *, actor: str, now_ms: int
) -> User:
    """Make a user; raise Refused for a name that is taken or a password that is guessed at once."""
    name = _name(raw_name)
    hashed = _hash(password, name)
    if not users.add(connection, name, role, hashed, now_ms):
        raise Refused(f"there is a user {name} already: `smsbot user list` shows them")
    _log(connection, actor, "user.create", name, now_ms, role=role.value)
    return find(connection, name)


def find(connection: Connection, raw_name: str) -> User:
    """Give a user, or raise NotFound."""
    found = users.find(connection, raw_name.strip().casefold())
    if found is None:
        raise NotFound(f"there is no user {raw_name.strip()[:64]}: `smsbot user list` shows them")
    return found


def set_role(connection: Connection, raw_name: str, role: Role, *, actor: str, now_ms: int) -> User:
    """Give a user another role; the last admin keeps theirs."""
    user = find(connection, raw_name)
    if role is not Role.ADMIN:
        _refuse_last_admin(connection, user)
    users.change(connection, user.name, role=role.value)
    words = {"role": role.value, "before": user.role.value}
    _log(connection, actor, "user.role", user.name, now_ms, **words)
    return find(connection, user.name)


def disable(connection: Connection, raw_name: str, *, actor: str, now_ms: int) -> User:
    """End what a user may do, at once; twice is once. The last admin cannot be disabled."""
    user = find(connection, raw_name)
    if user.is_enabled:
        _refuse_last_admin(connection, user)
        users.change(connection, user.name, disabled_at=now_ms)
        _log(connection, actor, "user.disable", user.name, now_ms)
    return find(connection, user.name)


def enable(connection: Connection, raw_name: str, *, actor: str, now_ms: int) -> User:
    """Let a disabled user act again; twice is once."""
    user = find(connection, raw_name)
    if not user.is_enabled:
        users.change(connection, user.name, disabled_at=None)
        _log(connection, actor, "user.enable", user.name, now_ms)
    return find(connection, user.name)


def set_password(
    connection: Connection, raw_name: str, password: str, *, actor: str, now_ms: int
) -> User:
    """Give a user another password."""
    user = find(connection, raw_name)
    users.change(connection, user.name, password_hash=_hash(password, user.name))
    _log(connection, actor, "user.password", user.name, now_ms)
    return find(connection, user.name)


def by_password(connection: Connection, raw_name: str, password: str) -> User | None:
    """Give the enabled user whom name and password name, or None.

    Takes as long for a name that does not exist, so that nobody learns which names do.
    """
    from argon2.exceptions import VerificationError

    user = users.find(connection, raw_name.strip().casefold())
    stored = _nobodys_hash() if user is None else user.password_hash
    try:
        _hasher().verify(stored, password[:MAX_PASSWORD])
    except VerificationError:
        return None
    return user if user is not None and user.is_enabled else None


def acting(connection: Connection, raw_name: str, *, is_dev: bool) -> User:
    """Give whom a command acts as: the enabled user of `--as`, or in dev the operator.

    A shell on the machine has the database and the keys, so no password is asked; the name is for
    the two-person rule and the audit log (decision 105).
    """
    if raw_name.strip():
        user = find(connection, raw_name)
        if not user.is_enabled:
            raise Refused(f"the user {user.name} is disabled")
        return user
    if not is_dev:
        raise Refused("say who you are: --as USER (`smsbot user list` shows the users)")
    return User(0, OPERATOR, Role.ADMIN, "", 0, None)


def _name(raw_name: str) -> str:
    name = raw_name.strip().casefold()
    if not _NAME.fullmatch(name):
        raise Refused("a user's name is 2 to 64 letters a-z, digits and . _ - @")
    if name in _RESERVED:
        raise Refused(f"{name} is what the audit log calls the service itself: take another name")
    return name


def _refuse_last_admin(connection: Connection, user: User) -> None:
    is_one = user.role is Role.ADMIN and user.is_enabled
    if is_one and users.enabled_admins(connection) == 1:
        raise Refused(f"{user.name} is the last admin: make another one first")


def _hash(password: str, name: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refused(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    folded = password.casefold()
    if folded in _GUESSED_FIRST or folded == name or len(set(folded)) == 1:
        raise Refused("this password is among the first that anybody tries: take another one")
    return _hasher().hash(password)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")


def _log(
    connection: Connection, actor: str, action: str, name: str, now_ms: int, **detail: Any
) -> None:
    audit.append(connection, actor, action, f"user:{name}", detail, now_ms=now_ms)

"""The users of the console and the commands, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import users
from smsbot.values import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class User:
    """A user. `disabled_at` is set for one who may do nothing any more."""

    id: int
    name: str
    role: Role
    password_hash: str = field(repr=False)
    created_at: int
    disabled_at: int | None

    @property
    def is_enabled(self) -> bool:
        """Say whether the user may act."""
        return self.disabled_at is None


def add(connection: Connection, name: str, role: Role, password_hash: str, now_ms: int) -> bool:
    """Keep a new user; say False when the name is taken."""
    values = {"name": name, "role": role.value, "password_hash": password_hash}
    return insert_if_new(connection, users, {**values, "created_at": now_ms})


def find(connection: Connection, name: str) -> User | None:
    """Give the user of this name, or None."""
    row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
    return None if row is None else _user(row)


def every(connection: Connection) -> list[User]:
    """Give all users by name."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]


def change(connection: Connection, name: str, **values: Any) -> None:
    """Set columns of one user."""
    connection.execute(update(users).where(users.c.name == name).values(**values))


def enabled_admins(connection: Connection) -> int:
    """Count the admins who may act, and hold them until the transaction ends."""
    found = select(users.c.id).where(
        users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None)
    )
    if connection.dialect.name == "postgresql":
        found = found.with_for_update()
    return len(connection.execute(found).all())


def _user(row: Row[Any]) -> User:
    return User(
        row.id, row.name, Role(row.role), row.password_hash, row.created_at, row.disabled_at
    )

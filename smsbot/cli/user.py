"""`smsbot user create|list|role|disable|enable|password`.

Whoever has a shell on the machine has its database, so these ask for no login; the audit log keeps the
login of the shell.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from smsbot.cli.stores import open_stores
from smsbot.errors import Refused
from smsbot.people import users as service
from smsbot.storage import users as stored
from smsbot.values import Role

if TYPE_CHECKING:
    from smsbot.storage.users import User

_ROLES = click.Choice([role.value for role in Role])
_FROM_STDIN = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input: its first line. Else it is asked for.",
)


@click.group()
def user() -> None:
    """Who may do what: users of the console and of `--as`."""


@user.command()
@click.argument("name")
@click.option("--role", type=_ROLES, required=True, help="What the user may do.")
@_FROM_STDIN
def create(name: str, role: str, *, password_stdin: bool) -> None:
    """Make a user."""
    password = _password(from_stdin=password_stdin)
    with open_stores() as stores, stores.database.write() as connection:
        made = service.create(
            connection,
            name,
            Role(role),
            password,
            actor=stores.actor,
            now_ms=stores.clock.now_ms(),
        )
    click.echo(f"{made.name} is made ({made.role.value})")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_users(*, as_json: bool) -> None:
    """Show every user, disabled ones too."""
    with open_stores() as stores, stores.database.read() as connection:
        found = stored.every(connection)
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found], indent=1))
        return
    for one in found:
        state = "" if one.is_enabled else "  disabled"
        click.echo(f"{one.name:24} {one.role.value:9} {_date(one.created_at)}{state}")


@user.command()
@click.argument("name")
@click.argument("role", type=_ROLES)
def role(name: str, role: str) -> None:
    """Give a user another role."""
    with open_stores() as stores, stores.database.write() as connection:
        now_ms = stores.clock.now_ms()
        found = service.set_role(connection, name, Role(role), actor=stores.actor, now_ms=now_ms)
    click.echo(f"{found.name} is {found.role.value} now")


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """End what a user may do, at once."""
    with open_stores() as stores, stores.database.write() as connection:
        now_ms = stores.clock.now_ms()
        found = service.disable(connection, name, actor=stores.actor, now_ms=now_ms)
    click.echo(f"{found.name} is disabled")


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled user act again."""
    with open_stores() as stores, stores.database.write() as connection:
        now_ms = stores.clock.now_ms()
        found = service.enable(connection, name, actor=stores.actor, now_ms=now_ms)
    click.echo(f"{found.name} is enabled")


@user.command()
@click.argument("name")
@_FROM_STDIN
def password(name: str, *, password_stdin: bool) -> None:
    """Give a user another password."""
    fresh = _password(from_stdin=password_stdin)
    with open_stores() as stores, stores.database.write() as connection:
        now_ms = stores.clock.now_ms()
        found = service.set_password(connection, name, fresh, actor=stores.actor, now_ms=now_ms)
    click.echo(f"{found.name} has a new password")


def _password(*, from_stdin: bool) -> str:
    """Read a password without showing it; an argument would stand in the list of processes."""
    if from_stdin:
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Refused("the password is not UTF-8") from None
    if not sys.stdin.isatty():
        raise click.UsageError("give the password on standard input, with --password-stdin")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _shown(one: User) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role.value,
        "created_at": _date(one.created_at),
        "disabled": not one.is_enabled,
    }


def _date(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")

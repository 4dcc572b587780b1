"""`smsbot campaign create|edit|show|submit|approve|reject`: a campaign before it is scheduled."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click
import orjson

from smsbot import plans
from smsbot.campaigns.order import read_order
from smsbot.campaigns.order_written import write_order
from smsbot.cli.campaign_arguments import campaign_id
from smsbot.cli.campaign_parts import (
    as_user,
    known_here,
    moment,
    open_table,
)
from smsbot.cli.campaign_preview import print_look, print_texts
from smsbot.content.yamlfile import MAX_BYTES, YamlError, parse_yaml
from smsbot.people.roles import Act, demand
from smsbot.storage import campaigns

if TYPE_CHECKING:
    from smsbot.cli.campaign_parts import Table
    from smsbot.plans import Plan
    from smsbot.storage.campaigns import Campaign

_FILE = click.argument("file", metavar="FILE.yaml")


@click.command()
@_FILE
@as_user
def create(file: str, user: str) -> None:
    """Make a draft of a campaign file (- is standard input); prints its id."""
    with open_table(user) as table:
        click.echo(table.desk.create(_plan(file, table), table.now_ms))


@click.command()
@campaign_id
@_FILE
@as_user
def edit(campaign_id: int, file: str, user: str) -> None:
    """Put another file in a draft's place."""
    with open_table(user) as table:
        table.desk.edit(campaign_id, _plan(file, table), table.now_ms)
        click.echo(f"campaign {campaign_id} is changed")


@click.command()
@campaign_id
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print its file, to edit or to copy.")
@as_user
def show(campaign_id: int, user: str, *, as_json: bool, as_yaml: bool) -> None:
    """Show a campaign: its plan, who did what with it, its texts as a phone shows them."""
    with open_table(user) as table:
        demand(table.desk.actor.name, table.desk.actor.role, Act.SEE_CAMPAIGNS)
        with table.stores.database.read() as connection:
            found = campaigns.find(connection, campaign_id)
        if as_yaml:
            click.echo(write_order(found.plan), nl=False)
            return
        texts = table.desk.texts(campaign_id, table.now_ms)
        if as_json:
            shown = _as_json(found) | {"texts": {key: each.text for key, each in texts.items()}}
            click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
            return
        _print_campaign(found, table)
        print_texts({language: worded.text for language, worded in texts.items()})


@click.command()
@campaign_id
@as_user
def submit(campaign_id: int, user: str) -> None:
    """Ask for approval: the texts are sealed as they are now."""
    with open_table(user) as table:
        look = table.desk.submit(campaign_id, table.now_ms)
        print_look(look)
        needs = look.preview.reached > table.desk.approval_over
        who = "another person's approval" if needs else "approval"
        click.echo(f"campaign {campaign_id} is in review: it needs {who}")


@click.command()
@campaign_id
@click.option("--note", default="", help="What you thought, for the record.")
@as_user
def approve(campaign_id: int, note: str, user: str) -> None:
    """Approve what was submitted; another person than its author above SMSBOT_APPROVAL_OVER."""
    with open_table(user) as table:
        look = table.desk.approve(campaign_id, table.now_ms, note=note)
        print_look(look)
        click.echo(f"campaign {campaign_id} is approved: `smsbot campaign schedule` lets it go")


@click.command()
@campaign_id
@click.option("--note", required=True, help="Why: its author reads it.")
@as_user
def reject(campaign_id: int, note: str, user: str) -> None:
    """Send a campaign in review back to its author, as a draft."""
    with open_table(user) as table:
        table.desk.reject(campaign_id, note, table.now_ms)
        click.echo(f"campaign {campaign_id} is a draft again")


def _plan(file: str, table: Table) -> Plan:
    """Read a campaign file; its purpose is looked at first, since an import may have brought it."""
    if file == "-":
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with open(file, "rb") as opened:  # noqa: PTH123  # a name that is no file must say so itself
            raw = opened.read(MAX_BYTES + 1)
    return read_order(raw, file, known_here(table, _purpose_of(raw, file)))


def _purpose_of(raw: bytes, file: str) -> str:
    try:
        data = parse_yaml(raw, file).data
    except YamlError:
        return ""  # `read_order` says what is wrong
    purpose = data.get("purpose", "") if isinstance(data, dict) else ""
    return purpose if isinstance(purpose, str) else ""


def _as_json(found: Campaign) -> dict[str, Any]:
    names = (
        *("id", "title", "author", "channel", "purpose", "state", "submitted_by", "decided_by"),
        *("decision_note", "approved_size", "next_at"),
    )
    shown: dict[str, Any] = {name: getattr(found, name) for name in names}
    return {**shown, "state": found.state.value, "plan": orjson.loads(plans.as_json(found.plan))}


def _print_campaign(found: Campaign, table: Table) -> None:
    channel = table.channels.get(found.channel)
    zone = {} if channel is None else {"zone": channel.timezone}
    click.echo(f"{found.id}  {found.title}  ({found.state.value})")
    lines = [
        ("written", f"by {found.author}, {moment(found.created_at, **zone)}"),
    ]
    if found.submitted_by:
        lines.append(
            ("submitted", f"by {found.submitted_by}, {moment(found.submitted_at, **zone)}")
        )
    if found.decided_by:
        word = "rejected" if found.state.value == "draft" else "approved"
        note = f": {found.decision_note}" if found.decision_note else ""
        lines.append((word, f"by {found.decided_by}, {moment(found.decided_at, **zone)}{note}"))
    if found.approved_size is not None:
        lines.append(("people", f"{found.approved_size:,} when it was last counted"))
    if found.next_at is not None:
        lines.append(("next", moment(found.next_at, **zone)))
    for name, value in lines:
        click.echo(f"  {name:10} {value}")
    click.echo("")
    click.echo(write_order(found.plan, texts=False))

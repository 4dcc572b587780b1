"""`smsbot campaign preview`: who, how much, how long and what the phone shows, before anything goes."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from smsbot.cli.campaign_arguments import campaign_id
from smsbot.cli.campaign_parts import as_user, moment, money, open_table, span
from smsbot.cli.simulate import draw, measure_line
from smsbot.text.segments import segment
from smsbot.values import PageLimit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.campaigns.desk import Look


@click.command()
@campaign_id
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@as_user
def preview(campaign_id: int, user: str, *, as_json: bool) -> None:
    """Show who would be reached and who not and why, the price, and each text as a phone shows it."""
    with open_table(user) as table:
        look = table.desk.look(campaign_id, table.now_ms)
    if as_json:
        click.echo(json.dumps(_as_json(look), ensure_ascii=False, indent=1))
        return
    print_texts({language: worded.text for language, worded in look.texts.items()})
    print_look(look)


def print_texts(texts: Mapping[str, str]) -> None:
    """Draw each text as a phone shows it, with what it takes."""
    for language, text in texts.items():
        click.echo(f"{language}:")
        click.echo(draw(text))
        click.echo(f"  {measure_line(text, PageLimit(), is_sms=True)}")


def print_look(look: Look) -> None:
    """Print who is reached and who is not, what it costs, how long it takes, and what was found."""
    for line in _lines(look):
        click.echo(line)
    for finding in look.findings:
        click.echo(str(finding), err=finding.is_error)


def _lines(look: Look) -> Iterator[str]:
    """Give the figures of a campaign, a line each."""
    found, plan = look.preview, look.campaign.plan
    out = [
        f"{_REASONS.get(reason, reason)} {people:,}"
        for reason, people in found.excluded.items()
        if people
    ]
    yield f"audience  {found.audience:,} people"
    yield f"reached   {found.reached:,}"
    yield f"left out  {found.audience - found.reached:,}" + (f": {', '.join(out)}" if out else "")
    for group in found.groups:
        place = " ".join(each for each in (group.country, group.network) if each) or "unknown"
        cost = money(group.cost_micros, found.currency)
        yield (
            f"  {group.language:4} {place:16} {group.people:>10,} people "
            f"{group.segments:>10,} segments  {cost}"
        )
    yield f"price     {money(found.cost_micros, found.currency)} for {found.segments:,} segments"
    if plan.budget_micros is not None:
        is_enough = "enough" if found.budget_suffices else "not enough"
        yield f"budget    {money(plan.budget_micros, found.currency)}, {is_enough}"
    if found.begins_at is not None and found.ends_at is not None:
        zone = look.channel.timezone
        yield (
            f"time      {moment(found.begins_at, zone)} to {moment(found.ends_at, zone)} at the "
            f"earliest, {span(found.duration_s)}"
        )


_REASONS: Final = {
    "opted_out": "said STOP",
    "no_consent": "never agreed to this purpose",
    "no_language": "no text in their language",
    "hold_out": "held out for comparison",
    "frequency_cap": "had enough messages of late",
}


def _as_json(look: Look) -> dict[str, Any]:
    found = look.preview
    return {
        "id": look.campaign.id,
        "audience": found.audience,
        "reached": found.reached,
        "excluded": dict(found.excluded),
        "groups": [asdict(group) for group in found.groups],
        "segments": found.segments,
        "cost_micros": found.cost_micros,
        "currency": found.currency,
        "duration_s": found.duration_s,
        "begins_at": found.begins_at,
        "ends_at": found.ends_at,
        "late": found.late,
        "budget_suffices": found.budget_suffices,
        "texts": {language: _text_as_json(one.text) for language, one in look.texts.items()},
        "findings": [asdict(finding) for finding in look.findings],
    }


def _text_as_json(text: str) -> dict[str, Any]:
    measured = segment(text)
    return {
        "text": text,
        "encoding": measured.encoding.value,
        "segments": measured.segments,
        "units": measured.units,
    }

"""`smsbot doctor`: is this deployment sound?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rq import Worker

from smsbot import jobs
from smsbot.backstage import Backstage
from smsbot.cli.stores import as_running
from smsbot.clock import Clock
from smsbot.config import load_settings
from smsbot.content.checks.run import check_content
from smsbot.errors import ConfigError, ContentError, RedisAway, SmsbotError
from smsbot.sessions.client import answering, connect
from smsbot.sessions.journal import Journal
from smsbot.sessions.link import Link
from smsbot.upkeep.examine_campaigns import examine_campaigns
from smsbot.upkeep.examine_courses import examine_courses
from smsbot.upkeep.examine_settings import (
    examine_alerting,
    examine_disk,
    examine_gateways,
    examine_secrets,
)
from smsbot.upkeep.examine_stores import examine_journal, examine_redis, examine_sql
from smsbot.upkeep.findings import Finding, State, fail, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.config import Settings

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say whether this deployment is sound: one line for each thing that was looked at.

    The exit status is 1 if anything fails; warnings alone leave it at 0. Changes nothing.
    """
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            click.echo(click.style(f"{finding.state:5}", fg=_COLOURS[finding.state]), nl=False)
            click.echo(f" {finding.check}: {finding.words}")
            if finding.remedy:
                click.echo(f"      -> {finding.remedy}")
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    if any(finding.state is State.FAIL for finding in findings):
        context.exit(1)


def examine() -> Iterator[Finding]:
    """Look at everything, in the order in which one mends it."""
    try:
        settings = load_settings()
        settings = as_running(settings)
    except ConfigError as fault:
        yield fail("settings", str(fault), "correct the environment or .env (docs/settings.md)")
        return
    yield ok("settings", f"SMSBOT_ENV={settings.env}, data in {settings.data}")
    yield from examine_secrets(settings)
    yield _content(settings)
    try:
        backstage = Backstage(settings)
    except SmsbotError as fault:
        yield fail("channels", str(fault), "correct what is named")
        return
    now_ms = Clock().now_ms()
    yield from examine_gateways(backstage.gateways, settings)
    sound = True
    for finding in examine_sql(backstage.database, now_ms, backstage.channels):
        sound = sound and not (finding.check == "database" and finding.state is State.FAIL)
        yield finding
    if sound:
        with backstage.database.read() as connection:
            yield from examine_campaigns(connection, backstage.clock.now_ms())
            yield from examine_courses(connection, backstage.clock.now_ms())
    yield from _redis(backstage, now_ms)
    yield examine_alerting(settings)
    yield from examine_disk([settings.data])
    backstage.close()


def _content(settings: Settings) -> Finding:
    try:
        faults = check_content(settings.flows, settings.messages)
    except ContentError as fault:
        return fail("content", str(fault), "run: smsbot check")
    errors = sum(fault.is_error for fault in faults)
    if errors:
        return fail(
            "content", f"{errors} errors, {len(faults) - errors} warnings", "run: smsbot check"
        )
    return ok("content", f"no errors, {len(faults)} warnings")


def _redis(backstage: Backstage, now_ms: int) -> Iterator[Finding]:
    found = list(examine_redis(backstage.redis, now_ms, is_dev=backstage.settings.is_dev))
    yield from found
    if found[0].state is State.OK:
        address = backstage.settings.redis_url
        yield examine_journal(Journal(Link(address), backstage.vault).length())
        yield _workers(address)


def _workers(redis_url: str) -> Finding:
    client = connect(redis_url)
    try:
        with answering():
            number = Worker.count(connection=client)
            waiting = {name: jobs.queue(name, client).count for name in jobs.QUEUES}
    except RedisAway as fault:
        return fail("workers", str(fault), "start Redis")
    finally:
        client.close()
    words = ", ".join(f"{count} in {name}" for name, count in waiting.items())
    if not number:
        return fail(
            "workers", f"none is at work (jobs waiting: {words})", "start: smsbot up, or worker.py"
        )
    return ok("workers", f"{number} at work (jobs waiting: {words})")

"""`smsbot doctor`: is this deployment sound?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rq import Worker

from smsbot import jobs
from smsbot.bootstrap import App
from smsbot.clock import Clock
from smsbot.config import load_settings
from smsbot.errors import ConfigError, ContentError, RedisAway, SmsbotError
from smsbot.running import find_running
from smsbot.sessions.client import answering, connect
from smsbot.sessions.journal import Journal
from smsbot.sessions.link import Link
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
        running = find_running(settings.data)
        if running is not None:
            settings = settings.model_copy(
                update={"redis_url": running.redis_url, "database_url": running.database_url}
            )
    except ConfigError as fault:
        yield fail("settings", str(fault), "correct the environment or .env (docs/settings.md)")
        return
    yield ok("settings", f"SMSBOT_ENV={settings.env}, data in {settings.data}")
    yield from examine_secrets(settings)
    try:
        app = App.open(settings)
    except ContentError as fault:
        yield fail("content", str(fault), "run: smsbot check")
        return
    except SmsbotError as fault:
        yield fail("channels", str(fault), "correct the file that is named")
        return
    yield ok("content", f"version {app.library.current().version}")
    now_ms = Clock().now_ms()
    yield from examine_gateways(app.gateways, settings)
    yield from examine_sql(app.database, now_ms, app.gateways)
    if settings.redis_url:
        client = connect(settings.redis_url)
        findings = list(examine_redis(client, now_ms, is_dev=settings.is_dev))
        yield from findings
        if findings[0].state is State.OK:
            yield examine_journal(Journal(Link(settings.redis_url), app.parts.vault).length())
            yield _workers(settings.redis_url)
        client.close()
    else:
        yield fail(
            "redis", "none runs: SMSBOT_REDIS_URL is not set", "start the service: smsbot up"
        )
    yield examine_alerting(settings)
    yield from examine_disk([settings.data])
    app.close()


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

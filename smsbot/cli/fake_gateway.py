"""`smsbot fake-gateway`: a pretend provider in a terminal."""

from __future__ import annotations

import sys

import click

from smsbot.fakegateway import Behaviour, FakeGateway, Fault, Receipts


def _read_rates(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[Fault, float]:
    rates = {}
    for one in given:
        name, _, share = one.partition("=")
        try:
            rates[Fault(name)] = float(share)
        except ValueError:
            known = ", ".join(fault.value for fault in Fault)
            raise click.BadParameter(
                f"{one!r} is not FAULT=SHARE; the faults are {known}"
            ) from None
        if not 0 <= rates[Fault(name)] <= 1:
            raise click.BadParameter(f"{one!r}: the share is between 0 and 1")
    return rates


@click.command("fake-gateway")
@click.option(
    "--kind",
    type=click.Choice(["africastalking", "twilio"]),
    default="africastalking",
    show_default=True,
    help="Whom to pretend to be.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: a free one.")
@click.option("--latency", type=click.FloatRange(0), default=0, help="Milliseconds per answer.")
@click.option("--jitter", type=click.FloatRange(0), default=0, help="At most so many ms more.")
@click.option(
    "--fault",
    "rates",
    multiple=True,
    metavar="FAULT=SHARE",
    callback=_read_rates,
    help="Let this share of the requests go wrong so, as in error=0.01. Repeatable.",
)
@click.option("--throttle", type=click.FloatRange(0), default=0, help="Answer 429 for N seconds.")
@click.option("--balance", type=click.IntRange(0), help="How many recipients the account pays.")
@click.option(
    "--receipts",
    type=click.Choice(["off", "after", "before"]),
    default="off",
    show_default=True,
    help="Post delivery reports after, or before, the send's own answer.",
)
@click.option("--receipt-url", default="", help="Where to (Twilio: else the StatusCallback).")
@click.option("--receipt-delay", type=click.FloatRange(0), default=0, help="Milliseconds.")
@click.option("--seed", type=int, default=1, help="Of all that is drawn by lot.")
def fake_gateway(
    *,
    kind: str,
    port: int,
    latency: float,
    jitter: float,
    rates: dict[Fault, float],
    throttle: float,
    balance: int | None,
    receipts: str,
    receipt_url: str,
    receipt_delay: float,
    seed: int,
) -> None:
    """Pretend to be a provider on loopback, for tests and benchmarks.

    Prints its address, its control address and the settings that make smsbot send to it, one a
    line; then serves until Ctrl-C. /control/stats tells what it took, and how fast.
    """
    behaviour = Behaviour(
        latency_ms=latency,
        jitter_ms=jitter,
        rates=rates,
        throttle_s=throttle,
        balance=balance,
        receipts=Receipts.model_validate(
            {"when": receipts, "url": receipt_url, "delay_ms": receipt_delay}
        ),
        seed=seed,
    )
    fake = FakeGateway(
        "twilio" if kind == "twilio" else "africastalking", port=port, behaviour=behaviour
    )
    fake.serve(_introduce)


def _introduce(fake: FakeGateway) -> None:
    click.echo(f"address  {fake.url}")
    click.echo(f"control  {fake.control_url}")
    for name, value in fake.environment.items():
        click.echo(f"{name}={value}")
    sys.stdout.flush()

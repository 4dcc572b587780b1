"""`smsbot campaign ...`: the table of its commands; each is imported only when it is called."""

from __future__ import annotations

import click

from smsbot.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, one line of help)
    "case-study": (
        "smsbot.cli.campaign_report:case_study",
        "Tell a campaign as one page to share.",
    ),
    "list": ("smsbot.cli.campaign_status:list_campaigns", "List the campaigns."),
    "report": ("smsbot.cli.campaign_report:report", "Say what a campaign came to."),
    "runs": ("smsbot.cli.campaign_status:runs", "List the runs of a campaign."),
    "status": ("smsbot.cli.campaign_status:status", "Say how a campaign stands."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def campaign() -> None:
    """Broadcasts: plan, price, approve, send, stop."""

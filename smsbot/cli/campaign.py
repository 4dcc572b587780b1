"""`smsbot campaign ...`: the table of its commands; each is imported only when it is called."""

from __future__ import annotations

import click

from smsbot.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, one line of help)
    "approve": ("smsbot.cli.campaign_desk:approve", "Approve what was submitted."),
    "cancel": ("smsbot.cli.campaign_run:cancel", "End a campaign for good."),
    "case-study": ("smsbot.cli.campaign_report:case_study", "Tell it as one page to share."),
    "create": ("smsbot.cli.campaign_desk:create", "Make a draft of a campaign file."),
    "edit": ("smsbot.cli.campaign_desk:edit", "Put another file in a draft's place."),
    "pause": ("smsbot.cli.campaign_run:pause", "Stop until somebody resumes."),
    "preview": ("smsbot.cli.campaign_preview:preview", "Who, how much, how long, what it says."),
    "reject": ("smsbot.cli.campaign_desk:reject", "Send it back to its author."),
    "resume": ("smsbot.cli.campaign_run:resume", "Let a paused campaign go on."),
    "schedule": ("smsbot.cli.campaign_run:schedule", "Let an approved campaign go at its start."),
    "show": ("smsbot.cli.campaign_desk:show", "Show the plan, the texts and who decided."),
    "submit": ("smsbot.cli.campaign_desk:submit", "Ask for approval."),
    "test-send": ("smsbot.cli.campaign_run:test_send", "Send it to a few phones first."),
    "list": ("smsbot.cli.campaign_status:list_campaigns", "List the campaigns."),
    "report": ("smsbot.cli.campaign_report:report", "Say what a campaign came to."),
    "runs": ("smsbot.cli.campaign_status:runs", "List the runs of a campaign."),
    "status": ("smsbot.cli.campaign_status:status", "Say how a campaign stands."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def campaign() -> None:
    """Broadcasts: plan, price, approve, send, stop."""

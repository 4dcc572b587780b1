"""`smsbot case`: the scam desk's commands."""

from __future__ import annotations

import click

from smsbot.cli.lazy import LazyGroup

COMMANDS = {
    "classify": ("smsbot.cli.case_classify:classify", "Say what triage thinks of texts."),
    "train": ("smsbot.cli.case_train:train", "Make the small model from labelled texts."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def case() -> None:
    """Reports of scams: judge texts, and train what judges them."""

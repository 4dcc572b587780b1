"""`smsbot flow`: list the flows, or draw one."""

from __future__ import annotations

from pathlib import Path

import click

from smsbot.cli.places import Places, places_of, read_settings, sound_content
from smsbot.content.faults import did_you_mean
from smsbot.content.graph import draw_mermaid, graph_of_flow
from smsbot.content.graph_svg import draw_svg
from smsbot.errors import NotFound

_FLOWS = click.option(
    "--flows",
    type=click.Path(exists=True, path_type=Path),
    help="A folder of flows, in place of the settings'.",
)


@click.group()
def flow() -> None:
    """Look at the flows."""


@flow.command("list")
@_FLOWS
def list_flows(flows: Path | None) -> None:
    """List the flows with their states, languages and keywords."""
    content = sound_content(_one(flows))
    for found in sorted(content.flows.values(), key=lambda each: each.id):
        languages = ", ".join(
            f"{language} (draft)" if language in found.drafts else language
            for language in found.languages
        )
        keywords = f"; {', '.join(found.keywords)}" if found.keywords else ""
        click.echo(f"{found.id}: {found.title} [{len(found.states)} states; {languages}{keywords}]")


@flow.command("graph")
@click.argument("flow_id", metavar="ID")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg"]),
    default="mermaid",
    help="Mermaid text, or a picture.",
)
@_FLOWS
def graph(flow_id: str, form: str, flows: Path | None) -> None:
    """Draw the flow ID to standard output, from its own machine of states and transitions."""
    content = sound_content(_one(flows))
    found = content.flows.get(flow_id)
    if found is None:
        raise NotFound(f"there is no flow {flow_id!r}: {did_you_mean(flow_id, content.flows)}")
    picture = graph_of_flow(found)
    click.echo(draw_svg(picture) if form == "svg" else draw_mermaid(picture), nl=False)


def _one(flows: Path | None) -> Places:
    return places_of([flows] if flows else [], read_settings())[0]

"""What a flow's texts and expressions can see, and which language a flow speaks to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smsbot.engine.model import Content, Flow, Surface
    from smsbot.engine.session import Session


def values_of(flow: Flow, session: Session, surface: Surface) -> dict[str, Any]:
    """Give every name with its value: the flow's variables, and the built-in names of CEL."""
    person = session.person
    return {
        **flow.defaults,
        **session.variables,
        "lang": session.language,
        "channel": surface.kind.value,
        "country": person.country,
        "network": person.network,
        "region": person.region,
        "consents": person.consents,
        "asked": person.asked,
        "tags": person.tags,
    }


def is_draft(content: Content, flow: Flow, language: str) -> bool:
    """Say whether nobody has reviewed this flow, or the service's own words, in this language."""
    return language in flow.drafts or language in content.drafts


def is_offered(content: Content, flow: Flow, language: str, surface: Surface) -> bool:
    """Say whether a citizen may get this flow in this language, whole."""
    return language in flow.languages and (
        surface.mark_drafts or not is_draft(content, flow, language)
    )


def choose_language(content: Content, flow: Flow, wanted: str, surface: Surface) -> str:
    """Give the wanted language, or the first of the service's that the flow has, or its own."""
    for language in (wanted, *content.languages):
        if is_offered(content, flow, language, surface):
            return language
    return flow.language

"""What a state does beyond talking: effects become data, and the session knows of them at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smsbot.engine.model import Effect, EffectKind
from smsbot.engine.scope import is_offered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.engine.model import Content, EffectSpec, Flow, Person, Surface
    from smsbot.engine.session import Session


def render_effect(spec: EffectSpec, language: str, values: Mapping[str, Any]) -> Effect:
    """Give the effect with every placeholder filled. A report's args gain its `reference`."""
    args = {name: template.render(values) for name, template in spec.args.items()}
    if spec.kind is EffectKind.REPORT:
        args["reference"] = str(values["reference"])
    text = spec.texts[language].sms.render(values) if spec.texts else ""
    return Effect(spec.kind, args, text)


def remember(
    effect: Effect, content: Content, flow: Flow, session: Session, surface: Surface
) -> None:
    """Let the session know what the effect will do, so that the next `when` sees it."""
    value = effect.args.get("value", "")
    person = session.person
    if effect.kind is EffectKind.TAG:
        session.person = replace(person, tags=_with(person.tags, value))
    elif effect.kind is EffectKind.UNTAG:
        session.person = replace(person, tags=_without(person.tags, value))
    elif effect.kind is EffectKind.CONSENT:
        session.person = _consented(person, effect)
    elif effect.kind is EffectKind.LANGUAGE and value in content.languages:
        session.language = value
        if is_offered(content, flow, value, surface):
            session.flow_language = value


def _consented(person: Person, effect: Effect) -> Person:
    purpose = effect.args.get("purpose", "")
    granted = effect.args.get("answer", "yes") == "yes"
    change = _with if granted else _without
    return replace(
        person,
        consents=change(person.consents, purpose),
        asked=_with(person.asked, purpose),
    )


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return names if name in names or not name else (*names, name)


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)

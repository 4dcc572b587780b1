"""What no text of ours may hold: links, requests for secrets, dialable traps, shouting.

Our messages must not look like the scams that they teach about. The message inside a quiz is the one
exception, and says so in the same text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.content.checks.codes import dialable_codes, is_call_control, links, phone_numbers
from smsbot.content.checks.material import plain
from smsbot.content.checks.rules import found
from smsbot.content.checks.secrets import names_a_secret, request_for_secret
from smsbot.content.checks.tone import (
    MAX_WORDS,
    is_labelled_practice,
    long_sentence,
    shouts,
)
from smsbot.content.source import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.content.checks.material import Material, Said
    from smsbot.content.faults import Fault


def check_wording(material: Material) -> Iterator[Fault]:
    """Apply the rules to every text in every language."""
    capitals = _capitals(material)
    official = material.official
    for said in material.said:
        label = material.practice_labels.get(said.language, "")
        yield from check_text(said, official=official, capitals=capitals, label=label)
    for flow in material.flows:
        for name, state in flow.doc.states.items():
            if state.ask and names_a_secret(state.ask.into):
                words = f"{name!r} asks for {state.ask.into!r}, which is a secret"
                line = flow.line("states", name, "ask", "into")
                yield found("secret-request", flow.path, line, words)


def check_text(
    said: Said, *, official: frozenset[str], capitals: frozenset[str], label: str = ""
) -> Iterator[Fault]:
    """Apply the rules to one text. `official` are the codes and numbers that it may name.

    `capitals` are words that people must read in capitals; `label` is what marks practice in its
    language, where core.po has a word for it.
    """
    yield from _dangers(said, official)
    if said.is_practice:
        yield from _practice(said, label)
    else:
        yield from _manners(said, capitals)


def _capitals(material: Material) -> frozenset[str]:
    """Give the words that people must read in capitals: keywords and service words."""
    words = {word for flow in material.flows for word in flow.doc.keywords}
    words |= {word for course in material.courses for word in course.doc.keywords}
    words |= {word for spellings in material.service_words.values() for word in spellings}
    words |= set(material.service_words)
    return frozenset(word.upper() for word in words)


def _dangers(said: Said, official: frozenset[str]) -> Iterator[Fault]:
    """Find what a thumb could follow: links, codes and numbers."""
    for link in links(said.text) if "." in said.text else ():
        code = "practice-link" if said.is_practice else "link"
        yield found(code, said.path, said.line, f"the text holds the address {link!r}")
    if not any(map(str.isdigit, said.text)):
        return
    for code in dialable_codes(said.text):
        if said.is_practice:
            words = f"a phone would offer to dial {code} in this practice message"
            yield found("practice-code", said.path, said.line, words)
        elif is_call_control(code):
            words = f"{code} commands the network itself: one tap diverts or bars calls"
            yield found("mmi-code", said.path, said.line, words)
        elif plain(code) not in official:
            words = f"{code} is not in flows/contacts.yaml"
            yield found("unknown-number", said.path, said.line, words)
    for number in phone_numbers(said.text):
        if number not in official:
            kind = "practice-number" if said.is_practice else "unknown-number"
            words = f"{number} is not in flows/contacts.yaml"
            yield found(kind, said.path, said.line, words)


def _practice(said: Said, label: str) -> Iterator[Fault]:
    if not is_labelled_practice(said.text, said.language, label):
        words = f"a made-up {said.item} message must say that it is practice"
        yield found("practice-unlabelled", said.path, said.line, words)


def _manners(said: Said, capitals: frozenset[str]) -> Iterator[Fault]:
    if said.role is not Role.OPTION:  # an option is what the person would do, not what we ask for
        sentence = request_for_secret(said.text)
        if sentence:
            words = f"the text asks for a secret: {sentence[:60]!r}"
            yield found("secret-request", said.path, said.line, words)
    why = shouts(said.text, capitals)
    if why:
        yield found("shouting", said.path, said.line, f"the text shouts: {why}")
    count, sentence = long_sentence(said.text)
    if count:
        words = f"a sentence has {count} words, over {MAX_WORDS}: {sentence[:40]!r}"
        yield found("long-sentence", said.path, said.line, words)

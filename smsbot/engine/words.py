"""The engine's own words, as data: what core.po must hold for it in every language.

At run time the words are always those of `Content.core`; the English ones here are the source that
translators see, and what is said where a language lacks one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smsbot.engine.render import compile_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.engine.model import Content, Scalar, Template


class CoreWord(NamedTuple):
    """A key of core.po, its English words, and what a translator must know."""

    key: str
    english: str
    comment: str


CORE_WORDS = (
    CoreWord("back", "Back", "Stands on every USSD page after 0. As short as you can."),
    CoreWord("home", "Home", "Stands on every USSD page after 00: the first menu. Short."),
    CoreWord("more", "More", "Stands after 98 when a text goes on on the next page. Short."),
    CoreWord("yes", "Yes", "The first line of a yes-or-no question, after 1."),
    CoreWord("no", "No", "The second line of a yes-or-no question, after 2."),
    CoreWord(
        "skip", "Skip", "Stands after a number, or after #, where a question may be left out."
    ),
    CoreWord(
        "hint-choose",
        "Please choose a number from the list.",
        "In front of a menu after an answer that is not in it. One short line.",
    ),
    CoreWord("hint-yesno", "Please answer 1 for yes or 2 for no.", "After an unreadable answer."),
    CoreWord("hint-number", "Please type a number, like 12.", "After an unreadable answer."),
    CoreWord("hint-amount", "Please type an amount, like 500.", "After an unreadable answer."),
    CoreWord(
        "hint-least",
        "Please type a number, {low} or more.",
        "After a number or amount that is too small. {low} is a number.",
    ),
    CoreWord(
        "hint-most",
        "Please type a number, at most {high}.",
        "After a number or amount that is too large. {high} is a number.",
    ),
    CoreWord(
        "hint-between",
        "Please type a number from {low} to {high}.",
        "After a number or amount that is too small or too large.",
    ),
    CoreWord("hint-phone", "Please type a phone number.", "After an unreadable answer."),
    CoreWord("hint-date", "Please type a date, like 25/12/2026.", "After an unreadable answer."),
    CoreWord("hint-text", "Please type your answer.", "After an empty or too short answer."),
    CoreWord("hint-long", "Please use fewer words.", "After an answer that is too long."),
    CoreWord(
        "hint-transaction",
        "Please type the code of the transaction. It is in its SMS.",
        "After an unreadable answer: the id of a mobile-money payment is asked.",
    ),
    CoreWord(
        "too-many-tries",
        "Sorry, we did not understand your answers. You can dial or text again any time.",
        "Ends the conversation after several unreadable answers. Kind, no blame.",
    ),
    CoreWord(
        "help-by-sms",
        "We did not understand your answers on the menu. Answer with the number in front of a line, "
        "like 1. You can also text HELP to us.",
        "The SMS that follows too-many-tries. Keep HELP or put your language's word for it.",
    ),
    CoreWord("goodbye", "Thank you. Goodbye.", "Ends a conversation that has no last words."),
    CoreWord(
        "apology",
        "Sorry, this does not work now. Please try again later.",
        "Said when a part of the service is away. Nothing was kept.",
    ),
    CoreWord("draft-mark", "[draft]", "Never seen by citizens: in front of texts under review."),
)

_ENGLISH: Mapping[str, Template] = {word.key: compile_template(word.english) for word in CORE_WORDS}


def core_template(content: Content, language: str, key: str) -> Template:
    """Give the template of one of the keys above in this language, or in English."""
    core = content.core
    return core.get(language, {}).get(key) or core.get("en", {}).get(key) or _ENGLISH[key]


def core_text(
    content: Content, language: str, key: str, values: Mapping[str, Scalar] | None = None
) -> str:
    """Give the words of one of the keys above in this language, or in English."""
    return core_template(content, language, key).render(values or {})

"""The service's own words: short enough, whole in every shipped language, honest about their review."""

from __future__ import annotations

from pathlib import Path

import pytest

from smsbot.content.catalogue import CORE, Catalogue, Review, Wanted, catalogue, merged
from smsbot.content.core import build_core
from smsbot.content.corewords import CORE_TEXTS, CORE_WANTED, WORD, WORDS, spellings
from smsbot.content.po import write_po
from smsbot.engine.render import compile_template
from smsbot.text.folding import fold
from smsbot.text.gsm import Encoding
from smsbot.text.segments import segment

MESSAGES = Path(__file__).parents[3] / "messages"
SHIPPED = sorted(path.parent.name for path in MESSAGES.glob("*/core.po"))
WORST = {
    "service": "Safe Line Kenya",
    "cost": "Your usual SMS price.",
    "languages": "English, Kiswahili, Hausa, Yoruba",
    "language": "Kiswahili",
    "code": "123456",
    "minutes": 30,
    "left": 3,
    "low": 1,
    "high": 1_000_000,
    "word": "MYDATA",
    "reference": "12345678",
    "state": "received, not yet read",
    "region": "Uasin Gishu",
    "network": "Safaricom",
    "country": "KE",
    "since": "2026-11-22",
    "purposes": "lessons, alerts, research",
    "reports": 12,
    "received": 120,
    "sent": 120,
    "steps": 1200,
    "title": "The sent by mistake trick",
    "reasons": "asks for a PIN; hurries you; unknown number",
}


def shipped(language: str) -> Catalogue:
    path = MESSAGES / language / "core.po"
    return catalogue(language, CORE, str(path), path.read_bytes())


@pytest.mark.parametrize("word", CORE_TEXTS, ids=lambda word: word.key)
def test_each_english_text_fits_one_sms_with_its_values(word: object) -> None:
    assert isinstance(word, tuple)
    key, english, comment = word
    template = compile_template(english)
    assert set(template.names) <= WORST.keys()
    found = segment(template.render(WORST))
    assert (found.encoding, found.units <= 160) == (Encoding.GSM7, True), key
    assert comment


def test_keys_are_unique_and_the_engines_words_are_there() -> None:
    contexts = [text.msgctxt for text in CORE_WANTED]
    assert len(set(contexts)) == len(contexts)
    assert {"back", "home", "more", "apology", "help", "word/STOP"} <= set(contexts)


def test_the_words_that_twilio_takes_for_an_opt_out_are_all_ours_too() -> None:
    stop = next(word for word in WORDS if word.key == "STOP")
    assert set(spellings(stop.english)) >= {
        "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT",
    }  # fmt: skip


def test_swahili_and_french_are_shipped() -> None:
    assert {"sw", "fr"} <= set(SHIPPED)


@pytest.mark.parametrize("language", SHIPPED)
def test_shipped_core_words_are_whole_up_to_date_and_merged(language: str) -> None:
    found = shipped(language)
    assert found.file.faults == ()
    missing = [text.msgctxt for text in CORE_WANTED if found.review(text) is Review.MISSING]
    assert missing == []
    raw = (MESSAGES / language / "core.po").read_bytes()
    assert write_po(merged(language, CORE, found.file, CORE_WANTED)) == raw


@pytest.mark.parametrize("language", SHIPPED)
def test_shipped_core_words_keep_placeholders_and_fit_one_sms(language: str) -> None:
    found = shipped(language)
    for word in CORE_TEXTS:
        template = compile_template(found.text(Wanted(word.key, word.english)))
        assert sorted(template.names) == sorted(compile_template(word.english).names), word.key
        said = segment(template.render(WORST))
        if word.key not in ("language-name", "mydata-known"):
            assert (said.encoding, said.units <= 160) == (Encoding.GSM7, True), (
                word.key,
                said.units,
            )


@pytest.mark.parametrize("language", SHIPPED)
def test_no_shipped_spelling_means_two_things_or_hides_a_word_of_our_own_pages(
    language: str,
) -> None:
    core = build_core({each: shipped(each) for each in SHIPPED}, production=False)
    assert core.faults == []
    taken = {spelling for each in core.service_words.values() for spelling in each}
    for key in ("back", "home", "more", "yes", "no", "skip", "resume-continue", "resume-again"):
        assert fold(shipped(language).text(Wanted(key, ""))) not in taken, key


def test_every_service_word_has_its_own_spelling_in_every_shipped_language() -> None:
    for language in SHIPPED:
        found = shipped(language)
        for word in WORDS:
            assert spellings(found.text(Wanted(WORD + word.key, word.english))), (language, word)


@pytest.mark.parametrize(
    ("raw", "word", "language"),
    [
        ("simama", "STOP", "sw"), ("ACHA", "STOP", "sw"), ("Arrêt", "STOP", "fr"),
        ("ARRET", "STOP", "fr"), ("stop", "STOP", "en"), ("Msaada", "HELP", "sw"),
        ("aide", "HELP", "fr"), ("JIUNGE", "JOIN", "sw"), ("Futa", "DELETE", "sw"),
        ("pourquoi", "WHY", "fr"), ("kiswahili", "LANGUAGE", "sw"), ("francais", "LANGUAGE", "fr"),
    ],
)  # fmt: skip
def test_people_are_understood_in_their_own_words(raw: str, word: str, language: str) -> None:
    core = build_core({each: shipped(each) for each in SHIPPED}, production=False)
    assert core.service_words[word][fold(raw)] == language


def test_yes_and_no_are_known_in_each_language_and_in_english() -> None:
    core = build_core({each: shipped(each) for each in SHIPPED}, production=False)
    assert {"ndiyo", "ndio", "yes"} <= core.yes_words["sw"]
    assert {"non", "no"} <= core.no_words["fr"]
    assert not core.yes_words["sw"] & core.no_words["sw"]

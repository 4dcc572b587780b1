"""What a campaign's texts may not hold: by language, with the way to mend it."""

from __future__ import annotations

import pytest

from smsbot.campaigns.lint import Finding, Surroundings, lint
from smsbot.plans import Plan

AROUND = Surroundings(
    official=frozenset({"22384", "*384*123#", "0800722203"}),
    capitals=frozenset({"SCAM", "STOP", "SIMAMA"}),
    stop_words=frozenset({"stop", "simama", "arret"}),
    practice={"sw": "Zoezi"},
)
GOOD = "Got money by mistake? Check your own balance first. Text SCAM to 22384. STOP to end."


def _found(text: str, language: str = "en", *, flow: str = "") -> tuple[Finding, ...]:
    plan = Plan(
        "t", "lessons", "sim", message={language: text}, flow=flow, risk_note="No deception."
    )
    return lint(plan, {language: text}, AROUND)


def _errors(text: str, language: str = "en", **given: str) -> list[str]:
    return [one.code for one in _found(text, language, **given) if one.is_error]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", GOOD),
        ("en", "Never share your PIN, not even with customer care. STOP to end."),
        (
            "en",
            "A text says you won a prize and asks for a fee? It is a scam. STOP to end.",
        ),
        ("en", "Practise spotting fake prizes: dial *384*123#. It is free. STOP to end."),
        ("en", "Betting sites that promise sure wins are fraud. Ignore them. STOP to end."),
        ("en", "People who buy votes pay with your own money. Never sell yours. STOP to end."),
        (
            "sw",
            "Usimpe mtu PIN yako. Ukipokea pesa kimakosa, tuma SCAM kwenda 22384. SIMAMA kuacha.",
        ),
        (
            "fr",
            "Ne donnez jamais votre code secret. Un message annonce un gain ? Une arnaque. ARRET",
        ),
        ("am", "ፒንዎን ለማንም አይስጡ። STOP"),
        ("ha", "Kada ka ba kowa PIN ɗinka. STOP don dainawa."),
    ],
)
def test_a_decent_text_has_no_error(language: str, text: str) -> None:
    assert _errors(text, language) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Learn more at www.example.org today. STOP to end.", "link"),
        ("Learn more at bit.ly/pin-safe. STOP to end.", "link"),
        ("Write to help@example.org with questions. STOP to end.", "link"),
        ("Reply with your PIN to check that it is strong. STOP to end.", "secret-request"),
        ("Tuma PIN yako kwetu tuikague. SIMAMA kuacha.", "secret-request"),
        ("Envoyez votre code secret pour le vérifier. ARRET", "secret-request"),
        ("Dial **21*0722000000# to be safe. STOP to end.", "mmi-code"),
        ("Dial *500*7# for a lesson. STOP to end.", "unknown-number"),
        ("Call 0722 000 111 for a lesson. STOP to end.", "unknown-number"),
        ("CHECK YOUR BALANCE FIRST NOW. STOP to end.", "shouting"),
        ("Check your balance first!! STOP to end.", "shouting"),
        ("Check your balance 🎉🎉🎉 first. STOP to end.", "emoji"),
        ("Vote for Amina, she keeps phones safe. STOP to end.", "category"),
        ("Mpigie kura mgombea wetu. SIMAMA kuacha.", "category"),
        ("Place your bet today and win. STOP to end.", "category"),
        ("Weka mkeka leo na ushinde. SIMAMA kuacha.", "category"),
        ("Buy now: 20% off all phones. STOP to end.", "category"),
        ("Nunua sasa, punguzo la simu zote. SIMAMA kuacha.", "category"),
        ("Achetez un téléphone à prix réduit. ARRET", "category"),
        (
            "Congratulations! You have won KSh 50,000. To claim, send 500 to 0712 345 678 today.",
            "own-eyes",
        ),
        (
            "Dear customer, your account will be blocked within 24h. Call 0712345678 immediately.",
            "own-eyes",
        ),
        ("Hongera! Umeshinda KSh 50,000. Piga 0712345678 kupata zawadi yako leo hii.", "own-eyes"),
        ("What would you do? Reply END for the first answer. STOP to leave.", "stop-word"),
        ("x" * 1000 + " STOP", "sms-too-long"),
    ],
)
def test_a_text_that_must_not_go_is_an_error(text: str, code: str) -> None:
    assert code in _errors(text)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("Check your balance first.", "no-stop", "does not say how to end"),
        ("Reply YES for a lesson. STOP to end.", "gateway-word", "an answer YES is the gateway"),
        ("M-PESA never asks for your PIN. STOP to end.", "official-name", "names m-pesa"),
        (
            "Check your balance first — it’s the only proof that money came in. " * 2 + "STOP",
            "ucs2",
            "— (U+2014) ’ (U+2019) makes 3 segments of what takes 1 without",
        ),
        ("Look at it calmly. " * 26 + "STOP", "sms-long", "takes 4 segments, over 3"),
        ("Look " * 25 + "STOP", "long-sentence", "a sentence has 26 words"),
    ],
)
def test_a_text_to_think_about_twice_is_a_warning(text: str, code: str, words: str) -> None:
    found = {one.code: one for one in _found(text)}

    assert not found[code].is_error
    assert words in str(found[code])
    assert str(found[code]).startswith("en: warning: ")


def test_a_script_of_its_own_is_no_accident_and_gets_no_hint() -> None:
    amharic = "ሰላም። ፒንዎን ለማንም አይስጡ። " * 4

    assert [one.code for one in _found(amharic + "STOP", "am")] == []


def test_what_the_words_do_is_no_trap() -> None:
    assert _errors("Reply END to stop these texts. Reply STOP to leave.") == []
    assert "gateway-word" not in [one.code for one in _found("In the end, reply yes or no. STOP")]


def test_a_practice_item_that_opens_a_flow_says_so_and_may_show_a_scam() -> None:
    scam = "You have won KSh 50,000! Call us now to claim it.\n1 Genuine\n2 Scam\nSTOP to end"

    assert _errors(f"Practice: {scam}", flow="prizes") == []
    assert "own-eyes" in _errors("You won KSh 50,000! Send 500 to 0712345678 to claim it now.")


def test_a_campaign_without_a_risk_note_is_an_error() -> None:
    plan = Plan("t", "lessons", "sim", message={"en": GOOD}, risk_note="  ")

    (found,) = lint(plan, {"en": GOOD}, AROUND)

    assert (found.code, found.is_error, found.language) == ("risk-note", True, "")


def test_errors_come_first_then_by_language() -> None:
    plan = Plan("t", "lessons", "sim", risk_note="None.")
    found = lint(plan, {"sw": "Angalia salio.", "en": "See www.example.org"}, AROUND)

    assert [(one.language, one.is_error) for one in found] == [
        ("en", True),
        ("en", False),
        ("sw", False),
    ]

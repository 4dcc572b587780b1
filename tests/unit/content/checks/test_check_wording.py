"""Rules that look at one text alone."""

from __future__ import annotations

import pytest

from smsbot.content.checks.codes import dialable_codes, is_call_control, links, phone_numbers
from smsbot.content.checks.secrets import names_a_secret, request_for_secret
from smsbot.content.checks.tone import is_labelled_practice, long_sentence, shouts


@pytest.mark.parametrize(
    "text",
    [
        "Send your PIN to confirm.",
        "To continue, enter your PIN.",
        "Please reply with your OTP",
        "Your account is safe. Please tell us your password.",
        "What is your PIN?",
        "Your PIN?",
        "PIN:",
        "Type the 4-digit code you received: forward us the code you received",
        "Give us your mother's name.",
        "Reply with your M-PESA PIN now",
        "You must share your secret code.",
        "Tuma PIN yako.",
        "Tafadhali weka nenosiri lako",
        "Ingiza namba yako ya siri",
        "PIN yako ni ipi?",
        "Tutumie neno lako la siri, asante",
        "Envoyez votre code PIN.",
        "Veuillez entrer le mot de passe",
        "Donnez-nous votre code secret",
        "Quel est votre code PIN ?",
        "Confirmez l\u2019OTP",
    ],
)
def test_an_order_to_give_a_secret_is_found(text: str) -> None:
    assert request_for_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "Never share your PIN.",
        "Do not send your OTP to anyone.",
        "Don\u2019t tell anyone your PIN",
        "Nobody from the bank needs your PIN. Not even us.",
        "A caller says he is from customer care and asks for your PIN. What do you do?",
        "Type your PIN only in the menu that you dialled yourself.",
        "Change your PIN today.",
        "Your PIN is yours alone.",
        "Did you share your PIN?",
        "Did you lose money or share your PIN?",
        "Cover the keypad when you enter your PIN.",
        "Send the transaction code to your operator.",
        "Usimpe mtu PIN yako.",
        "Kamwe usitume nenosiri lako.",
        "Badilisha PIN yako leo.",
        "Hakuna mtu anayehitaji PIN yako.",
        "Ne donnez jamais votre code PIN.",
        "Personne ne doit demander votre mot de passe.",
        "Changez votre code PIN.",
        "Un agent demande votre code secret. Que faites-vous ?",
        "የሚስጥር ቁጥርዎን ለማንም አይስጡ።",
    ],
)
def test_a_warning_about_a_secret_is_no_request(text: str) -> None:
    assert request_for_secret(text) == ""


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("pin", True),
        ("user_pin", True),
        ("otp", True),
        ("card_number", True),
        ("nenosiri", True),
        ("opinion", False),
        ("shared_what", False),
        ("spinner", False),
        ("lost_amount", False),
    ],
)
def test_a_variable_that_keeps_a_secret_is_known_by_its_name(name: str, secret: bool) -> None:
    assert names_a_secret(name) is secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://example.org/a now", ["https://example.org/a"]),
        ("Go to www.kra.example.", ["www.kra.example"]),
        ("Pay at mpesa-refund.com today", ["mpesa-refund.com"]),
        ("Open wa.me/254700 to chat", ["wa.me/254700"]),
        ("bit.ly/x1", ["bit.ly/x1"]),
        ("Angalia kra.go.ke kwanza", ["kra.go.ke"]),
        ("Write to help@bank.example", ["help@bank.example"]),
    ],
)
def test_links_are_found(text: str, expected: list[str]) -> None:
    assert links(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Use digits only, e.g. 500",
        "Wait.Then call",
        "KSh 3,500.50 was sent",
        "Asubuhi ya leo.Me too",
        "Il a dit: non.Oui",
        "A text said bit dot ly",
    ],
)
def test_ordinary_dots_are_no_links(text: str) -> None:
    assert links(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dial *35*0000*16# to unlock", ["*35*0000*16#"]),
        ("**21*0712345678#", ["**21*0712345678#"]),
        ("Piga *100# sasa", ["*100#"]),
        ("##002#", ["##002#"]),
        ("*#06#", ["*#06#"]),
        ("bonyeza *384*123#.", ["*384*123#"]),
        ("it begins with **21* and then", ["**21*"]),
        ("* 35 * 0000 * 16 #", []),
        ("star 35 star, then hash", []),
        ("Be the #1 in 2*3", []),
        ("press 1# or *", []),
    ],
)
def test_dialable_codes_are_found_and_spelt_codes_are_not(text: str, expected: list[str]) -> None:
    assert dialable_codes(text) == expected


@pytest.mark.parametrize(
    ("code", "control"),
    [
        ("*35*0000*16#", True),
        ("**21*0712#", True),
        ("##002#", True),
        ("*61*", True),
        ("*100#", False),
        ("*100*33#", False),
        ("*334#", False),
        ("*#06#", False),
    ],
)
def test_codes_of_the_network_itself_are_told_from_menus(code: str, control: bool) -> None:
    assert is_call_control(code) is control


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call 0722 000 000 now", ["0722000000"]),
        ("+254 703 042 700", ["+254703042700"]),
        ("Forward it to 333.", ["333"]),
        ("SMS 15040", ["15040"]),
        ("Piga 100 bure", ["100"]),
        ("Appelez le 1515", ["1515"]),
        ("You received KSh 3,500 from 2 people", []),
        ("send 500 to your aunt", []),
        ("call 100 times", []),
        ("from 1000 to 5000 shillings", []),
        ("from 1000 to 5,000", []),
        ("in 2025", []),
        ("on 05-11-2025", []),
    ],
)
def test_numbers_that_a_reader_could_call_are_found(text: str, expected: list[str]) -> None:
    assert phone_numbers(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Act now!! It is late",
        "Stop! Think! Then act.",
        "YOUR ACCOUNT IS BLOCKED",
        "Hello. YOU HAVE WON TODAY.",
        "TUMA PESA SASA",
        "VOTRE COMPTE EST BLOQUÉ",
    ],
)
def test_shouting_is_found(text: str) -> None:
    assert shouts(text, frozenset({"REPORT"}))


@pytest.mark.parametrize(
    "text",
    [
        "Well done!",
        "Your PIN and OTP are yours. Reply REPORT to report.",
        "SMS STOP",
        "M-PESA PIN",
        "NEVER share it.",
        "ይህ ማጭበርበር ነው።",
        "",
    ],
)
def test_capitals_that_people_must_read_are_no_shouting(text: str) -> None:
    assert shouts(text, frozenset({"REPORT", "STOP"})) == ""


def test_a_sentence_of_more_than_twenty_words_is_long() -> None:
    assert long_sentence("one " * 20)[0] == 0
    assert long_sentence("Short. " + "neno " * 21)[0] == 21


@pytest.mark.parametrize(
    ("text", "language", "label", "labelled"),
    [
        ("Practice: You won KSh 5,000.", "en", "", True),
        ("PRACTICE. You won", "en", "", True),
        ("Zoezi: Umeshinda", "sw", "", True),
        ("Exercice : Vous avez gagné", "fr", "", True),
        ("Gwaji: Ka ci nasara", "ha", "", True),
        ("Umeshinda elfu tano", "sw", "", False),
        ("You won. Malpractice is bad", "en", "", False),
        ("Mazoea: Umeshinda", "sw", "Mazoea:", True),
    ],
)
def test_practice_is_labelled_in_its_own_language(
    text: str, language: str, label: str, labelled: bool
) -> None:
    assert is_labelled_practice(text, language, label) is labelled

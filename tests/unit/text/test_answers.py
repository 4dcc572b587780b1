from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.answers import match_option, parse_transaction, parse_yesno

MENU = [["Send it back"], ["Check my balance first"], ["Call my sister"]]
SWAHILI = [["Jifunze kuhusu ulaghai"], ["Ripoti ujumbe"], ["Lugha yangu"], ["Acha"]]
FRENCH = [["Arrêter"], ["Continuer"], ["Parler à quelqu’un"]]
HAUSA = [["Ƙofa"], ["Ɗaki"], ["Gida"]]
AMHARIC = [["አዎ እፈልጋለሁ"], ["አይ አልፈልግም"]]


@pytest.mark.parametrize(
    ("raw", "options", "expected"),
    [
        ("1", MENU, 1),
        ("3", MENU, 3),
        ("1.", MENU, 1),
        ("1)", MENU, 1),
        (" 1 ", MENU, 1),
        ("01", MENU, 1),
        ("#1", MENU, 1),
        ("*2#", MENU, 2),
        ("２", MENU, 2),
        ("٣", MENU, 3),
        ("২", MENU, 2),
        ("፪", MENU, 2),
        ("2\ufe0f\u20e3", MENU, 2),
        ("A", MENU, 1),
        ("b)", MENU, 2),
        ("(c)", MENU, 3),
        (" one ", MENU, 1),
        ("Mbili", MENU, 2),
        ("trois", MENU, 3),
        ("ሶስት", MENU, 3),
        ("first", SWAHILI, 1),
        ("kwanza", MENU, 1),
        ("option 2", MENU, 2),
        ("2 please", MENU, 2),
        ("No. 3", MENU, 3),
        ("nambari ya mbili tafadhali", MENU, 2),
        ("c'est le 2", MENU, 2),
        ("the first one", SWAHILI, 1),
        ("first", MENU, 2),  # its own word
        ("one", [["Two phones"], ["One phone"]], 2),
        ("2. Check my balance first", MENU, 2),
        ("2 check", MENU, 2),
        ("Send it back", MENU, 1),
        ("SEND IT BACK!!", MENU, 1),
        ("check", MENU, 2),
        ("balance", MENU, 2),
        ("call sister", MENU, 3),
        ("blance", MENU, 2),
        ("chekc my balanse", MENU, 2),
        ("sendit back", MENU, 1),
        ("ripoti", SWAHILI, 2),
        ("RIPOTI UJUMBE", SWAHILI, 2),
        ("riopti", SWAHILI, 2),
        ("ulagai", SWAHILI, 1),
        ("acha", SWAHILI, 4),
        ("nne", SWAHILI, 4),
        ("arreter", FRENCH, 1),
        ("ARRÊTER", FRENCH, 1),
        ("parler a quelquun", FRENCH, 3),
        ("parler à quelqu'un", FRENCH, 3),
        ("kofa", HAUSA, 1),
        ("ƙofa", HAUSA, 1),
        ("daki", HAUSA, 2),
        ("አዎ", AMHARIC, 1),
        ("አልፈልግም", AMHARIC, 2),
        ("100", [["500"], ["100"]], 2),
        ("1", [["2"], ["1"]], 1),
        ("b", [["b"], ["a"]], 1),
    ],
)
def test_an_answer_is_matched_forgivingly(
    raw: str, options: list[list[str]], expected: int
) -> None:
    assert match_option(raw, options) == expected


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        ("", MENU),
        ("?", MENU),
        ("0", MENU),
        ("4", MENU),
        ("11", MENU),
        ("1 2", MENU),
        ("1 or 2", MENU),
        ("1 check", MENU),  # the number says one option, the word another
        ("d", MENU),
        ("my", MENU),  # stands in two options
        ("it", MENU),  # too small to tell
        ("I lost 2 phones", MENU),
        ("brother", MENU),
        ("don't send it back", MENU),
        ("ach", SWAHILI),  # a slip in a short word is another word
        ("carh", [["card"], ["cash"]]),  # one slip from both
        ("same", [["same"], ["Same"]]),
        ("share", [["Share it"], ["Do not share it"]]),
        ("one or two", MENU),
        ("1 5000", MENU),
        ("1000 please", MENU),
        ("1", []),
        ("9" * 10_000, MENU),
        ("check " * 2000, MENU),
        ("é" * 10_000, MENU),
    ],
)
def test_what_fits_no_option_or_two_is_asked_again(raw: str, options: list[list[str]]) -> None:
    assert match_option(raw, options) is None


def test_the_number_words_of_the_session_are_known() -> None:
    assert match_option("biyu", MENU, "ha") == 2
    assert match_option("biyu", MENU) is None
    assert match_option("kabiri", MENU, "rw") == 2
    assert match_option("meji", MENU, "yo") == 2


def test_an_option_may_have_many_spellings() -> None:
    sizes = [["Small", "ndogo", "petit"], ["Big", "kubwa", "grand"]]
    assert match_option("kubwa", sizes) == 2
    assert match_option("petit", sizes) == 1


ANY = st.text(st.characters(codec=None), max_size=80)
NEAR = st.text("ab12 .'éƙأ#", max_size=12)


@given(ANY | NEAR, st.lists(st.lists(ANY | NEAR, max_size=3), max_size=5))
def test_any_text_gives_an_option_of_the_menu_or_none(raw: str, options: list[list[str]]) -> None:
    found = match_option(raw, options)
    assert found is None or 1 <= found <= len(options)


@given(st.integers(1, 40), st.integers(1, 40))
def test_a_number_on_the_menu_always_wins(count: int, number: int) -> None:
    options = [[f"word{place}"] for place in range(count)]
    assert match_option(str(number), options) == (number if number <= count else None)


YES = {"yes", "y", "ndio", "ndiyo", "oui", "አዎ", "naam"}
NO = {"no", "n", "hapana", "non", "አይ", "la"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("yes", True),
        ("YES!", True),
        ("y", True),
        ("1", True),
        ("1.", True),
        ("١", True),
        ("yesss", True),
        ("ndioo", True),
        ("Ndio, nataka", True),
        ("oui merci", True),
        ("አዎ።", True),
        ("👍🏾", True),
        ("no", False),
        ("2", False),
        ("NOOOO", False),
        ("hapna", False),
        ("hapana asante", False),
        ("non merci", False),
        ("አይ", False),
        ("👎", False),
        ("3", None),
        ("maybe", None),
        ("yes no", None),
        ("ndio hapana", None),
        ("I said yes", None),
        ("", None),
        ("yes" * 4000, None),
    ],
)
def test_yes_and_no_are_told_apart(raw: str, expected: bool | None) -> None:
    assert parse_yesno(raw, YES, NO) is expected


@given(ANY)
def test_any_text_is_yes_no_or_neither(raw: str) -> None:
    assert parse_yesno(raw, YES, NO) in (True, False, None)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("SGH7AB12CD", "SGH7AB12CD"),
        ("sgh7ab12cd.", "SGH7AB12CD"),
        ("SGH7 AB12 CD", "SGH7AB12CD"),
        ("SGH7-AB12-CD", "SGH7AB12CD"),
        ("ＳＧＨ７ＡＢ１２ＣＤ", "SGH7AB12CD"),
        ("code ni SGH7AB12CD sawa", "SGH7AB12CD"),
        ("SGH7AB12CD imethibitishwa. Umetuma Ksh500", "SGH7AB12CD"),
        ("SGH7AB12CD, SGH7AB12CD", "SGH7AB12CD"),
        ("CI240512.1234.H12345", "CI240512.1234.H12345"),
        ("12345678901", "12345678901"),
        ("call 12345678901", None),
        ("SGH7AB12CD or SGH7AB12CE", None),
        ("ABCDEFGHIJ", None),
        ("0712345678", None),
        ("254712345678", None),
        ("AB12", None),
        ("SGH7AB12CD34E", None),
        ("sijui", None),
        ("", None),
        ("A1" * 5000, None),
    ],
)
def test_a_payment_code_is_found(raw: str, code: str | None) -> None:
    assert parse_transaction(raw) == code


@given(ANY)
def test_any_text_gives_a_payment_code_or_none(raw: str) -> None:
    found = parse_transaction(raw)
    assert found is None or found == found.upper()


@pytest.mark.parametrize("letter", ["a", "1 ", "ab ", "é", "\ufdfa", "\u0301", "👍", " "])
def test_ten_thousand_letters_take_no_time(letter: str) -> None:
    raw = (letter * 10_000)[:10_000]
    began = time.perf_counter()
    match_option(raw, MENU)
    parse_yesno(raw, YES, NO)
    parse_transaction(raw)
    assert time.perf_counter() - began < 0.5

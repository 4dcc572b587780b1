from __future__ import annotations

from dataclasses import replace

import pytest

from smsbot.text.paging import fits
from tests.flowkit import DEV, SMS, Phone, ask, call, content, effect, end, flow, menu, option

HELLO = {"en": "Hello", "sw": "Habari", "fr": "Bonjour"}


def _hello(**more: object) -> object:
    return flow("hello", end("a", HELLO), languages=("en", "sw", "fr"), **more)


@pytest.mark.parametrize(
    ("wanted", "service", "flow_has", "shown"),
    [
        ("sw", ("en", "sw"), ("en", "sw", "fr"), "Habari"),
        ("am", ("fr", "en"), ("en", "sw", "fr"), "Bonjour"),
        ("am", ("ha", "sw"), ("en", "sw"), "Habari"),
        ("am", ("ha",), ("en", "sw"), "Hello"),
        ("", ("sw", "en"), ("en", "sw"), "Habari"),
    ],
)
def test_a_flow_speaks_the_wanted_language_or_the_services_first_or_its_own(
    wanted: str, service: tuple[str, ...], flow_has: tuple[str, ...], shown: str
) -> None:
    spoken = flow("hello", end("a", HELLO), languages=flow_has)
    phone = Phone(content(spoken, languages=service), "hello", language=wanted)
    assert phone.dial() == shown
    assert phone.session.language == wanted


def test_a_draft_is_not_offered_to_citizens() -> None:
    drafted = flow("hello", end("a", HELLO), languages=("en", "sw"), drafts=frozenset({"sw"}))
    assert Phone(content(drafted), "hello", language="sw").dial() == "Hello"


def test_a_language_whose_own_words_are_drafts_is_not_offered_either() -> None:
    spoken = flow("hello", end("a", HELLO))
    phone = Phone(content(spoken, drafts=frozenset({"sw"})), "hello", language="sw")
    assert phone.dial() == "Hello"


@pytest.mark.parametrize("mark", ["[draft]", "[rasimu ƙ]"])
def test_in_dev_each_page_of_a_draft_bears_the_mark_within_the_limit(mark: str) -> None:
    drafted = flow("hello", end("a", {"en": "x", "sw": "neno " * 80}), drafts=frozenset({"sw"}))
    spoken = content(drafted, core={"sw": {"draft-mark": mark, "more": "Zaidi"}})
    phone = Phone(spoken, "hello", DEV, language="sw")
    pages = [phone.dial()]
    pages.append(phone.press("bad"))
    while not phone.ended:
        pages.append(phone.press("98"))
    assert len(pages) > 3
    for page in pages:
        assert page.startswith(f"{mark} ")
        assert page.count(mark) == 1
        assert fits(page, DEV.page)
    assert (
        Phone(spoken, "hello", replace(SMS, mark_drafts=True), language="sw")
        .dial()
        .startswith(mark)
    )


def test_what_is_reviewed_bears_no_mark() -> None:
    drafted = flow("hello", end("a", HELLO), drafts=frozenset({"sw"}))
    assert Phone(content(drafted), "hello", DEV).dial() == "Hello"


CHOOSER = flow(
    "menu",
    menu(
        "which",
        {"en": "Language?", "sw": "Lugha?"},
        option({"en": "Swahili", "sw": "Kiswahili"}, "next", do=[effect("language", "sw")]),
        option({"en": "French", "sw": "Kifaransa"}, "next", do=[effect("language", "fr")]),
        option({"en": "Martian", "sw": "Kimars"}, "next", do=[effect("language", "xx")]),
    ),
    menu("next", {"en": "Next?", "sw": "Kisha?"}, ({"en": "Go", "sw": "Nenda"}, "lesson")),
    call("lesson", "lesson", "over"),
    end("over", {"en": "Bye.", "sw": "Kwaheri."}),
)
LESSON = flow(
    "lesson",
    ask("q", {"en": "Number?", "sw": "Nambari?", "fr": "Nombre ?"}, "number", "n", "e", low=1),
    end("e", {"en": "Ok.", "sw": "Sawa.", "fr": "Bien."}),
    languages=("en", "sw", "fr"),
)
CORE = {
    "sw": {"back": "Rudi", "home": "Mwanzo", "hint-number": "Andika nambari, kama 12."},
    "fr": {"back": "Retour", "home": "Accueil"},
}


def test_a_chosen_language_is_spoken_at_once() -> None:
    phone = Phone(content(CHOOSER, LESSON, core=CORE), "menu")
    phone.dial()
    assert phone.press("1") == "Kisha?\n1 Nenda\n0 Rudi 00 Mwanzo"
    assert phone.press("1") == "Nambari?\n0 Rudi 00 Mwanzo"
    assert phone.press("x").startswith("Andika nambari, kama 12.\nNambari?")
    assert phone.press("3") == "Sawa.\nKwaheri."


def test_a_flow_without_the_language_stays_whole_and_the_next_one_speaks_it() -> None:
    phone = Phone(content(CHOOSER, LESSON, core=CORE), "menu")
    phone.dial()
    assert phone.press("2") == "Next?\n1 Go\n0 Back 00 Home"
    assert phone.session.language == "fr"
    assert phone.press("1") == "Nombre ?\n0 Retour 00 Accueil"
    assert phone.press("3") == "Bien.\nBye."


def test_back_after_a_change_of_language_speaks_the_new_one() -> None:
    phone = Phone(content(CHOOSER, LESSON, core=CORE), "menu")
    phone.dial()
    phone.press("1")
    assert phone.press("0").startswith("Lugha?\n1 Kiswahili")


def test_a_language_that_the_service_does_not_speak_changes_nothing() -> None:
    phone = Phone(content(CHOOSER, LESSON), "menu")
    phone.dial()
    assert phone.press("3").startswith("Next?")
    assert phone.session.language == "en"


def test_a_language_chosen_in_a_called_flow_is_spoken_by_its_caller() -> None:
    outer = flow("outer", call("a", "menu", "b"), end("b", {"en": "Outer.", "sw": "Nje."}))
    phone = Phone(content(outer, CHOOSER, LESSON), "outer")
    phone.dial()
    assert phone.press("1", "1", "3") == "Sawa.\nKwaheri.\nNje."


def test_words_that_a_language_lacks_are_english() -> None:
    spoken = content(flow("f", menu("a", HELLO, ("x", "a"))), languages=("sw",))
    bare = replace(spoken, core={})
    assert Phone(bare, "f", language="sw").dial().endswith("0 Back 00 Home")

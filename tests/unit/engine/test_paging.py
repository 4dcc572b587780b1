from __future__ import annotations

from dataclasses import replace

import pytest

from smsbot.text.paging import fits
from smsbot.values import PageLimit
from tests.flowkit import SMS, USSD, Phone, ask, both, content, end, flow, menu, say

AMHARIC = "የሞባይል ገንዘብ ማጭበርበር እንዴት እንደሚከሰት ይማሩ። ለማንም ሰው የይለፍ ቃልዎን አይንገሩ።"
HAUSA = "Kada ka ba kowa lambar sirrinka. Ɓarayi suna ƙoƙarin yaudarar mutane a kowace rana. "
EXTENDED = "Send {{amount}} [now] ~ cost €5 | “quoted” ^ \\ "
EMOJI = "🙂👩🏾\u200d🌾 Never share your PIN! "


def _all_pages(phone: Phone, first: str) -> list[str]:
    pages = [first]
    while "98 More" in pages[-1].splitlines():
        pages.append(phone.press("98"))
    return pages


@pytest.mark.parametrize("text", [AMHARIC * 3, HAUSA * 5, EXTENDED * 8, EMOJI * 9, "ab " * 300])
@pytest.mark.parametrize("limit", [PageLimit(160, 70), PageLimit(182, 91), PageLimit(100, 45)])
def test_a_long_ending_is_read_page_by_page_and_ends_on_the_last(
    text: str, limit: PageLimit
) -> None:
    phone = Phone(content(flow("f", end("a", text))), "f", replace(USSD, page=limit))
    pages = _all_pages(phone, phone.dial())
    assert len(pages) > 1
    assert all(fits(page, limit) for page in pages)
    assert all(page.endswith("98 More\n0 Back 00 Home") for page in pages[:-1])
    assert "Home" not in pages[-1]
    assert phone.ended
    said = " ".join(page.removesuffix("98 More\n0 Back 00 Home") for page in pages)
    assert said.split() == text.replace("{{", "{").replace("}}", "}").split()


def test_only_the_last_page_of_an_ending_ends() -> None:
    phone = Phone(content(flow("f", end("a", "words " * 60))), "f")
    first = phone.dial()
    assert not phone.ended
    assert phone.press("5").startswith("Please choose a number from the list.\nwords")
    assert not phone.ended
    phone.press("0")
    assert phone.again().text == first


def test_by_sms_nothing_is_paged() -> None:
    text = AMHARIC * 5
    phone = Phone(content(flow("f", end("a", text))), "f", SMS)
    assert phone.dial() == text
    assert phone.ended


TOPICS = flow(
    "topics",
    menu(
        "pick",
        "Choose a lesson:",
        *((f"The lesson of the number {n}", f"l{n}") for n in range(1, 15)),
    ),
    *(menu(f"l{n}", f"Lesson {n}", ("Go on", "over")) for n in range(1, 15)),
    end("over"),
)


def test_option_numbers_run_on_over_the_pages() -> None:
    phone = Phone(content(TOPICS), "topics")
    pages = _all_pages(phone, phone.dial())
    assert len(pages) == 4
    lines = [line for page in pages for line in page.splitlines() if "lesson of" in line]
    assert [int(line.split()[0]) for line in lines] == list(range(1, 15))
    assert pages[-1].endswith("\n0 Back 00 Home")


@pytest.mark.parametrize(("pages_on", "raw"), [(0, "14"), (2, "1"), (3, "1")])
def test_a_number_on_another_page_works(pages_on: int, raw: str) -> None:
    phone = Phone(content(TOPICS), "topics")
    phone.dial()
    phone.press(*["98"] * pages_on)
    assert phone.press(raw).startswith(f"Lesson {raw}")


@pytest.mark.parametrize("raw", ["98", "98.", "９８", "٩٨", " 98 ", "more", "More"])
def test_the_way_to_the_next_page_is_meant_in_many_ways(raw: str) -> None:
    phone = Phone(content(TOPICS), "topics")
    phone.dial()
    assert phone.press(raw).startswith("5 ")


def test_back_from_a_later_page_is_the_page_before() -> None:
    phone = Phone(content(TOPICS), "topics")
    first = phone.dial()
    second = phone.press("98")
    phone.press("98")
    assert phone.press("0") == second
    assert phone.press("0") == first


def test_back_from_the_next_question_is_the_page_that_was_left() -> None:
    phone = Phone(content(TOPICS), "topics")
    phone.dial()
    second = phone.press("98")
    phone.press("7")
    assert phone.press("0") == second


def test_ninety_eight_on_the_last_page_is_wrong_unless_it_is_an_option() -> None:
    phone = Phone(content(TOPICS), "topics")
    phone.dial()
    assert phone.press("98", "98", "98", "98").startswith("Please choose")
    lines = ((f"{n}", "b") for n in range(1, 99))
    many = flow("many", menu("a", "Which?", *lines), end("b", "It was an option."))
    phone = Phone(content(many), "many", replace(USSD, page=PageLimit(2_000, 2_000)))
    phone.dial()
    assert phone.press("98") == "It was an option."


def test_values_on_a_page_are_those_of_the_person() -> None:
    asked = flow(
        "f",
        ask("who", "Your name?", "text", "name", "hello"),
        say("hello", "Hello {name}!", "next"),
        menu("next", "{name}, what next?", ("Stop", "over"), ("Show {name}", "over")),
        end("over", "Bye {name}."),
    )
    shared = content(asked)
    amina, baraka = Phone(shared, "f"), Phone(shared, "f")
    amina.dial()
    baraka.dial()
    assert baraka.press("Baraka").startswith("Hello Baraka!\nBaraka, what next?")
    assert amina.press("Amina").startswith("Hello Amina!\nAmina, what next?\n1 Stop\n2 Show Amina")
    assert amina.press("1") == "Bye Amina."
    assert not any("Amina" in str(pages) for pages in shared.screens.values())


def test_a_text_of_values_pages_within_the_limit_too() -> None:
    asked = flow(
        "f", ask("who", "Say it", "text", "words", "over"), end("over", "You said: {words}")
    )
    phone = Phone(content(asked), "f")
    phone.dial()
    first = phone.press("ƙarya " * 40)
    pages = _all_pages(phone, first)
    assert len(pages) > 3
    assert all(fits(page, USSD.page) for page in pages)


def test_what_was_said_before_keeps_the_values_it_had() -> None:
    counted = flow(
        "f",
        menu("a", "Ready?", ("Yes", "b")),
        say("b", "Score {score}.", "c", add={"score": "1"}),
        say("c", "Then {score}.", "d", add={"score": "1"}),
        menu("d", "Now {score}. " + "word " * 40, ("Go", "a")),
    )
    phone = Phone(content(counted), "f")
    phone.dial()
    assert phone.press("1").startswith("Score 1.\nThen 2.\nNow 2.")
    assert phone.press("98", "0").startswith("Score 1.\nThen 2.\nNow 2.")


def test_a_screen_too_small_for_the_ways_out_still_holds() -> None:
    tiny = replace(USSD, page=PageLimit(20, 10))
    phone = Phone(content(flow("f", menu("a", AMHARIC, ("ምረጥ", "a")))), "f", tiny)
    phone.dial()
    for _ in range(200):
        assert fits(phone.press("98"), tiny.page)


def test_a_text_said_before_has_its_values_on_the_other_channel_too() -> None:
    told = flow(
        "f",
        say(
            "a",
            both(ussd="Hi.", sms="Hello {name} of {tags}{consents}!"),
            "b",
            set={"name": "'Amina'"},
        ),
        menu("b", "Next?", ("Go", "a")),
    )
    phone = Phone(content(told), "f")
    assert phone.dial().startswith("Hi.\nNext?")
    phone.surface = SMS
    assert phone.again().text == "Hello Amina of !\nNext?\n1 Go"


def test_channels_with_other_limits_share_content_and_not_pages() -> None:
    shared = content(flow("f", end("a", "word " * 30)))
    for limit in (PageLimit(160, 70), PageLimit(100, 45), PageLimit(182, 91)):
        phone = Phone(shared, "f", replace(USSD, page=limit))
        assert fits(phone.dial(), limit)
        assert phone.ended == (limit.gsm7 >= 160)
    assert Phone(shared, "f", SMS).dial() == ("word " * 30)

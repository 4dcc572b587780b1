from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smsbot.text.gsm import Encoding, measure
from smsbot.text.paging import fits, page_units, paginate, room_left
from smsbot.values import PageLimit

LIMIT = PageLimit()
MORE, FOOTER = "98 More", "0 Back 00 Home"
WAY = f"\n{MORE}\n{FOOTER}"


def pages(blocks: list[str], limit: PageLimit = LIMIT) -> tuple[str, ...]:
    return paginate(blocks, limit, more=MORE, footer=FOOTER)


def test_a_page_is_counted_in_its_own_encoding() -> None:
    assert page_units("{M-PESA}") == 10
    assert page_units("ƙofa 👍") == 7
    assert room_left("a" * 150, LIMIT) == 10
    assert room_left("ê" * 71, LIMIT) == -1
    assert fits("a" * 160, LIMIT)
    assert not fits("a" * 159 + "ê", LIMIT)
    assert not fits("€" * 81, LIMIT)


def test_a_short_text_is_one_page_with_its_footer() -> None:
    assert pages(["Chagua:", "1. Jifunze", "2. Ripoti"]) == (
        "Chagua:\n1. Jifunze\n2. Ripoti\n0 Back 00 Home",
    )


def test_the_last_footer_may_differ_or_be_none() -> None:
    assert paginate(["Kwaheri"], LIMIT, more=MORE, footer=FOOTER, last_footer="") == ("Kwaheri",)
    assert paginate(["Hi"], LIMIT, more=MORE, footer=FOOTER, last_footer="00 Home") == (
        "Hi\n00 Home",
    )
    found = paginate(["Somo", "a" * 159], LIMIT, more=MORE, footer=FOOTER, last_footer="")
    assert found == ("Somo" + WAY, "a" * 159)  # whole, though it would not fit above a footer


def test_nothing_to_say_is_one_page() -> None:
    assert pages([]) == (FOOTER,)
    assert pages(["", " "]) == (FOOTER,)
    assert paginate([], LIMIT, more=MORE, footer="") == ("",)


def test_option_lines_stay_whole_and_pages_are_full() -> None:
    options = [f"{number}. Chaguo la {number} " + "x" * 20 for number in range(1, 9)]
    found = pages(["Chagua moja", *options])
    assert len(found) == 3
    for page in found[:-1]:
        assert page.endswith(WAY)
        assert fits(page, LIMIT)
    assert found[-1].endswith("\n" + FOOTER)
    assert MORE not in found[-1]
    lines = [line for page in found for line in page.split("\n")]
    assert [line for line in lines if line[0].isdigit() and ". " in line] == options
    # One more line would not have fitted.
    first = found[0].removesuffix(WAY)
    assert not fits(f"{first}\n{options[first.count(chr(10))]}{WAY}", LIMIT)


def test_a_long_text_is_cut_between_words() -> None:
    text = " ".join(f"neno{number}" for number in range(60))
    found = pages([text])
    assert all(fits(page, LIMIT) for page in found)
    bodies = [page.removesuffix(WAY).removesuffix("\n" + FOOTER) for page in found]
    assert " ".join(bodies) == text


def test_a_long_text_starts_on_the_page_that_has_room() -> None:
    found = pages(["Somo 1", "neno " * 50])
    assert found[0].startswith("Somo 1\nneno neno")
    assert page_units(found[0]) > 150


def test_one_letter_outside_gsm_makes_its_own_page_short_and_no_other() -> None:
    plain = "Usimpe mtu yeyote PIN yako hata akisema anatoka kwa kampuni ya simu"
    hausa = "Kada ka ba kowa lambar sirrinka ko ƙanƙane"
    found = pages([plain, hausa, plain])
    assert [measure(page)[0] for page in found] == [Encoding.GSM7, Encoding.UCS2, Encoding.GSM7]
    assert all(fits(page, LIMIT) for page in found)


def test_a_footer_outside_gsm_makes_every_page_short() -> None:
    found = paginate(["word " * 40], LIMIT, more="98 ተጨማሪ", footer="0 ተመለስ")
    assert all(page_units(page) <= 70 for page in found)
    assert all(measure(page)[0] is Encoding.UCS2 for page in found)


def test_a_word_longer_than_a_page_is_cut_at_a_letter() -> None:
    found = pages(["ẹ\u0301" * 100])
    assert len(found) > 1
    for page in found:
        body = page.removesuffix(WAY).removesuffix("\n" + FOOTER)
        assert body.startswith("ẹ")
        assert body.endswith("\u0301")


def test_an_emoji_family_is_not_torn_apart() -> None:
    family = "👨\u200d👩\u200d👧"
    for lead in range(30, 50):
        found = pages(["x" * lead + family + "x" * 100])
        assert sum(page.count(family) for page in found) == 1


def test_a_blank_line_stands_between_blocks_but_not_at_an_edge() -> None:
    assert pages(["", "a", "", "b", ""]) == ("a\n\nb\n0 Back 00 Home",)
    found = pages(["a" * 130, "", "b" * 130])
    assert found[0] == "a" * 130 + WAY
    assert found[1].startswith("b")


def test_a_last_footer_that_is_long_gets_a_page_with_text() -> None:
    long = "Piga *100# kwa msaada wa bure saa yoyote, mchana au usiku. " * 2
    found = paginate(["moja", "mbili " * 10], LIMIT, more="98", footer="0", last_footer=long)
    assert found[-1].endswith(long)
    assert found[-1].startswith("mbili")
    assert found[0] == "moja\n98\n0"
    found = paginate(["mbili " * 10], LIMIT, more="98", footer="0", last_footer=long)
    assert len(found) == 2
    assert found[-1].endswith(long)
    # When it fits with nothing, the text is worth more than the footer.
    assert paginate(["a"], PageLimit(3, 3), more="", footer="", last_footer="abc") == ("a",)


LETTERS = st.sampled_from([*"aàb{€ \n", "ẹ", "\u0301", "ƙ", "ሰ", "👍", "🏾", "\u200d", "🇰", "🇪"])
BLOCKS = st.lists(
    st.text(LETTERS, max_size=250)
    | st.text(st.characters(exclude_characters="~ΩΔ"), max_size=30)
    | st.text("ab ", max_size=600),
    max_size=8,
)


def bare(text: str) -> str:
    return "".join(text.translate(dict.fromkeys(map(ord, " \t\n"))))


@settings(max_examples=400)
@given(
    BLOCKS,
    st.builds(PageLimit, st.integers(-3, 200), st.integers(-3, 100)),
    st.tuples(st.text("~Ω", max_size=12), st.text("Ω", max_size=12)),
    st.none() | st.text("Δ", max_size=12),
)
def test_every_page_is_within_its_limit_and_no_letter_is_lost(
    blocks: list[str], limit: PageLimit, lines: tuple[str, str], last_footer: str | None
) -> None:
    more, footer = lines
    said = "".join(blocks)  # a text that reads like a footer could not be told from one
    assume(not any(line and line in said for line in (*lines, last_footer)))
    found = paginate(blocks, limit, more=more, footer=footer, last_footer=last_footer)
    limit = PageLimit(max(limit.gsm7, 2), max(limit.ucs2, 2))
    assert found
    assert all(fits(page, limit) for page in found)
    last = footer if last_footer is None else last_footer
    shown = "".join(_body(page, [more, footer]) for page in found[:-1]) + _body(found[-1], [last])
    assert bare(shown) == bare("\n".join(blocks))


def _body(page: str, tail: list[str]) -> str:
    """Take off the lines that stand below the text: all of them, or the first when room lacks."""
    lines = [line for line in tail if line]
    for count in range(len(lines), 0, -1):
        below = "\n".join(lines[:count])
        if page == below:
            return ""
        if page.endswith("\n" + below):
            return page.removesuffix("\n" + below)
    return page


@settings(max_examples=200)
@given(
    st.lists(st.text("abẹ€", min_size=1, max_size=30), max_size=12),
    st.integers(60, 200),
    st.integers(60, 100),
)
def test_a_block_that_fits_a_page_is_never_cut(blocks: list[str], gsm7: int, ucs2: int) -> None:
    found = pages(blocks, PageLimit(gsm7, ucs2))
    lines = [line for page in found for line in page.split("\n")]
    assert [line for line in lines if line not in (MORE, FOOTER)] == blocks


@settings(max_examples=200)
@given(st.lists(st.text("ab€", min_size=1, max_size=30), min_size=1, max_size=12))
def test_no_page_ends_before_a_block_that_still_fits(blocks: list[str]) -> None:
    found = pages(blocks)
    shown = 0
    for page in found[:-1]:
        body = page.removesuffix(WAY)
        shown += body.count("\n") + 1
        assert not fits(f"{body}\n{blocks[shown]}{WAY}", LIMIT)

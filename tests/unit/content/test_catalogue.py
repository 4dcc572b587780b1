"""PO files are read and written exactly, merged without loss, and trusted only after a review."""

from __future__ import annotations

import io
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po as babel_read
from hypothesis import given, settings
from hypothesis import strategies as st

from smsbot.content.catalogue import (
    Review,
    Wanted,
    approved,
    catalogue,
    counts,
    is_reviewed,
    merged,
)
from smsbot.content.po import Entry, PoFile, read_po, write_po

if TYPE_CHECKING:
    from pathlib import Path

LONG = (
    "Ujumbe unasema umepokea KSh 3,500. Kisha mtu usiyemjua anakupigia simu na kukuomba uzirudishe. "
    "Utafanya nini?"
)
ENTRIES = (
    Entry("f/a/say", "Long English words " * 8, LONG, comments=("reviewed: Amina 2026-11-22",)),
    Entry(
        "f/a/menu/1", "Yes", "Ndiyo", fuzzy=True, previous="Yes, " + "please " * 20, notes=("n",)
    ),
    Entry("f/a/menu/2", 'Say "no" \\ \t tab', "አይ 🙂", flags=("no-wrap",)),
    Entry("f/b/say", "two\nlines\n", "mistari\nmiwili\n"),
    Entry("f/c/say", "Not yet", ""),
    Entry("f/old/say", "Gone " * 20, "Imekwenda " * 20, obsolete=True),
)


def wanted(*pairs: tuple[str, str]) -> list[Wanted]:
    return [Wanted(f"f/{place}", text) for place, text in pairs]


def texts(file: PoFile) -> dict[str, tuple[str, bool]]:
    return {e.context: (e.text, e.fuzzy) for e in file.entries if not e.obsolete}


def test_what_is_written_is_read_back() -> None:
    raw = write_po(PoFile("Language: sw\n", ("About.",), ENTRIES))
    file = read_po(raw)
    assert file.faults == ()
    assert file.entries == ENTRIES
    assert file.header == "Language: sw\n"
    assert write_po(file) == raw
    assert max(len(line) for line in raw.decode().splitlines()) <= 77


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_writing_and_reading(rows: list[tuple[str, str, str]]) -> None:
    entries = tuple(
        Entry(f"f/{number}", msgid, text, fuzzy=bool(previous), previous=previous)
        for number, (msgid, text, previous) in enumerate(rows)
    )
    assert read_po(write_po(PoFile("", (), entries))).entries == entries


def test_babel_reads_what_we_write_as_we_do() -> None:
    raw = write_po(PoFile("Language: sw\nContent-Type: text/plain; charset=UTF-8\n", (), ENTRIES))
    found = {
        str(message.context): (message.id, message.string, message.fuzzy)
        for message in babel_read(io.BytesIO(raw))
        if message.id
    }
    ours = {e.context: (e.msgid, e.text, e.fuzzy) for e in ENTRIES if not e.obsolete}
    assert found == ours


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="gettext's msgfmt is not installed")
def test_gettext_accepts_what_we_write(tmp_path: Path) -> None:
    raw = write_po(merged("sw", "f", PoFile(entries=ENTRIES), wanted(("a/say", "New words " * 20))))
    (tmp_path / "f.po").write_bytes(raw)
    subprocess.run(["msgfmt", "--check", "-o", "/dev/null", "f.po"], cwd=tmp_path, check=True)


def test_files_of_other_tools_are_read() -> None:
    raw = (
        b"\xef\xbb\xbf# Made by a tool\r\n"
        b'msgid ""\r\nmsgstr ""\r\n"Language: fr\\n"\r\n\r\n'
        b"#: flows/f.yaml:3\r\n#, fuzzy, no-wrap\r\n"
        b'#| msgctxt "f/a/say"\r\n#| msgid "Old"\r\n'
        b'msgctxt "f/a/say"\r\nmsgid "New"\r\nmsgstr "Nouveau"\r\n'
        b'#~ msgctxt "f/z/say"\r\n#~ msgid "Gone"\r\n#~ msgstr ""\r\n#~ "Parti"\r\n'
    )
    file = read_po(raw)
    assert file.faults == ()
    assert file.header_comments == ("Made by a tool",)
    first, second = file.entries
    assert (first.text, first.fuzzy, first.previous, first.flags) == (
        "Nouveau", True, "Old", ("no-wrap",),
    )  # fmt: skip
    assert (first.line, first.text_line) == (6, 12)
    assert (second.text, second.obsolete) == ("Parti", True)


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b'msgid "a"\nmsgstr "b', 2, "double quotes"),
        (b'msgid "a"\nmsgid_plural "as"\nmsgstr[0] "b"\n', 2, "plural"),
        (b'msgctxt "x"\nmsgstr "b"\n', 1, "needs msgid and msgstr"),
        (b'msgid "a"\nmsgid "b"\nmsgstr "c"\n', 2, "stands twice"),
        (b"<<<<<<< HEAD\n", 1, "no line of a PO file"),
        (b'"lone"\n', 1, "without msgctxt"),
        (b'msgid "\xff"\nmsgstr ""\n', 1, "not UTF-8"),
    ],
)
def test_a_broken_po_file_is_a_fault_with_its_line(raw: bytes, line: int, words: str) -> None:
    faults = read_po(raw).faults
    assert (faults[0].line, words in faults[0].words) == (line, True), faults


def test_a_second_merge_changes_nothing() -> None:
    first = merged("sw", "f", PoFile(entries=ENTRIES), wanted(("a/say", "New"), ("b/say", "Old")))
    assert (
        merged("sw", "f", read_po(write_po(first)), wanted(("a/say", "New"), ("b/say", "Old")))
        == first
    )


def test_a_changed_source_makes_the_translation_fuzzy_and_keeps_the_previous_words() -> None:
    reviewed = Entry("f/a/say", "Old", "Kale", comments=("keep me", "reviewed: Amina 2026-11-22"))
    file = merged("sw", "f", PoFile(entries=(reviewed,)), wanted(("a/say", "New")))
    assert file.entries == (
        Entry("f/a/say", "New", "Kale", fuzzy=True, previous="Old", comments=("keep me",)),
    )
    again = merged("sw", "f", file, wanted(("a/say", "Newest")))
    assert again.entries[0].previous == "Old"


def test_translations_move_along_when_an_option_is_put_before_them() -> None:
    seal = ("reviewed: Amina 2026-11-22",)
    old = PoFile(entries=(
        Entry("f/a/menu/1", "Yes", "Ndiyo", comments=seal),
        Entry("f/a/menu/2", "No", "Hapana", comments=seal),
    ))  # fmt: skip
    file = merged(
        "sw", "f", old, wanted(("a/menu/1", "Maybe"), ("a/menu/2", "Yes"), ("a/menu/3", "No"))
    )
    assert texts(file) == {
        "f/a/menu/1": ("", False), "f/a/menu/2": ("Ndiyo", False), "f/a/menu/3": ("Hapana", False),
    }  # fmt: skip
    assert [is_reviewed(entry) for entry in file.entries] == [False, True, True]
    assert len(file.entries) == 3


def test_words_taken_to_a_place_of_another_kind_need_a_new_look() -> None:
    old = PoFile(
        entries=(Entry("f/a/menu/1", "Go", "Nenda", comments=("reviewed: A 2026-01-01",)),)
    )
    file = merged("sw", "f", old, wanted(("b/say", "Go")))
    assert texts(file) == {"f/b/say": ("Nenda", True)}
    assert not is_reviewed(file.entries[0])


def test_what_is_no_longer_wanted_is_kept_as_obsolete_and_comes_back() -> None:
    old = PoFile(entries=(Entry("f/a/say", "Hello", "Habari"), Entry("f/b/say", "Empty", "")))
    gone = merged("sw", "f", old, wanted(("c/say", "New")))
    assert [(e.context, e.obsolete) for e in gone.entries] == [
        ("f/c/say", False),
        ("f/a/say", True),
    ]
    back = merged("sw", "f", read_po(write_po(gone)), wanted(("a/say", "Hello")))
    assert texts(back) == {"f/a/say": ("Habari", False)}


@pytest.mark.parametrize(
    ("entry", "review"),
    [
        (None, Review.MISSING),
        (Entry("f/a/say", "Hello", "  "), Review.MISSING),
        (Entry("f/a/say", "Hello", "Habari"), Review.DRAFT),
        (
            Entry("f/a/say", "Hello", "Habari", comments=("reviewed: A B 2026-01-01",)),
            Review.REVIEWED,
        ),
        (Entry("f/a/say", "Hello", "Habari", comments=("reviewed: 2026-01-01",)), Review.DRAFT),
        (
            Entry("f/a/say", "Hello", "Habari", fuzzy=True, comments=("reviewed: A 2026-01-01",)),
            Review.DRAFT,
        ),
        (Entry("f/a/say", "Hullo", "Habari", comments=("reviewed: A 2026-01-01",)), Review.DRAFT),
        (
            Entry("f/a/say", "Hello", "Habari", comments=("reviewed: A 2026-01-01 [00000000]",)),
            Review.DRAFT,
        ),
    ],
)
def test_only_a_reviewed_translation_of_these_very_words_is_trusted(
    entry: Entry | None, review: Review
) -> None:
    raw = write_po(PoFile(entries=(entry,) if entry else ()))
    found = catalogue("sw", "f", "messages/sw/f.po", raw)
    (text,) = wanted(("a/say", "Hello"))
    assert found.review(text) is review
    assert counts(found, [text])[review] == 1


def test_approving_marks_who_and_when_and_an_edit_afterwards_is_a_draft_again() -> None:
    asked = wanted(("a/say", "Hello"), ("b/say", "Bye"), ("c/say", "Empty"))
    old = PoFile(entries=(
        Entry("f/a/say", "Hello", "Habari", fuzzy=True, previous="Hullo"),
        Entry("f/b/say", "Good-bye", "Kwaheri"),
        Entry("f/c/say", "Empty", ""),
    ))  # fmt: skip
    file, marked, missing, outdated = approved(old, asked, "Amina Yusuf", "2026-11-22")
    assert (marked, missing, outdated) == (1, 1, 1)
    first = file.entries[0]
    assert first.comments[0].startswith("reviewed: Amina Yusuf 2026-11-22 [")
    assert (first.fuzzy, first.previous, is_reviewed(first)) == (False, "", True)
    assert approved(file, asked, "Other", "2026-11-23").marked == 0
    edited = write_po(file).replace(b"Habari", b"Habari yako")
    assert catalogue("sw", "f", "x", edited).review(asked[0]) is Review.DRAFT

"""Sound content, and for every rule an edit of it that breaks the rule and one that does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from smsbot.content.checks.run import check_content
from smsbot.content.corewords import CORE_WANTED

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.content.faults import Fault

TODAY = date(2026, 3, 2)

MENU = """\
id: menu
title: Safe Line
language: en
start: front
states:
  front:
    say: Safe Line
    menu:
      - say: Learn
        goto: learn
      - say: Leave
        goto: bye
  learn:
    call: lesson
    goto: bye
  bye:
    say: Goodbye.
    end: true
"""
LESSON = """\
id: lesson
title: Two messages
language: en
keywords: [LESSON, SOMO]
topics: [mobile-money]
start: first
states:
  first:
    say: "Practice: You won KSh 5,000. Pay a fee of 500 to get it."
    quiz:
      item: scam
      options:
        - say: A scam
          right: true
          feedback: Right. No true prize has a fee.
          add: {score: 1}
          goto: second
        - say: Genuine
          right: false
          feedback: It is a scam. No true prize has a fee.
          goto: second
  second:
    say: "Practice: You sent KSh 1,200 to Asha. Your balance is KSh 340."
    quiz:
      item: genuine
      options:
        - say: A scam
          right: false
          feedback: This one is true.
          goto: amount
        - say: Genuine
          right: true
          feedback: Right.
          goto: amount
  amount:
    say: How much did you lose?
    ask: {type: amount, into: lost, min: 1, max: 99999}
    goto: sort
  sort:
    when:
      - {if: lost > 1000, goto: much}
      - {goto: done}
  much:
    say: You lost {lost}. Call your operator.
    goto: done
  done:
    say: Reply LESSON to play again. Never share your PIN.
    end: true
"""
CONTACTS = """\
- country: KE
  type: mno_fraud
  value: "333"
  source: the operator's fraud page
  verified_on: 2026-02-01
"""
TEST = """\
channel: ussd
steps:
  - dial
  - expect: a
"""
CHANNELS = ""


def swahili_core() -> str:
    """Give a core.po that is whole: the English words, as a translator who wrote nothing new."""
    return po(
        {
            wanted.msgctxt: (wanted.text, _swahili_word(wanted.msgctxt, wanted.text))
            for wanted in CORE_WANTED
        }
    )


def _swahili_word(context: str, text: str) -> str:
    words = {"word/STOP": "SIMAMA", "word/LANGUAGE": "KISWAHILI", "language-name": "Kiswahili"}
    return words.get(context, text)


def po(entries: dict[str, tuple[str, str]]) -> str:
    """Write a PO file: msgctxt to (source, translation)."""
    parts = ['msgid ""\nmsgstr "Language: sw\\n"\n']
    parts += [
        f'msgctxt "{context}"\nmsgid "{_escaped(source)}"\nmsgstr "{_escaped(text)}"\n'
        for context, (source, text) in entries.items()
    ]
    return "\n".join(parts)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


LESSON_SW = {
    "lesson/title": ("Two messages", "Ujumbe mbili"),
    "lesson/first/say": (
        "Practice: You won KSh 5,000. Pay a fee of 500 to get it.",
        "Zoezi: Umeshinda KSh 5,000. Lipa ada ya 500 uipate.",
    ),
    "lesson/first/quiz/1": ("A scam", "Utapeli"),
    "lesson/first/quiz/1/feedback": ("Right. No true prize has a fee.", "Sawa. Zawadi haina ada."),
    "lesson/first/quiz/2": ("Genuine", "Kweli"),
    "lesson/first/quiz/2/feedback": (
        "It is a scam. No true prize has a fee.",
        "Ni utapeli. Zawadi ya kweli haina ada.",
    ),
    "lesson/second/say": (
        "Practice: You sent KSh 1,200 to Asha. Your balance is KSh 340.",
        "Zoezi: Umemtumia Asha KSh 1,200. Salio lako ni KSh 340.",
    ),
    "lesson/second/quiz/1": ("A scam", "Utapeli"),
    "lesson/second/quiz/1/feedback": ("This one is true.", "Huu ni wa kweli."),
    "lesson/second/quiz/2": ("Genuine", "Kweli"),
    "lesson/second/quiz/2/feedback": ("Right.", "Sawa."),
    "lesson/amount/say": ("How much did you lose?", "Ulipoteza kiasi gani?"),
    "lesson/much/say": (
        "You lost {lost}. Call your operator.",
        "Ulipoteza {lost}. Pigia mtandao wako.",
    ),
    "lesson/done/say": (
        "Reply LESSON to play again. Never share your PIN.",
        "Jibu SOMO kucheza tena. Usimpe mtu PIN yako.",
    ),
}


@dataclass(frozen=True)
class Example:
    """An edit of the sound content. `file` is which one, `change` (old, new) pairs in it.

    `new` replaces the whole file; `without` removes it.
    """

    file: str = "flows/lesson.yaml"
    change: tuple[tuple[str, str], ...] = ()
    new: str | None = None
    without: bool = False
    sw: dict[str, str] = field(default_factory=dict)
    """Swahili translations that differ, by the context below `lesson/`."""


def sound_files() -> dict[str, str]:
    """Give content without a fault, by the name of each file."""
    return {
        "flows/menu.yaml": MENU,
        "flows/lesson.yaml": LESSON,
        "flows/contacts.yaml": CONTACTS,
        "flows/tests/menu.yaml": TEST,
        "flows/tests/lesson.yaml": TEST,
        "messages/sw/core.po": swahili_core(),
        "messages/sw/lesson.po": po(LESSON_SW),
    }


def files_of(example: Example) -> dict[str, str]:
    """Give the sound content with the edit made; an edit that changes nothing is an error."""
    files = sound_files()
    if example.without:
        del files[example.file]
        return files
    if example.new is not None:
        files[example.file] = example.new
    for old, new in example.change:
        assert old in files[example.file], f"{old!r} is not in {example.file}"
        files[example.file] = files[example.file].replace(old, new)
    if example.sw:
        entries = dict(LESSON_SW)
        for context, text in example.sw.items():
            source, _ = entries[f"lesson/{context}"]
            entries[f"lesson/{context}"] = (source, text)
        files["messages/sw/lesson.po"] = po(entries)
    return files


def checked(folder: Path, files: dict[str, str]) -> list[Fault]:
    """Write the files and check them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return check_content(folder / "flows", folder / "messages", today=TODAY)

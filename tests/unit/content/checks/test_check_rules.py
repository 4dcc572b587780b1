"""Every rule of `smsbot check`, broken once and kept once, through the files that an author writes."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

import smsbot.content
from smsbot.content.checks.rules import RULES
from smsbot.content.faults import Severity
from tests.check_examples import CONTACTS, LESSON, MENU, Example, checked, files_of, sound_files

LONG = "Think first. " * 60
WIDE = "Ɓ" * 75


def lesson(*change: tuple[str, str]) -> Example:
    """Edit the lesson."""
    return Example(change=change)


def done(text: str) -> Example:
    """Let the lesson end with another text."""
    return lesson(("Reply LESSON to play again. Never share your PIN.", text))


def practice(text: str) -> Example:
    """Let the first quiz show another message."""
    return lesson(("Practice: You won KSh 5,000. Pay a fee of 500 to get it.", text))


def keywords(words: str) -> Example:
    """Give the lesson other keywords."""
    return lesson(("[LESSON, SOMO]", words))


def silent_loop(first: str, second: str) -> Example:
    """Let two states without a question lead to each other."""
    return lesson(
        ("goto: sort", "goto: ping"),
        ("  sort:\n", f"  ping:\n{first}  pong:\n{second}  sort:\n"),
    )


PING = "    say: One.\n    goto: pong\n"
ASKING = "    say: Which number?\n    ask: {type: number, into: count}\n    goto: pong\n"
BRANCHING = "    when:\n      - {if: lost > 3, goto: ping}\n      - {goto: sort}\n"
GENUINE_TOO = ("item: scam", "item: genuine")
CALLS_MENU = (
    "    say: Reply LESSON",
    "    call: menu\n    goto: over\n  over:\n    say: Reply LESSON",
)

# code: (examples that break the rule, examples beside it that keep it)
TABLE: dict[str, tuple[list[Example], list[Example]]] = {
    # --- the form of the files: told by the loader ------------------------------------------------
    "yaml": (
        [lesson(("start: first", "start: [first")), lesson(("  amount:\n", "  first:\n"))],
        [lesson(("title: Two messages", 'title: "Two messages"'))],
    ),
    "schema": (
        [
            lesson(("type: amount", "type: amonut")),
            lesson(("          feedback: Right. No true prize has a fee.\n", "")),
            lesson(("title: Two messages", "title: 12")),
        ],
        [lesson(("topics: [mobile-money]", "topics: [mobile-money, prizes]"))],
    ),
    "state-kind": (
        [lesson(("    end: true", "    end: true\n    call: menu\n    goto: much"))],
        [],
    ),
    "goto-missing": ([lesson(("max: 99999}\n    goto: sort", "max: 99999}"))], []),
    "goto-idle": ([lesson(("    end: true", "    end: true\n    goto: much"))], []),
    "say-missing": ([lesson(("    say: How much did you lose?\n", ""))], []),
    "retry-idle": ([lesson(("    end: true", "    end: true\n    tries: 2"))], []),
    "retry-twice": (
        [lesson(("max: 99999}", "max: 99999, retry: Digits only.}\n    retry: Digits, please."))],
        [lesson(("max: 99999}", "max: 99999, retry: Digits only.}"))],
    ),
    "goto-unknown": (
        [lesson(("goto: much", "goto: munch")), lesson(("start: first", "start: frist"))],
        [],
    ),
    "call-unknown": ([Example("flows/menu.yaml", (("call: lesson", "call: leson"),))], []),
    "name-reserved": (
        [lesson(("add: {score: 1}", "add: {lang: 1}"))],
        [lesson(("add: {score: 1}", "add: {points: 1}"))],
    ),
    "when-last": (
        [lesson(("      - {goto: done}", "      - {if: lost < 5, goto: done}"))],
        [],
    ),
    "placeholder": ([done("Hello {name")], [done("Two braces: {{ and }}")]),
    "expression": ([lesson(("lost > 1000", "lost >"))], [lesson(("lost > 1000", "lost > 10 + 5"))]),
    "file-name": ([Example("flows/other.yml", new="id: other\n")], []),
    "id-file-name": ([lesson(("id: lesson", "id: lessons"))], []),
    "language-code": ([Example("messages/swahili/lesson.po", new="")], []),
    "po": ([Example("messages/sw/lesson.po", new="msgid broken\n")], []),
    "po-unused": ([Example("messages/sw/gone.po", new="")], []),
    "core-language": ([lesson(("language: en", "language: fr"))], []),
    "word-twice": (
        [Example("messages/sw/core.po", (('"SIMAMA"', '"HELP"'),))],
        [Example("messages/sw/core.po", (('"SIMAMA"', '"SIMAMA, ACHA"'),))],
    ),
    "home": ([Example("flows/menu.yaml", without=True)], []),
    # --- where a conversation can go --------------------------------------------------------------
    "state-unreachable": (
        [lesson(("- {if: lost > 1000, goto: much}\n      ", ""))],
        [lesson(("lost > 1000", "lost > 2000"))],
    ),
    "no-end": (
        [
            lesson(("    end: true", "    goto: amount")),
            lesson(
                ("Call your operator.\n    goto: done", "Call your operator.\n    goto: amount"),
                ("- {goto: done}", "- {goto: much}"),
            ),
        ],
        [lesson(("Call your operator.\n    goto: done", "Call your operator.\n    goto: amount"))],
    ),
    "endless-loop": (
        [
            silent_loop(PING, "    say: Two.\n    goto: ping\n"),
            silent_loop(PING, BRANCHING),
            lesson(
                ("start: first", "start: sort"),
                ("    end: true", "    call: lesson\n    goto: end\n  end:\n    end: true"),
            ),
        ],
        [silent_loop(ASKING, BRANCHING)],
    ),
    "call-recursion": ([lesson(CALLS_MENU)], []),
    "call-depth": ([], []),
    # --- variables --------------------------------------------------------------------------------
    "name-unknown": (
        [
            lesson(("lost > 1000", "losst > 1000")),
            done("Bye {name}"),
            lesson(("    end: true", "    end: true\n    do: [{report: '{kind}'}]")),
            done("Bye {tags}"),
            lesson(
                ("    end: true", "    end: true\n    do: [{report: {type: T01, keep: [what]}}]")
            ),
            lesson(("add: {score: 1}", "set: {grade: points + 1}")),
            Example(sw={"done/say": "Jibu SOMO, {jina}. Usimpe mtu PIN yako."}),
        ],
        [
            done("Bye {country}"),
            lesson(("lost > 1000", "lost > 1000 && lang == 'sw' && 'seen' in tags")),
            lesson(("lost > 1000", "tags.exists(tag, tag == 'seen')")),
        ],
    ),
    "cel-type": (
        [
            lesson(("lost > 1000", "lost > 'much'")),
            lesson(("lost > 1000", "lost > 5 && lang > 3")),
            lesson(("lost > 1000", "size(lost) > 3")),
        ],
        [lesson(("lost > 1000", "lost + score > 1000")), lesson(("lost > 1000", "size(lang) > 1"))],
    ),
    "variable-unset": (
        [
            lesson(
                ("type: amount, into: lost, min: 1, max: 99999", "type: yesno, into: told"),
                ("lost > 1000", "told && feels == 'bad'"),
                ("{lost}", "some"),
                ("          add: {score: 1}", "          set: {feels: \"'bad'\"}"),
            ),
            lesson(
                ("start: first", "start: second"),
                (
                    "feedback: This one is true.\n          goto: amount",
                    "feedback: This one is true.\n          goto: much",
                ),
                ("type: amount, into: lost, min: 1, max: 99999", "type: phone, into: lost"),
                ("lost > 1000", "lost == ''"),
            ),
        ],
        [
            lesson(
                ("type: amount, into: lost, min: 1, max: 99999", "type: phone, into: lost"),
                ("lost > 1000", "lost == ''"),
            ),
            lesson(("lost > 1000", "score > 1")),
            lesson(
                ("          add: {score: 1}", "          set: {feels: \"'bad'\"}"),
                (
                    "          feedback: It is a scam.",
                    "          set: {feels: \"'good'\"}\n          feedback: It is a scam.",
                ),
                ("lost > 1000", "feels == 'bad'"),
            ),
        ],
    ),
    "variable-zero": (
        [
            lesson(
                (
                    "feedback: This one is true.\n          goto: amount",
                    "feedback: This one is true.\n          goto: much",
                )
            )
        ],
        [
            done("You have {score} points."),
            Example(
                change=(
                    ("start: first", "start: sort"),
                    ("{lost}", "it"),
                    (
                        "    end: true",
                        "    end: true\n    do: [{report: {type: T01, keep: [lost]}}]",
                    ),
                ),
                sw={"much/say": "Pigia mtandao wako."},
            ),
        ],
    ),
    # --- what fits --------------------------------------------------------------------------------
    "pages": (
        [
            done("Take your time. " * 12),
            Example(sw={"done/say": f"Jibu SOMO. PIN {WIDE}"}),
            lesson(("How much did you lose?", "How much did you lose? " * 7)),
            lesson(
                ("min: 1, max: 99999", "min: 1"),
                ("type: amount", "type: text"),
                ("lost > 1000", "lost == ''"),
            ),
        ],
        [done("Take your time. " * 9), Example(sw={"done/say": f"Jibu SOMO. PIN {'Ɓ' * 50}"})],
    ),
    "pages-too-many": ([done(LONG)], [done("Take your time. " * 20)]),
    "option-too-long": (
        [lesson(("- say: A scam", "- say: " + "It looks like a scam to me. " * 6))],
        [lesson(("- say: A scam", "- say: " + "It looks like a scam to me. " * 3))],
    ),
    "sms-long": (
        [
            done("Take your time. " * 40),
            lesson(
                (
                    "    end: true",
                    "    end: true\n    do:\n      - send-sms: " + "Take your time. " * 40,
                )
            ),
        ],
        [done("Take your time. " * 20)],
    ),
    "sms-too-long": (
        [
            done("Take your time. " * 80),
            lesson(
                (
                    "    end: true",
                    "    end: true\n    do:\n      - send-sms: " + "Take your time. " * 80,
                )
            ),
        ],
        [done("Take your time. " * 40)],
    ),
    # --- what a text may say ----------------------------------------------------------------------
    "link": (
        [
            done("See https://example.org"),
            Example(sw={"done/say": "Jibu SOMO. PIN. Angalia kra.go.ke"}),
        ],
        [practice("Practice: You won. Open www.prize.com"), done("Use digits, e.g. 500")],
    ),
    "secret-request": (
        [
            done("Now send your PIN."),
            Example(sw={"done/say": "Jibu SOMO. Tuma PIN yako."}),
            lesson(
                ("into: lost,", "into: pin,"), ("lost > 1000", "pin > 1000"), ("{lost}", "{pin}")
            ),
        ],
        [practice("Practice: Send your PIN to get KSh 5,000."), done("Never send your PIN.")],
    ),
    "mmi-code": (
        [done("Dial *35*0000*16# now."), done("Dial **21*0700000000#")],
        [done("Do not dial star 35 star 0000.")],
    ),
    "unknown-number": (
        [done("Dial *144# now."), done("Call 0722 000 000."), done("Forward it to 444.")],
        [done("Forward it to 333."), done("You paid KSh 3,000.")],
    ),
    "shouting": (
        [done("Well done! Bravo!"), done("ACT NOW OR LOSE.")],
        [
            done("Well done!"),
            done("Reply LESSON. Your PIN is yours."),
            practice("PRACTICE: YOU HAVE WON! PAY NOW!"),
        ],
    ),
    "long-sentence": (
        [done("one two three four five " * 5 + ".")],
        [done("One two three four. " * 5)],
    ),
    "practice-unlabelled": (
        [
            practice("You won KSh 5,000. Pay a fee of 500."),
            Example(sw={"first/say": "Umeshinda KSh 5,000. Lipa 500."}),
        ],
        [practice("PRACTICE. You won KSh 5,000. Pay a fee of 500.")],
    ),
    "practice-code": (
        [practice("Practice: Dial *35*0000*16# to unlock."), practice("Practice: Dial *100#.")],
        [practice("Practice: Dial * 35 * 0000 * 16 # to unlock.")],
    ),
    "practice-link": (
        [practice("Practice: You won. Open www.prize.com")],
        [practice("Practice: You won. Open www dot prize dot com")],
    ),
    "practice-number": (
        [practice("Practice: You won. Call 0722 000 000.")],
        [practice("Practice: You won. Call 07xx xxx 000.")],
    ),
    # --- what must agree across languages ---------------------------------------------------------
    "placeholder-differs": (
        [
            Example(sw={"much/say": "Ulipoteza pesa. Pigia mtandao wako."}),
            Example(sw={"done/say": "Jibu SOMO {lost}. PIN yako."}),
        ],
        [Example(sw={"much/say": "Pigia mtandao wako: ulipoteza {lost}."})],
    ),
    "number-differs": (
        [
            Example(sw={"first/say": "Zoezi: Umeshinda KSh 50,000. Lipa 500."}),
            Example(sw={"first/say": "Zoezi: Umeshinda KSh 5,000. Lipa ada."}),
        ],
        [Example(sw={"first/say": "Zoezi: Umeshinda KSh 5.000. Lipa ada ya 500."})],
    ),
    "number-added": (
        [Example(sw={"done/say": "Jibu SOMO. PIN yako. Siku 2."})],
        [],
    ),
    "word-differs": (
        [
            Example(sw={"done/say": "Jibu SOMO kucheza tena. Usimpe mtu namba ya siri."}),
            Example(sw={"done/say": "Jibu kucheza tena. Usimpe mtu PIN yako."}),
        ],
        [Example(sw={"done/say": "Jibu LESSON kucheza tena. Usimpe mtu PIN yako."})],
    ),
    "translation-stale": ([done("Reply LESSON to play once more. Never share your PIN.")], []),
    # --- quizzes and keywords ---------------------------------------------------------------------
    "quiz-one-sided": (
        [lesson(("item: genuine", "item: scam")), lesson(GENUINE_TOO)],
        [],
    ),
    "keyword-shape": (
        [
            keywords("[LESSON, SO-MO]"),
            keywords("[ABCDEFGHIJKLMNOPQ, SOMO]"),
            keywords('["123", SOMO, LESSON]'),
        ],
        [keywords("[LESSON, SOMO, PIN2]")],
    ),
    "keyword-collision": (
        [
            keywords("[LESSON, lesson, SOMO]"),
            Example("flows/menu.yaml", (("start: front", "keywords: [somo]\nstart: front"),)),
        ],
        [Example("flows/menu.yaml", (("start: front", "keywords: [menyu]\nstart: front"),))],
    ),
    "keyword-service": (
        [
            keywords("[LESSON, SOMO, JOIN]"),
            keywords("[LESSON, SOMO, simama]"),
            keywords("[LESSON, SOMO, KISWAHILI]"),
        ],
        [keywords("[LESSON, SOMO, SIMAMIA]")],
    ),
    "keyword-gateway": (
        [
            keywords(f"[LESSON, SOMO, {word}]")
            for word in (
                "STOP",
                "end",
                "Quit",
                "CANCEL",
                "YES",
                "HELP",
                "INFO",
                "START",
                "UNSTOP",
                "STOPALL",
                "UNSUBSCRIBE",
                "REVOKE",
                "OPTOUT",
            )
        ],
        [keywords("[LESSON, SOMO, ENDS]")],
    ),
    # --- the files around the flows ---------------------------------------------------------------
    "contacts-file": (
        [
            Example("flows/contacts.yaml", new="KE: 333\n"),
            Example("flows/contacts.yaml", new="- [333\n"),
            Example("flows/contacts.yaml", (("  source: the operator's fraud page\n", ""),)),
            Example("flows/contacts.yaml", (("2026-02-01", "soon"),)),
            Example("flows/contacts.yaml", (('"333"', '"*21*0700#"'),)),
        ],
        [
            Example(
                "flows/contacts.yaml",
                new="contacts:\n"
                + CONTACTS.replace("\n", "\n  ").replace("- ", "  - ", 1).rstrip()
                + "\n",
            )
        ],
    ),
    "contact-stale": (
        [Example("flows/contacts.yaml", (("2026-02-01", "2025-11-01"),))],
        [Example("flows/contacts.yaml", (("2026-02-01", "2025-12-05"),))],
    ),
    "dialogue": (
        [
            Example("flows/tests/lesson.yaml", (("dial", "dail"),)),
            Example("flows/tests/lesson.yaml", (("  - expect: a\n", ""),)),
            Example("flows/tests/lesson.yaml", (("channel: ussd", "channel: fax"),)),
        ],
        [],
    ),
    "dialogue-missing": ([Example("flows/tests/lesson.yaml", without=True)], []),
}
OF_COURSES = {"course", "course-crowded", "course-language", "course-unknown"}
ELSEWHERE = {
    "call-depth",
    "channels",
    "flow",
    "lesson-opening",
    "remind-opening",
    "triage",
} | OF_COURSES
"""Rules whose examples need more than one edit: they have tests of their own."""


@pytest.mark.parametrize(
    ("code", "example"), [(code, each) for code, (broken, _) in TABLE.items() for each in broken]
)
def test_a_breach_is_told_with_its_code_and_a_line(
    code: str, example: Example, tmp_path: Path
) -> None:
    found = [fault for fault in checked(tmp_path, files_of(example)) if fault.code == code]
    assert found
    assert all(fault.line >= 1 and Path(fault.path).is_relative_to(tmp_path) for fault in found)
    assert {fault.severity for fault in found} <= {RULES[code].severity}


@pytest.mark.parametrize(
    ("code", "example"), [(code, each) for code, (_, kept) in TABLE.items() for each in kept]
)
def test_what_keeps_a_rule_is_not_told(code: str, example: Example, tmp_path: Path) -> None:
    assert [fault for fault in checked(tmp_path, files_of(example)) if fault.code == code] == []


def test_sound_content_has_no_fault(tmp_path: Path) -> None:
    assert checked(tmp_path, sound_files()) == []


def test_every_rule_has_an_example_that_breaks_it() -> None:
    with_examples = {code for code, (broken, _) in TABLE.items() if broken}
    assert set(RULES) - ELSEWHERE == with_examples - ELSEWHERE


def test_every_code_that_the_content_modules_give_is_a_rule() -> None:
    folder = Path(smsbot.content.__file__).parent
    given = set()
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        given |= set(re.findall(r"Severity\.(?:ERROR|WARNING),\s+\"([a-z-]+)\"", text))
        given |= set(re.findall(r"\bfound\(\s*\"([a-z-]+)\"", text))
    assert given <= set(RULES)


def test_calls_deeper_than_the_engine_allows_are_told(tmp_path: Path) -> None:
    files = sound_files()
    for depth in range(9):
        name, target = f"deep{depth}", f"deep{depth + 1}" if depth < 8 else "lesson"
        files[f"flows/{name}.yaml"] = MENU.replace("id: menu", f"id: {name}").replace(
            "call: lesson", f"call: {target}"
        )
    found = {fault.path for fault in checked(tmp_path, files) if fault.code == "call-depth"}
    assert {Path(path).stem for path in found} == {"deep0"}


def test_a_broken_flow_hides_no_fault_of_another(tmp_path: Path) -> None:
    files = sound_files()
    files["flows/menu.yaml"] = MENU.replace("goto: bye", "goto: buy")
    files["flows/lesson.yaml"] = LESSON.replace("{lost}", "{lots}").replace(
        "Reply LESSON to play again.", LONG
    )
    codes = {fault.code for fault in checked(tmp_path, files) if fault.severity is Severity.ERROR}
    assert codes >= {"goto-unknown", "name-unknown", "pages-too-many"}


def test_faults_come_sorted_by_file_and_line(tmp_path: Path) -> None:
    files = sound_files()
    files["flows/lesson.yaml"] = LESSON.replace("lost > 1000", "losst > 1").replace(
        "Right.", "Go!!"
    )
    found = checked(tmp_path, files)
    assert found == sorted(found)
    assert len(found) == len(set(found)) > 2


def test_a_called_flow_gives_back_what_it_sets_on_every_path(tmp_path: Path) -> None:
    asks = "id: asker\ntitle: Ask\nlanguage: en\nstart: one\nstates:\n  one:\n    say: Who?\n"
    asks += "    menu:\n      - {say: Me, goto: two}\n      - {say: You, goto: %s}\n"
    asks += "  two:\n    say: Which phone?\n    ask: {type: phone, into: phone}\n    goto: end\n"
    asks += "  end:\n    say: Thanks.\n    end: true\n"
    menu = MENU.replace("call: lesson", "call: asker").replace("say: Goodbye.", "say: Bye {phone}.")
    menu = menu.replace("- say: Leave\n", "- say: Leave\n        set: {phone: \"'none'\"}\n")
    for target, expected in (("two", set()), ("end", {"variable-unset"})):
        files = sound_files() | {"flows/asker.yaml": asks % target, "flows/menu.yaml": menu}
        codes = {fault.code for fault in checked(tmp_path, files)}
        assert codes & {"variable-unset", "name-unknown"} == expected


_LETTERS = "{}[]\"':#!*,0~\u0000\U0001f600\t-&|>"
_WORDS = ("null", "true", "[]", "{}", "goto:", "lesson", "end:", "-1", "9" * 25, "''", "call:")


@pytest.mark.parametrize("seed", range(40))
def test_whatever_an_author_saves_is_told_and_never_raises(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    files = sound_files()
    name = random.choice(sorted(files))
    lines = files[name].split("\n")
    for _ in range(random.randint(1, 4)):
        index = random.randrange(len(lines))
        match random.randrange(4):
            case 0:
                lines.insert(index, random.choice(lines))
            case 1:
                lines[index], lines[0] = lines[0], lines[index]
            case 2:
                place = random.randrange(len(lines[index]) + 1)
                letter = random.choice(_LETTERS)
                lines[index] = lines[index][:place] + letter + lines[index][place:]
            case _:
                words = lines[index].split(" ")
                words[random.randrange(len(words))] = random.choice(_WORDS)
                lines[index] = " ".join(words)
    files[name] = "\n".join(lines)
    assert all(fault.code in RULES for fault in checked(tmp_path, files))

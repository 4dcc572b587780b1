"""Course files: what they become, in which languages, and every fault with its line."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.content.checks.run import check_content
from smsbot.content.faults import has_errors
from smsbot.content.loader import load_content
from smsbot.content.messages import approve, status, update
from smsbot.timetable import Lesson, Published, Since, published_from

if TYPE_CHECKING:
    from smsbot.content.faults import Fault
    from smsbot.engine.model import Content, Course

ROOT = Path(__file__).parents[3]
MENU = "id: menu\ntitle: M\nlanguage: en\nstart: a\nstates:\n  a: {say: Hi, end: true}\n"
FLOW = """\
id: {0}
title: {0}
language: en
start: q
states:
  q: {{say: "Item {0}?", menu: [{{say: A, goto: e}}]}}
  e: {{say: Bye, end: true}}
"""
COURSE = """\
id: c
title: The course
language: en
keywords: [KOZI]
at: "09:00"
lessons:
  - {id: hello, say: Welcome., after: {days: 0}}
  - {flow: one, after: {days: 3}, at: "16:30", expires: 12h}
  - {flow: two, after: {days: 2, from: answer}, reminder: {after_days: 4, say: Still there?}}
boosters: [three]
stop_when: [moved]
completed: done
"""


class Tree:
    """A folder of flows with one course."""

    def __init__(self, root: Path) -> None:
        self.flows, self.messages = root / "flows", root / "messages"
        (self.flows / "courses").mkdir(parents=True)
        (self.flows / "menu.yaml").write_text(MENU)
        for name in ("one", "two", "three", "four"):
            (self.flows / f"{name}.yaml").write_text(FLOW.format(name))

    def course(self, text: str) -> Tree:
        (self.flows / "courses" / "c.yaml").write_text(text)
        return self

    def faults(self) -> list[Fault]:
        every = check_content(self.flows, self.messages)
        return [fault for fault in every if fault.code not in ("dialogue-missing", "home")]

    def codes(self) -> set[str]:
        return {fault.code for fault in self.faults()} - {"course-crowded"}

    def content(self, *, production: bool = False) -> Content:
        found = load_content(self.flows, self.messages, production=production).content
        assert found is not None
        return found

    def taught(self, **more: bool) -> Course:
        return self.content(**more).courses["c"]

    def translate(self, *names: str, text: str = "Ndiyo") -> None:
        """Give every text of these catalogues Swahili words."""
        update(self.flows, self.messages, ("sw",))
        for name in names:
            path = self.messages / "sw" / f"{name}.po"
            words = path.read_text()
            path.write_text(
                re.sub(r'(?<=msgid )("[^"]+")\nmsgstr ""', rf'\1\nmsgstr "{text}"', words)
            )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path).course(COURSE)


def test_a_course_file_becomes_a_timetable_and_its_words(tree: Tree) -> None:
    assert tree.codes() == set()
    course = tree.taught()
    table = course.timetable
    hello, one, two, three = table.lessons
    assert (hello.id, hello.days, hello.at, hello.flow) == ("hello", 0, time(9), "")
    assert hello.what.startswith("say:")
    assert one == Lesson("one", "flow:one", 3, Since.ENROLMENT, time(16, 30), 12 * 3600)
    assert two == Lesson("two", "flow:two", 2, Since.ANSWER, time(9), remind_days=4)
    assert (three.flow, three.days) == ("three", 3)
    assert (table.stop_tags, table.completed_tag, table.purpose) == (("moved",), "done", "lessons")
    assert course.says == {"hello": {"en": "Welcome."}, "two!": {"en": "Still there?"}}
    assert tree.content().course_keywords == {"kozi": "c"}


def test_what_is_published_reads_back_the_same(tree: Tree) -> None:
    course = tree.taught()
    published = Published(course.timetable, ("en", "sw"), "0" * 16, {"hello": {"en": 7}})
    assert published_from(published.as_json()) == published


def test_four_boosters_go_on_day_3_10_30_and_90(tree: Tree) -> None:
    tree.course("id: c\ntitle: C\nlanguage: en\nboosters: [one, two, three, four]\n")
    assert tree.faults() == []
    assert [each.days for each in tree.taught().timetable.lessons] == [3, 10, 30, 90]


def test_it_is_taught_in_languages_in_which_all_of_it_is_whole(tree: Tree, tmp_path: Path) -> None:
    core = ROOT / "messages" / "sw" / "core.po"
    (tree.messages / "sw").mkdir(parents=True)
    (tree.messages / "sw" / "core.po").write_bytes(core.read_bytes())
    tree.translate("course-c", "one", "two")
    assert tree.taught().languages == ("en",)
    codes = {fault.code: fault.words for fault in tree.faults() if "sw" in fault.words}
    assert "'three' lacks it" in codes["course-language"]
    tree.translate("three")
    course = tree.taught()
    assert course.languages == ("en", "sw")
    assert course.drafts == {"sw"}
    assert course.titles["sw"] == course.says["two!"]["sw"] == "Ndiyo"
    assert tree.taught(production=True).languages == ("en",)
    for name in ("course-c", "one", "two", "three", "core"):
        approve(tree.flows, tree.messages, language="sw", flow=name, by="Asha", on="2026-11-22")
    assert tree.taught(production=True).languages == ("en", "sw")
    row = next(each for each in status(tree.flows, tree.messages) if each.flow == "course-c")
    assert (row.texts, row.reviewed, row.spoken) == (3, 3, "production")
    assert update(tree.flows, tree.messages).written == ()


LESSON = "id: c\ntitle: C\nlanguage: en\nlessons:\n  - "
CROWDED = (
    "id: c\ntitle: C\nlanguage: en\nboosters:\n  - {flow: one, after: {days: 1}}\n"
    "  - {flow: two, after: {days: 3}}\n  - {flow: three, after: {days: 5}}\n"
)
FAULTS = [
    ("a: b: c", "yaml", 1),
    ("- a", "schema", 1),
    ("id: c\ntitle: C\nlanguage: en\n", "course", 1),
    ("id: d\ntitle: C\nlanguage: en\nboosters: [one]\n", "id-file-name", 1),
    (LESSON + "{flow: one, day: 3}", "schema", 5),
    (LESSON + "{flow: one}", "course", 5),  # no day
    (LESSON + "{flow: one, say: Hi, after: {days: 3}}", "schema", 5),
    (LESSON + "{say: Hi, after: {days: 3}}", "schema", 5),  # no id
    (LESSON + "{flow: one, after: {days: 366}}", "schema", 5),
    (LESSON + '{flow: one, after: {days: 1}, at: "05:00"}', "schema", 5),
    (LESSON + '{flow: one, after: {days: 1}, at: "19:00"}', "schema", 5),
    (LESSON + '{flow: one, after: {days: 1}, at: "9"}', "schema", 5),
    (LESSON + "{flow: one, after: {days: 1}, expires: 2w}", "schema", 5),
    (LESSON + "{flow: one, after: {days: 1, from: birth}}", "schema", 5),
    (LESSON + "{flow: nine, after: {days: 1}}", "course", 5),
    (LESSON + "{flow: one, after: {days: 9}}\n  - {flow: two, after: {days: 3}}", "course", 6),
    (LESSON + "{flow: one, after: {days: 1}}\n  - {flow: one, id: x, after: {days: 9}}", "course", 6),
    (LESSON + "{flow: one, after: {days: 1}}\n  - {flow: two, id: one, after: {days: 9}}", "course", 6),
    (LESSON + "{id: x, say: 'Hi {name}', after: {days: 1}}", "placeholder", 5),
    (LESSON + "{id: x, say: 'See www.example.com', after: {days: 1}}", "link", 5),
    (LESSON + "{id: x, say: 'Text us your PIN.', after: {days: 1}}", "secret-request", 5),
    (LESSON + "{id: x, say: '" + "word " * 250 + "', after: {days: 1}}", "sms-too-long", 5),
    ("id: c\ntitle: C\nlanguage: en\nkeywords: [STOP]\nboosters: [one]\n", "keyword-gateway", 4),
    (LESSON + "{flow: person, after: {days: 1}}", "lesson-opening", 5),
    (LESSON + "{flow: acts, after: {days: 1}}", "lesson-opening", 5),
    (CROWDED, "course-crowded", 5),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line"), FAULTS)
def test_every_fault_has_its_place(tree: Tree, text: str, code: str, line: int) -> None:
    opens = "start: q\nstates:\n  q: {when: [{if: \"'x' in tags\", goto: a}, {goto: a}]}\n"
    opens += "  a: {say: Hm?, menu: [{say: A, goto: e}]}\n  e: {say: E, end: true}\n"
    (tree.flows / "person.yaml").write_text(f"id: person\ntitle: P\nlanguage: en\n{opens}")
    acts = FLOW.format("acts").replace("q: {say", "q: {do: [{tag: x}], say")
    (tree.flows / "acts.yaml").write_text(acts)
    tree.course(text)
    found = {(fault.code, fault.line) for fault in tree.faults() if "courses" in fault.path}
    assert (code, line) in found


def test_flows_that_enrol_nowhere_or_cannot_be_reminded_of_are_told(tree: Tree) -> None:
    acts = FLOW.format("one").replace("say: A, ", "say: A, do: [{enrol: d}, {remind: 2d}], ")
    (tree.flows / "one.yaml").write_text(acts)
    assert tree.codes() == {"course-unknown"}
    branch = "start: b\nstates:\n  b: {when: [{if: \"'x' in tags\", goto: q}, {goto: q}]}\n"
    (tree.flows / "one.yaml").write_text(acts.replace("start: q\nstates:\n", branch))
    assert {"remind-opening", "lesson-opening"} <= tree.codes()


def test_a_keyword_of_a_course_and_of_a_flow_collide(tree: Tree) -> None:
    text = FLOW.format("one").replace("start: q", "keywords: [kozi]\nstart: q")
    (tree.flows / "one.yaml").write_text(text)
    assert "keyword-collision" in {fault.code for fault in tree.faults()}


def test_a_broken_flow_is_not_told_as_a_missing_one(tree: Tree) -> None:
    (tree.flows / "one.yaml").write_text(FLOW.format("one").replace("goto: e", "goto: x"))
    assert "course" not in {fault.code for fault in tree.faults()}


def test_the_example_of_the_guide_is_sound(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "courses.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml course\n(.*?)```", text, flags=re.DOTALL)
    flows = tmp_path / "flows"
    (flows / "courses").mkdir(parents=True)
    for path in (ROOT / "flows").glob("*.yaml"):
        (flows / path.name).write_bytes(path.read_bytes())
    (flows / "courses" / "first-month.yaml").write_text(example, encoding="utf-8")
    faults = check_content(flows, tmp_path / "messages")
    assert not has_errors(faults)
    assert [fault for fault in faults if "courses" in fault.path] == []
    content = load_content(flows, tmp_path / "messages", production=False).content
    assert content is not None
    days = [(each.id, each.days) for each in content.courses["first-month"].timetable.lessons]
    assert days == [
        ("welcome", 1),
        ("pin-is-yours", 8),
        ("wrong-send", 7),
        ("codes-you-should-not-dial", 30),
    ]


def test_the_shipped_boosters_are_taught_in_every_shipped_language() -> None:
    content = load_content(ROOT / "flows", ROOT / "messages", production=False).content
    assert content is not None
    course = content.courses["boosters"]
    assert set(course.languages) == {"en", "sw", "fr"}
    assert [each.days for each in course.timetable.lessons] == [3, 10, 30, 90]
    items = [
        state.item
        for lesson in course.timetable.lessons
        for state in content.flows[lesson.flow].states.values()
        if state.item
    ]
    assert items.count("genuine") == items.count("scam") == 4

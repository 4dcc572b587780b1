"""Files become content: which languages a flow speaks, what every text is, and every fault at once."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.content.catalogue import CORE, Wanted, approved, merged
from smsbot.content.compiling import wanted_of
from smsbot.content.corewords import CORE_WANTED, WORD
from smsbot.content.loader import Loader, load_content
from smsbot.content.po import Entry, PoFile, write_po
from smsbot.content.source import parse_source
from smsbot.engine.model import EffectKind, StateKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.content.loader import Loaded
    from smsbot.engine.model import Content

MENU = """\
id: menu
title: Front door
language: en
start: hello
states:
  hello:
    say: Hello {name}
    menu:
      - {say: Learn, goto: lesson, set: {name: '"Asha"'}}
      - {say: Bye, goto: bye, add: {score: 2}}
  lesson: {call: lesson, goto: bye}
  bye: {say: {ussd: Bye, sms: Good bye and thanks}, end: true}
"""
LESSON = """\
id: lesson
title: A lesson
language: en
keywords: [Learn, MAKOSA]
topics: [t]
start: q
states:
  q:
    say: "Practice: is it real?"
    quiz:
      item: scam
      options:
        - {say: "Real", right: false, feedback: Look again}
        - {say: A trick, right: true, feedback: Well done, do: [{tag: sharp}]}
    goto: amount
    tries: 2
    retry: Answer 1 or 2
  amount:
    say: How much?
    ask: {type: amount, into: lost, min: 1, max: 5000, skip: true, retry: Digits only}
    goto: sort
  sort:
    when:
      - {if: "lost >= 1000 && lang == 'sw'", goto: done}
      - {goto: done}
  done:
    say: Done
    set: {seen: true}
    do:
      - {untag: new}
      - {language: sw}
      - {consent: {purpose: lessons, answer: no}}
      - {enrol: boosters}
      - {send-sms: "Lost {lost}"}
      - {report: {type: T01, keep: [lost]}}
      - {remind: 2d}
      - {escalate: now}
    end: true
"""
FLOWS = {"menu": MENU, "lesson": LESSON}


def wanted(flow: str, flows: Mapping[str, str] = FLOWS) -> tuple[Wanted, ...]:
    if flow == CORE:
        return CORE_WANTED
    source, _ = parse_source(flows[flow].encode(), flow)
    assert source is not None
    return wanted_of(source)


def po(language: str, flow: str, *, reviewed: bool, but: Sequence[str] = ()) -> bytes:
    """A whole PO file: each text with the language before it; without the msgctxts in `but`."""
    entries = tuple(
        Entry(
            text.msgctxt,
            text.text,
            text.text if text.msgctxt.startswith(WORD) else f"[{language}] {text.text}",
            fuzzy=not reviewed,
        )
        for text in wanted(flow)
        if text.msgctxt not in but and not text.msgctxt.startswith(WORD)
    )
    file = PoFile("Language: x\n", (), entries)
    return write_po(approved(file, wanted(flow), "Amina", "2026-11-22").file if reviewed else file)


class Tree:
    """Flows and messages in a folder of the test."""

    def __init__(self, root: Path) -> None:
        self.flows = root / "flows"
        self.messages = root / "messages"
        self.flows.mkdir()
        for name, text in FLOWS.items():
            self.flow(name, text)

    def flow(self, name: str, text: str) -> None:
        (self.flows / f"{name}.yaml").write_text(text, "utf-8")

    def po(self, language: str, flow: str, raw: bytes) -> None:
        (self.messages / language).mkdir(parents=True, exist_ok=True)
        (self.messages / language / f"{flow}.po").write_bytes(raw)

    def all(self, language: str, *, reviewed: bool) -> None:
        for flow in (*FLOWS, CORE):
            self.po(language, flow, po(language, flow, reviewed=reviewed))

    def load(self, *, production: bool = False) -> Loaded:
        return load_content(self.flows, self.messages, production=production)

    def content(self, *, production: bool = False) -> Content:
        loaded = self.load(production=production)
        assert loaded.content is not None, [str(fault) for fault in loaded.faults]
        return loaded.content

    def faults(self) -> list[str]:
        return [re.sub(r"^.*/", "", str(fault)) for fault in self.load().faults]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_every_part_of_a_flow_reaches_the_engine(tree: Tree) -> None:
    content = tree.content()
    menu, lesson = content.flows["menu"], content.flows["lesson"]
    hello = menu.states["hello"]
    assert [option.say["en"].ussd.source for option in hello.options] == ["Learn", "Bye"]
    assert [option.goto for option in hello.options] == ["lesson", "bye"]
    assert hello.options[0].assigns[0].value.evaluate({}) == "Asha"
    assert (hello.options[1].assigns[0].adds, hello.options[1].assigns[0].value.evaluate({})) == (
        True, 2,
    )  # fmt: skip
    bye = menu.states["bye"].say
    assert bye is not None
    assert (bye["en"].ussd.source, bye["en"].sms.source) == ("Bye", "Good bye and thanks")
    assert menu.states["lesson"].calls == "lesson"

    quiz = lesson.states["q"]
    assert (quiz.kind, quiz.item, quiz.tries) == (StateKind.QUIZ, "scam", 2)
    assert [(option.right, option.goto) for option in quiz.options] == [
        (False, "amount"), (True, "amount"),
    ]  # fmt: skip
    assert quiz.options[1].feedback is not None
    assert quiz.options[1].feedback["en"].sms.source == "Well done"
    assert quiz.options[1].effects[0].kind is EffectKind.TAG
    assert quiz.retry is not None
    ask = lesson.states["amount"].ask
    assert ask is not None
    assert (ask.low, ask.high, ask.skip, ask.into) == (1, 5000, True, "lost")
    assert ask.retry is not None
    assert ask.retry["en"].ussd.source == "Digits only"
    conditions = [branch.condition for branch in lesson.states["sort"].branches]
    assert conditions[0] is not None
    assert conditions[1] is None
    assert conditions[0].evaluate({"lost": 2000, "lang": "sw"}) is True
    assert lesson.defaults == {"lost": 0, "seen": False, "reference": ""}
    assert (lesson.keywords, lesson.topics, lesson.titles) == (
        ("Learn", "MAKOSA"), ("t",), {"en": "A lesson"},
    )  # fmt: skip
    assert content.keywords == {"learn": "lesson", "makosa": "lesson"}


def test_every_effect_reaches_the_engine_with_its_arguments(tree: Tree) -> None:
    effects = tree.content().flows["lesson"].states["done"].effects
    table = [
        (effect.kind.value, {name: each.render({"lost": 7}) for name, each in effect.args.items()})
        for effect in effects
    ]
    assert table == [
        ("untag", {"value": "new"}),
        ("language", {"value": "sw"}),
        ("consent", {"purpose": "lessons", "answer": "no"}),
        ("enrol", {"value": "boosters"}),
        ("send-sms", {}),
        ("report", {"type": "T01", "lost": "7"}),
        ("remind", {"after": "2d"}),
        ("escalate", {"value": "now"}),
    ]
    texts = effects[4].texts
    assert texts is not None
    assert texts["en"].sms.render({"lost": 7}) == "Lost 7"


@pytest.mark.parametrize("production", [True, False])
def test_a_reviewed_language_is_spoken_everywhere(tree: Tree, *, production: bool) -> None:
    tree.all("sw", reviewed=True)
    content = tree.content(production=production)
    lesson = content.flows["lesson"]
    assert (content.languages, content.drafts) == (("en", "sw"), frozenset())
    assert (lesson.languages, lesson.drafts) == (("en", "sw"), frozenset())
    say = lesson.states["q"].say
    assert say is not None
    assert say["sw"].ussd.source == "[sw] Practice: is it real?"
    assert lesson.titles["sw"] == "[sw] A lesson"
    assert content.core["sw"]["back"].source == "[sw] Back"


def test_a_draft_is_spoken_with_a_mark_in_dev_and_never_in_production(tree: Tree) -> None:
    tree.all("fr", reviewed=False)
    dev, production = tree.content(), tree.content(production=True)
    assert (dev.languages, dev.drafts) == (("en", "fr"), {"fr"})
    assert (dev.flows["menu"].languages, dev.flows["menu"].drafts) == (("en", "fr"), {"fr"})
    assert (production.languages, production.drafts) == (("en",), frozenset())
    assert production.flows["menu"].languages == ("en",)


def test_one_missing_text_keeps_a_language_out_of_its_flow_alone(tree: Tree) -> None:
    tree.all("sw", reviewed=True)
    tree.po("sw", "lesson", po("sw", "lesson", reviewed=True, but=["lesson/q/quiz/2/feedback"]))
    content = tree.content()
    assert content.flows["lesson"].languages == ("en",)
    assert content.flows["menu"].languages == ("en", "sw")


def test_one_changed_source_keeps_a_language_out_in_production(tree: Tree) -> None:
    tree.all("sw", reviewed=True)
    tree.flow("menu", MENU.replace("Hello {name}", "Good day {name}"))
    assert tree.content().flows["menu"].drafts == {"sw"}
    assert tree.content(production=True).flows["menu"].languages == ("en",)


def test_no_flow_speaks_a_language_whose_core_words_are_not_whole(tree: Tree) -> None:
    tree.all("sw", reviewed=True)
    tree.po("sw", CORE, po("sw", CORE, reviewed=True, but=["back"]))
    content = tree.content()
    assert content.languages == ("en",)
    assert content.flows["menu"].languages == ("en",)


def test_a_flow_may_be_written_in_another_language_than_english(tree: Tree) -> None:
    tree.flow("lesson", LESSON.replace("language: en", "language: sw"))
    assert any("core-language" in fault.code for fault in tree.load().faults)
    tree.all("sw", reviewed=True)
    tree.po("en", "lesson", po("en", "lesson", reviewed=True))
    content = tree.content(production=True)
    assert content.flows["lesson"].languages == ("sw", "en")
    say = content.flows["lesson"].states["q"].say
    assert say is not None
    assert (say["sw"].sms.source, say["en"].sms.source) == (
        "Practice: is it real?", "[en] Practice: is it real?",
    )  # fmt: skip


def words_po(language: str, **words: str) -> bytes:
    entries = tuple(Entry(f"word/{key}", "x", text, fuzzy=True) for key, text in words.items())
    return write_po(PoFile(f"Language: {language}\n", (), entries))


def test_words_people_send_count_before_anybody_reviewed_them(tree: Tree) -> None:
    tree.po("sw", CORE, words_po("sw", STOP="SIMAMA, Acha, KOMESHA", LANGUAGE="Kiswahili"))
    words = tree.content(production=True).service_words
    assert words["STOP"]["simama"] == words["STOP"]["acha"] == "sw"
    assert words["STOP"]["stop"] == words["STOP"]["opt out"] == "en"
    assert words["LANGUAGE"] == {"english": "en"}  # it can't be spoken yet


def test_names_of_spoken_languages_are_known(tree: Tree) -> None:
    tree.all("am", reviewed=True)
    whole = merged("am", CORE, None, CORE_WANTED).entries
    texts = {"language-name": "አማርኛ", "word/LANGUAGE": "አማርኛ, AMHARIC", "word/YES": "አዎ"}
    entries = tuple(
        Entry(entry.context, entry.msgid, texts.get(entry.context, "x")) for entry in whole
        if not entry.context.startswith(WORD) or entry.context in texts
    )  # fmt: skip
    tree.po("am", CORE, write_po(PoFile("", (), entries)))
    content = tree.content()
    assert content.language_names == {"en": "English", "am": "አማርኛ"}
    assert content.service_words["LANGUAGE"] == {"english": "en", "አማርኛ": "am", "amharic": "am"}
    assert {"አዎ", "yes", "ok"} <= content.yes_words["am"]
    assert content.no_words["am"] == content.no_words["en"]


def test_english_words_can_be_replaced_by_the_deployment(tree: Tree) -> None:
    own = PoFile(
        "", (), (Entry("service", "Safe Line", "Jua Salama"), Entry("word/HELP", "x", "HI"))
    )
    tree.po("en", CORE, write_po(own))
    content = tree.content(production=True)
    assert content.core["en"]["service"].source == "Jua Salama"
    assert content.core["en"]["back"].source == "Back"
    assert {"help", "hi"} <= content.service_words["HELP"].keys()


@pytest.mark.parametrize(
    ("flow", "before", "after", "fault"),
    [
        ("menu", "goto: bye, add", "goto: bey, add", "menu.yaml:10: error: there is no state 'bey'"),
        ("menu", "start: hello", "start: helo", "menu.yaml:4: error: there is no state 'helo'"),
        ("menu", "call: lesson", "call: lessen", "menu.yaml:11: error: there is no flow 'lessen'"),
        ("menu", "id: menu", "id: home", "menu.yaml:1: error: `id` is 'home', but the file is"),
        ("menu", "{name}", "{name", "menu.yaml:7: error: a lone { at letter 7"),
        ("menu", "set: {name:", "set: {lang:", "menu.yaml:9: error: 'lang' is a name of the serv"),
        ("lesson", "lost >= 1000 &&", "lost >= &&", "lesson.yaml:24: error: no CEL expression:"),
        ("lesson", "- {goto: done}", "- {if: 1 == 1, goto: done}", "lesson.yaml:25: error: the la"),
        ("lesson", "if: \"lost >= 1000 && lang == 'sw'\", ", "", "lesson.yaml:24: error: a line of"),
        ("lesson", "into: lost", "into: tags", "lesson.yaml:20: error: 'tags' is a name of"),
        ("lesson", "Lost {lost}", "Lost }", "lesson.yaml:34: error: a lone }"),
        ("lesson", "tag: sharp", "tag: 'sh{arp'", "lesson.yaml:14: error: a lone {"),
    ],
)  # fmt: skip
def test_a_structural_fault_is_named_with_its_line_and_nothing_is_served(
    tree: Tree, flow: str, before: str, after: str, fault: str
) -> None:
    assert before in FLOWS[flow]
    tree.flow(flow, FLOWS[flow].replace(before, after))
    assert any(line.startswith(fault) for line in tree.faults()), tree.faults()
    assert tree.load().content is None


def test_faults_of_all_files_are_listed_at_once(tree: Tree) -> None:
    tree.flow("menu", MENU.replace("goto: bye, add", "goto: bey, add"))
    tree.flow("lesson", LESSON.replace("title:", "titel:"))
    tree.po("sw", "menu", b'msgid "a\n')
    tree.po("sw", "nothing", b"")
    tree.po("Swahili", "menu", b"")
    (tree.flows / "old.yml").write_text("id: old\n")
    faults = tree.faults()
    for start in (
        "menu.yaml:10: error: there is no state",
        "lesson.yaml:2: error: `titel` has no meaning",
        "menu.po:1: error: a text must stand in double quotes",
        "nothing.po:1: warning: there is no flow 'nothing'",
        "menu.po:1: warning: the folder 'Swahili' is no language code",
        "old.yml:1: error: a flow's file ends in .yaml",
    ):
        assert any(line.startswith(start) for line in faults), (start, faults)


def test_faults_of_translations_stand_at_their_line_in_the_po_file(tree: Tree) -> None:
    tree.po("sw", "menu", b'msgctxt "menu/hello/say"\nmsgid "Hello {name}"\nmsgstr "Habari {na"\n')
    tree.po("fr", CORE, b'msgctxt "back"\nmsgid "Back"\nmsgstr "Retour }"\n')
    faults = tree.faults()
    assert any(line.startswith("menu.po:3: error: a lone {") for line in faults), faults
    assert any(line.startswith("core.po:3: error: a lone }") for line in faults), faults


def test_a_word_cannot_mean_two_things(tree: Tree) -> None:
    tree.po("sw", CORE, words_po("sw", HELP="Stop"))
    assert tree.faults() == ["core.po:8: error: 'stop' means STOP already: it can't mean HELP too"]


def test_other_files_beside_the_flows_are_no_flows(tree: Tree) -> None:
    version = tree.load().version
    for name in ("tests/menu.yaml", "triage/r.yaml", "contacts.yaml", ".#m.yaml"):
        path = tree.flows / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("nothing: [")
    assert tree.load().version == version
    assert tree.faults() == []


def test_a_missing_front_door_is_a_warning(tree: Tree) -> None:
    (tree.flows / "menu.yaml").unlink()
    assert tree.faults() == ["menu.yaml:1: warning: there is no front door: menu.yaml"]


def test_empty_folders_are_no_exception(tmp_path: Path) -> None:
    loaded = load_content(tmp_path / "none", tmp_path / "nothing", production=True)
    assert loaded.content is not None
    assert loaded.content.flows == {}


def test_the_version_changes_with_any_byte_of_any_file_and_with_nothing_else(tree: Tree) -> None:
    first = tree.load().version
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    os.utime(tree.flows / "menu.yaml", (1, 1))
    assert tree.load().version == first
    tree.flow("menu", MENU + "\n")
    second = tree.load().version
    tree.po("sw", "menu", b"")
    assert len({first, second, tree.load().version}) == 3


def test_what_did_not_change_is_not_compiled_again(tree: Tree) -> None:
    tree.all("sw", reviewed=True)
    loader = Loader(tree.flows, tree.messages, production=False)
    before = loader.load(dict(tree.load().files)).content
    tree.flow("menu", MENU.replace("Hello", "Good day"))
    after = loader.load(dict(tree.load().files)).content
    assert before is not None
    assert after is not None
    assert after.flows["lesson"] is before.flows["lesson"]
    assert after.flows["menu"] is not before.flows["menu"]
    assert after.flows["menu"].drafts == {"sw"}


def test_every_flow_in_the_guide_compiles(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "flows.md").read_text("utf-8")
    flows = tmp_path / "flows"
    flows.mkdir()
    for block in re.findall(r"```yaml\n(id: .*?)```", guide, re.DOTALL):
        (flows / f"{block.split()[1]}.yaml").write_text(block, "utf-8")
    loaded = load_content(flows, tmp_path / "messages", production=True)
    assert [fault.code for fault in loaded.faults] == ["home"]
    assert loaded.content is not None
    assert len(loaded.content.flows) == 8

"""Every rule of `smsbot check`, by its stable code. docs/checks.md has one section for each."""

from __future__ import annotations

from dataclasses import dataclass

from smsbot.content.faults import Fault, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: how bad a breach is, and how to mend it where no better hint is known."""

    code: str
    severity: Severity
    remedy: str


_LOADED = (
    # told by the loader, which gives hints of its own
    Rule("yaml", _ERROR, "docs/flows.md shows what may stand in a flow file"),
    Rule("schema", _ERROR, "docs/flows.md shows what may stand in a flow file"),
    Rule(
        "state-kind", _ERROR, "give each state one kind: menu, ask, quiz, when, call, goto or end"
    ),
    Rule("goto-missing", _ERROR, "add a goto"),
    Rule("goto-idle", _ERROR, "delete the goto"),
    Rule("goto-unknown", _ERROR, "name a state of this flow"),
    Rule("call-unknown", _ERROR, "name a flow file in the flows folder"),
    Rule("say-missing", _ERROR, "add say"),
    Rule("retry-idle", _ERROR, "delete it"),
    Rule("retry-twice", _ERROR, "keep one"),
    Rule("name-reserved", _ERROR, "choose another name"),
    Rule("when-last", _ERROR, "let only the last line of a when have no if"),
    Rule("placeholder", _ERROR, "write {name}, or {{ and }} for the braces themselves"),
    Rule("expression", _ERROR, "docs/flows.md shows what may stand in an expression"),
    Rule("flow", _ERROR, "docs/flows.md shows what may stand in a flow file"),
    Rule("course", _ERROR, "docs/courses.md shows what may stand in a course file"),
    Rule("file-name", _ERROR, "rename the file to end in .yaml"),
    Rule("id-file-name", _ERROR, "give the file the name of its id"),
    Rule("home", _WARNING, "write flows/menu.yaml, the front door"),
    Rule("language-code", _WARNING, "name the folder as in sw, fr or pt-MZ"),
    Rule("core-language", _WARNING, "complete messages/<language>/core.po"),
    Rule("po", _ERROR, "open the file in a PO editor and save it again"),
    Rule("po-unused", _WARNING, "delete the file, or add its flow"),
    Rule("word-twice", _ERROR, "let the spelling stand for one word only"),
)
_CHECKED = (
    # where a conversation can go
    Rule("state-unreachable", _ERROR, "add a goto that leads here, or delete the state"),
    Rule("no-end", _ERROR, "add a goto towards a state with `end: true`"),
    Rule("endless-loop", _ERROR, "put a menu, an ask or a quiz into the circle"),
    Rule("call-recursion", _WARNING, "go to the menu by 00 instead of calling back"),
    Rule("call-depth", _ERROR, "end the flow and offer the next one in a menu"),
    # what fits
    Rule("pages", _WARNING, "shorten it, or give USSD its own words: {ussd: .., sms: ..}"),
    Rule("pages-too-many", _ERROR, "split it over several states, or give USSD its own words"),
    Rule("option-too-long", _ERROR, "shorten the option"),
    Rule("sms-long", _WARNING, "shorten it, or give SMS its own words: {ussd: .., sms: ..}"),
    Rule("sms-too-long", _ERROR, "shorten it, or split it over several states"),
    # variables
    Rule("name-unknown", _ERROR, "use a variable of this flow, or set it first"),
    Rule("cel-type", _ERROR, "compare and add things of the same type"),
    Rule("variable-unset", _ERROR, "set it before, on every path"),
    Rule("variable-zero", _WARNING, "ask for it, or set it, on every path before"),
    # what a text may say
    Rule("link", _ERROR, "say in words where to look; our texts never hold links"),
    Rule("secret-request", _ERROR, "never ask for a secret; say who must never ask for it"),
    Rule("mmi-code", _ERROR, "describe what the code does instead of writing it"),
    Rule(
        "unknown-number", _ERROR, "use a number of flows/contacts.yaml, or add it with its source"
    ),
    Rule("shouting", _ERROR, "at most one exclamation mark, and small letters"),
    Rule("long-sentence", _WARNING, "make two short sentences of it"),
    Rule("practice-unlabelled", _ERROR, "begin with Practice: (Zoezi: Exercice:)"),
    Rule("practice-code", _ERROR, "put spaces between the signs: * 35 * 0000 #"),
    Rule("practice-link", _WARNING, "break it, so that no phone opens it: hxxp, or dot in words"),
    Rule("practice-number", _WARNING, "hide some digits: 07xx xxx 123"),
    # what must agree across languages
    Rule("placeholder-differs", _ERROR, "use the same placeholders as the source text"),
    Rule("number-differs", _ERROR, "write the same numbers, in digits, as the source text"),
    Rule("number-added", _WARNING, "write the same numbers, in digits, as the source text"),
    Rule("word-differs", _ERROR, "keep the word as it stands in the source text"),
    Rule("translation-stale", _WARNING, "run `smsbot messages update` and look at it again"),
    # quizzes and keywords
    Rule("quiz-one-sided", _ERROR, "add quizzes with genuine messages"),
    Rule("keyword-shape", _ERROR, "one word of letters and digits, at most 16"),
    Rule("keyword-collision", _ERROR, "choose another keyword for one of them"),
    Rule("keyword-service", _ERROR, "choose another keyword"),
    Rule("keyword-gateway", _ERROR, "choose another keyword"),
    # courses
    Rule("lesson-opening", _ERROR, "move the branch or the effect behind the first question"),
    Rule("remind-opening", _ERROR, "move the branch or the effect behind the first question"),
    Rule("course-crowded", _WARNING, "spread the lessons: two texts a week are the most"),
    Rule("course-language", _WARNING, "complete the translation of the flow"),
    Rule("course-unknown", _WARNING, "write flows/courses/<course>.yaml: docs/courses.md"),
    # the files around the flows
    Rule("dialogue", _ERROR, "docs/dialogue-tests.md shows the form of the file"),
    Rule("dialogue-missing", _WARNING, "write flows/tests/<flow>.yaml: docs/dialogue-tests.md"),
    Rule("channels", _ERROR, "docs/channels.md shows the form of the file"),
    Rule("contacts-file", _ERROR, "country, type, value, source, verified_on (2025-12-31)"),
    Rule("triage", _ERROR, "docs/triage.md shows what may stand in a file of rules"),
    Rule("contact-stale", _WARNING, "look at the source again and set verified_on"),
)
RULES = {rule.code: rule for rule in (*_LOADED, *_CHECKED)}


def found(code: str, path: str, line: int, words: str, hint: str = "") -> Fault:
    """Make the fault of a rule; without a hint of its own it takes the rule's remedy."""
    rule = RULES[code]
    return Fault(path, line, rule.severity, code, words, hint or rule.remedy)

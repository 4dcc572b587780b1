"""One flow's source and its translations become an `engine.model.Flow`, or faults with their lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from smsbot.content.catalogue import Review, Wanted
from smsbot.content.faults import Fault, Severity, has_errors
from smsbot.content.source import Role, effect_context, parts
from smsbot.content.structure import options_of, structure_faults
from smsbot.engine.compile import build_flow
from smsbot.engine.expressions import compile_expression
from smsbot.engine.model import (
    Ask,
    AskType,
    Assign,
    Branch,
    EffectKind,
    EffectSpec,
    Option,
    State,
    StateKind,
    Words,
)
from smsbot.engine.render import compile_template
from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smsbot.content.catalogue import Catalogue
    from smsbot.content.schema import Acts, AskDoc, EffectDoc, OptionDoc, Said, StateDoc
    from smsbot.content.source import FlowSource, SourceText
    from smsbot.content.yamlfile import Path_
    from smsbot.engine.model import Expression, Flow, Template, Texts

_EMPTY = compile_template("")
_NOTES = {
    Role.TITLE: "The name of the lesson. Short.",
    Role.SAY: "What the phone shows.",
    Role.OPTION: "A line of a list. Short.",
    Role.FEEDBACK: "Said after this answer.",
    Role.RETRY: "Said after an answer that was not understood.",
    Role.EFFECT: "Sent as an SMS.",
}
_AUDIENCES = {"ussd": " USSD only: one page.", "sms": " SMS only.", "both": ""}
_ITEMS = {
    "scam": " Practice: this message is a scam.",
    "genuine": " Practice: this message is genuine.",
    "": "",
}


def wanted_of(source: FlowSource) -> tuple[Wanted, ...]:
    """Give the texts of a flow that need a translation, with a note for translators each."""
    return tuple(Wanted(text.msgctxt, text.text, _note(text)) for text in source.texts)


def _note(text: SourceText) -> str:
    item = _ITEMS[text.item] if text.role is Role.SAY else ""
    channel = "" if text.role is Role.EFFECT else _AUDIENCES[text.channel.value]
    return f"{_NOTES[text.role]}{channel}{item}"


def compile_flow(
    source: FlowSource,
    catalogues: Mapping[str, Catalogue],
    *,
    speakable: Iterable[str],
    production: bool,
) -> tuple[Flow | None, list[Fault]]:
    """Give the flow, or None and why not.

    `catalogues` are the flow's, by language; `speakable` are the languages that have core words. The
    flow speaks its own language and each other that is speakable and whole; in production also
    reviewed, else marked as a draft.
    """
    faults = list(structure_faults(source))
    languages, drafts = _languages(source, catalogues, frozenset(speakable), production=production)
    compiler = _Compiler(source, languages)
    compiler.read_texts(catalogues)
    states = compiler.states()
    faults += compiler.faults
    if has_errors(faults):
        return None, faults
    doc = source.doc
    try:
        flow = build_flow(
            id=doc.id,
            title=doc.title,
            language=doc.language,
            languages=languages,
            drafts=drafts,
            keywords=tuple(doc.keywords),
            topics=tuple(doc.topics),
            start=doc.start,
            states=states,
            path=source.path,
        )
    except ContentError as error:
        fault = Fault(source.path, 1, Severity.ERROR, "flow", str(error))
        return None, [*faults, fault]
    return replace(flow, titles=compiler.titles()), faults


def _languages(
    source: FlowSource,
    catalogues: Mapping[str, Catalogue],
    speakable: frozenset[str],
    *,
    production: bool,
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Give the languages that the flow speaks, its own first, and those of them that are drafts."""
    own = source.doc.language
    languages, drafts = [own], set()
    wanted = wanted_of(source)
    for language in sorted(catalogues.keys() & speakable - {own}):
        reviews = {catalogues[language].review(text) for text in wanted}
        if Review.MISSING in reviews or (production and Review.DRAFT in reviews):
            continue
        languages.append(language)
        if Review.DRAFT in reviews:
            drafts.add(language)
    return tuple(languages), frozenset(drafts)


# --- states --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Compiler:
    """Compiles the states of one flow in its languages, and collects the faults on the way."""

    source: FlowSource
    languages: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)
    templates: dict[str, dict[str, Template]] = field(default_factory=dict)
    """By context, then language: only the languages that the flow speaks."""

    def read_texts(self, catalogues: Mapping[str, Catalogue]) -> None:
        """Compile every text, also of languages that are not spoken yet: their faults are told."""
        for text in self.source.texts:
            own = self._template(text.text, self.source.path, text.line)
            self.templates[text.context] = {self.source.doc.language: own}
        for language, found in catalogues.items():
            if language == self.source.doc.language:
                continue
            spoken = language in self.languages
            for text in self.source.texts:
                entry = found.entries.get(text.msgctxt)
                if entry is None or not entry.text.strip():
                    continue
                template = self._template(entry.text, found.path, entry.text_line)
                if spoken:
                    self.templates[text.context][language] = template

    def titles(self) -> dict[str, str]:
        """Give the title in each language."""
        return {language: text.source for language, text in self.templates["title"].items()}

    def states(self) -> dict[str, State]:
        """Give every state, in the order of the file."""
        return {name: self._state(name, doc) for name, doc in self.source.doc.states.items()}

    def _state(self, name: str, doc: StateDoc) -> State:
        place: Path_ = ("states", name)
        return State(
            name=name,
            kind=StateKind(doc.kind),
            line=self.source.file.line(place),
            say=self._texts(doc.say, f"{name}/say"),
            options=tuple(
                self._option(name, doc, number, (*place, *part), option)
                for number, (part, option) in enumerate(options_of(self.source, name, doc), 1)
            ),
            ask=self._ask(name, doc.ask) if doc.ask else None,
            branches=tuple(
                Branch(
                    None
                    if branch.condition is None
                    else self._expression(branch.condition, (*place, "when", index, "if")),
                    branch.goto,
                )
                for index, branch in enumerate(doc.when or ())
            ),
            calls=doc.call or "",
            goto=doc.goto or "",
            item=doc.quiz.item if doc.quiz else "",
            tries=doc.tries,
            assigns=self._assigns(doc, place),
            effects=self._effects(doc, name, place),
            retry=self._texts(doc.retry, f"{name}/retry"),
        )

    def _option(
        self, name: str, doc: StateDoc, number: int, place: Path_, option: OptionDoc
    ) -> Option:
        context = f"{name}/{doc.kind}/{number}"
        feedback: Said | None = getattr(option, "feedback", None)
        return Option(
            say=self._texts(option.say, context) or {},
            goto=option.goto or doc.goto or "",
            assigns=self._assigns(option, place),
            effects=self._effects(option, context, place),
            right=getattr(option, "right", None),
            feedback=self._texts(feedback, f"{context}/feedback"),
        )

    def _ask(self, name: str, doc: AskDoc) -> Ask:
        return Ask(
            type=AskType(doc.type),
            into=doc.into,
            low=doc.min,
            high=doc.max,
            decimals=doc.decimals,
            choices=tuple(
                (choice.value, self._texts(choice.say, f"{name}/choices/{number}") or {})
                for number, choice in enumerate(doc.choices or (), 1)
            ),
            retry=self._texts(doc.retry, f"{name}/retry"),
            skip=doc.skip,
        )

    def _texts(self, said: Said | None, context: str) -> Texts | None:
        if said is None:
            return None
        found = {part[2].value: self.templates[part[0]] for part in parts(said, context)}
        both = found.get("both", {})
        ussd, sms = found.get("ussd", both), found.get("sms", both)
        return {
            language: Words(ussd.get(language, _EMPTY), sms.get(language, _EMPTY))
            for language in self.languages
        }

    def _assigns(self, acts: Acts, place: Path_) -> tuple[Assign, ...]:
        found = [
            Assign(name, self._expression(source, (*place, "set", name)))
            for name, source in acts.set.items()
        ]
        found += [
            Assign(name, compile_expression(repr(step)), adds=True)
            for name, step in acts.add.items()
        ]
        return tuple(found)

    def _effects(self, acts: Acts, context: str, place: Path_) -> tuple[EffectSpec, ...]:
        return tuple(
            self._effect(doc, effect_context(context, number), (*place, "do", number - 1))
            for number, doc in enumerate(acts.do, 1)
        )

    def _effect(self, doc: EffectDoc, context: str, place: Path_) -> EffectSpec:
        if doc.send_sms is not None:
            sms = self.templates[context]
            texts = {language: Words(sms[language], sms[language]) for language in self.languages}
            return EffectSpec(EffectKind.SEND_SMS, {}, texts)
        (key,) = doc.model_fields_set
        if doc.consent:
            given = {"purpose": doc.consent.purpose, "answer": doc.consent.answer}
        elif doc.report:
            given = {"type": doc.report.type} | {name: f"{{{name}}}" for name in doc.report.keep}
        elif doc.remind:
            given = {"after": doc.remind}
        else:
            given = {"value": getattr(doc, key)}
        line = self.source.file.line((*place, key))
        args = {name: self._template(text, self.source.path, line) for name, text in given.items()}
        return EffectSpec(EffectKind(key), args)

    def _template(self, text: str, path: str, line: int) -> Template:
        try:
            return compile_template(text)
        except ContentError as error:
            self.faults.append(Fault(path, line, Severity.ERROR, "placeholder", str(error)))
            return _EMPTY

    def _expression(self, source: str, place: Path_) -> Expression:
        try:
            return compile_expression(source)
        except ContentError as error:
            line = self.source.file.line(place)
            fault = Fault(self.source.path, line, Severity.ERROR, "expression", str(error))
            self.faults.append(fault)
            return compile_expression("false")

"""`smsbot simulate`: a phone in the terminal, on the real engine, without a server."""

from __future__ import annotations

import sys
import textwrap
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from smsbot.cli.places import places_of, read_settings, sound_content
from smsbot.content.dialogue_file import country_of, inputs_of, parse_span
from smsbot.content.faults import did_you_mean
from smsbot.content.phone import Heard, Phone
from smsbot.errors import NotFound, SmsbotError
from smsbot.text.gsm import Encoding
from smsbot.text.segments import JOINED, SINGLE, segment
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smsbot.engine.model import Content, Effect

_INNER = 36
"""Columns inside of the drawn phone."""
_HELP = """\
Type what you would type on the phone. Besides:
  :dial [CODE]  call again, also with inputs (:dial 1*2)
  :drop         lose the session, as networks do; :dial offers to go on for 30 minutes
  :replay       let the gateway post the last turn again
  :wait 70      let 70 seconds pass (also 5m, 2h, 3d); a silent USSD session is closed after 60
  :lang sw      speak another language from the next call on
  :sms TEXT     send an SMS from this phone
  :help, :quit"""


@click.command()
@click.option("--channel", type=click.Choice(["ussd", "sms"]), default="ussd", show_default=True)
@click.option("--phone", "number", default="+254700000001", help="The phone's number.")
@click.option("--lang", default="en", show_default=True, help="The language that it speaks.")
@click.option("--flow", "flow_id", default="", help="The flow to begin with, not the front door.")
@click.argument("inputs", nargs=-1, metavar="[INPUT]..")
def simulate(channel: str, number: str, lang: str, flow_id: str, inputs: tuple[str, ...]) -> None:
    """Play a phone in the terminal.

    With INPUTs they are typed one after the other and the dialogue is printed; else you type. An
    INPUT may be a command such as :drop or ":wait 70". No server is needed.
    """
    content = sound_content(places_of([], read_settings())[0])
    if flow_id and flow_id not in content.flows:
        raise NotFound(f"there is no flow {flow_id!r}: {did_you_mean(flow_id, content.flows)}")
    if lang not in content.languages:
        raise NotFound(f"no words in {lang!r}: {did_you_mean(lang, content.languages)}")
    terminal = Terminal(content, channel=channel, number=number, language=lang, flow=flow_id)
    terminal.begin()
    if inputs:
        for raw in inputs:
            click.echo(f"> {raw}")
            if not terminal.take(raw):
                break
        return
    if sys.stdin.isatty():
        click.echo("(:help lists the commands, :quit leaves)")
    for raw in _typed():
        if not terminal.take(raw):
            break


def _typed() -> Iterable[str]:
    """Give what is typed until the end of input."""
    shown = sys.stdin.isatty()
    while True:
        try:
            raw = input("> ")
        except (EOFError, KeyboardInterrupt):
            click.echo("")
            return
        if not shown:
            click.echo(raw)  # a terminal shows what is typed; a pipe does not
        yield raw


class Terminal:
    """A phone, drawn. `take` gives False when it is time to leave."""

    def __init__(
        self, content: Content, *, channel: str, number: str, language: str, flow: str
    ) -> None:
        self._content = content
        self._is_sms = channel == "sms"
        self._flow = flow
        self._page = PageLimit()
        self._phone = Phone(
            content,
            language=language,
            now=datetime.now(UTC),
            flow=flow,
            country=country_of(number),
            page=self._page,
        )

    def begin(self) -> None:
        """Call the service, or say how to begin by SMS."""
        if not self._is_sms:
            self._show(self._phone.dial())
        elif self._flow and self._content.flows[self._flow].keywords:
            keyword = self._content.flows[self._flow].keywords[0]
            click.echo(f"> {keyword}")
            self._show(self._phone.text(keyword))
        elif self._flow:
            self._show(self._phone.begin(ChannelKind.SMS, self._flow))
        else:
            words = [word for flow in self._content.flows.values() for word in flow.keywords]
            click.echo(f"Send an SMS. Keywords: {', '.join(words) or 'none'}")

    def take(self, raw: str) -> bool:
        """Do what was typed."""
        try:
            if raw.startswith(":"):
                return self._command(raw[1:].strip())
            self._show(self._phone.text(raw) if self._is_sms else self._phone.press(raw))
        except SmsbotError as fault:
            click.echo(f"  ({fault}; :dial calls again)" if not self._is_sms else f"  ({fault})")
        return True

    def _command(self, words: str) -> bool:
        name, _, rest = words.partition(" ")
        rest = rest.strip()
        match name:
            case "quit" | "q":
                return False
            case "help" | "":
                click.echo(_HELP)
            case "dial":
                self._show(self._phone.dial(inputs_of(rest)))
            case "drop":
                self._phone.drop()
                click.echo("  (the session is lost)")
            case "replay":
                self._show(self._phone.replay())
            case "sms":
                self._show(self._phone.text(rest))
            case "wait":
                self._wait(rest)
            case "lang":
                self._speak(rest)
            case _:
                click.echo(f"  (there is no command :{name}; :help lists them)")
        return True

    def _wait(self, rest: str) -> None:
        span = parse_span(rest)
        if span is None:
            click.echo("  (:wait needs seconds, or 5m, 2h, 3d)")
            return
        closed = self._phone.wait(span)
        said = "; the network closed the session" if closed else ""
        click.echo(f"  ({_spoken(span)} later{said})")

    def _speak(self, language: str) -> None:
        if language not in self._content.languages:
            click.echo(
                f"  (no words in {language!r}: {did_you_mean(language, self._content.languages)})"
            )
            return
        self._phone.language = language
        click.echo(f"  (speaks {language} from the next call on)")

    def _show(self, heard: Heard) -> None:
        if heard.text:
            click.echo(draw(heard.text))
            click.echo(f"  {measure_line(heard.text, self._page, is_sms=self._is_sms)}")
        for effect in heard.effects:
            click.echo(f"  * {_told(effect)}")
        if heard.note:
            click.echo(f"  ({heard.note})")
        if heard.ends and heard.text and not self._is_sms:
            click.echo("  (the session has ended)")


def draw(text: str) -> str:
    """Draw a phone's screen around a text."""
    lines = [
        part
        for line in text.split("\n")
        for part in (textwrap.wrap(line, _INNER, break_long_words=True) or [""])
    ]
    edge = "-" * (_INNER + 2)
    body = [f"| {line}{' ' * (_INNER - _columns(line))} |" for line in lines]
    return "\n".join([f".{edge}.", *body, f"'{edge}'"])


def _columns(text: str) -> int:
    """Give the columns that a terminal takes for a text: marks take none, emoji two."""
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def measure_line(text: str, page: PageLimit, *, is_sms: bool) -> str:
    """Give the encoding, the units used and those left: `[GSM-7 132/160, 28 left]`."""
    measured = segment(text)
    name = measured.encoding.value
    if is_sms:
        if measured.segments == 1:
            room = SINGLE[measured.encoding]
        else:
            room = JOINED[measured.encoding] * measured.segments
        left = max(room - measured.units, 0)
        return f"[{name} {measured.units}/{room}, {left} left, {measured.segments} SMS]"
    room = page.gsm7 if measured.encoding is Encoding.GSM7 else page.ucs2
    return f"[{name} {measured.units}/{room}, {room - measured.units} left]"


def _told(effect: Effect) -> str:
    if effect.text:
        return f"{effect.kind.value}: {effect.text}"
    args = ", ".join(f"{name}={value}" for name, value in effect.args.items())
    return f"{effect.kind.value}: {args}"


def _spoken(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}" + ("" if count == 1 else "s")
    return f"{seconds} seconds"

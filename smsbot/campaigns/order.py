"""A campaign file read into a Plan, or refused whole with every fault as file:line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from smsbot.campaigns import purposes
from smsbot.campaigns.order_doc import PATTERNS, OrderDoc
from smsbot.content.channel_schema import MICROS
from smsbot.content.documents import document_faults
from smsbot.content.faults import Fault, Severity, did_you_mean
from smsbot.content.yamlfile import YamlError, YamlFile, parse_yaml
from smsbot.errors import ContentError
from smsbot.plans import Audience, Canary, Plan, Start, StartZone, Window
from smsbot.values import ChannelKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import time
    from decimal import Decimal

    from smsbot.content.yamlfile import Path_
    from smsbot.values import Channel, QuietHours

_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Known:
    """What this deployment has, that a campaign may name.

    `purposes` are those beside `purposes.KNOWN` that somebody here has agreed to.
    """

    channels: Mapping[str, Channel]
    languages: frozenset[str]
    flows: frozenset[str]
    courses: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()


def read_order(raw: bytes, path: str, known: Known) -> Plan:
    """Give the plan of a campaign file; raise ContentError with every fault.

    Its words are all faults, one a line; `path` is how they name the file.
    """
    try:
        file = parse_yaml(raw, path)
    except YamlError as error:
        raise _refused(_fault(path, each.line, each.words) for each in error.faults) from None
    if not isinstance(file.data, dict):
        raise _refused([_fault(path, 1, "a campaign file begins with `title: ...`")])
    try:
        doc = OrderDoc.model_validate(file.data)
    except ValidationError as error:
        raise _refused(document_faults(file, error, OrderDoc, PATTERNS)) from None
    faults = list(_misfits(file, doc, known))
    if faults:
        raise _refused(faults)
    return _plan(doc, known.channels[doc.channel])


def _refused(faults: Iterable[Fault]) -> ContentError:
    found = tuple(sorted(faults))
    return ContentError("\n".join(str(fault) for fault in found), found)


def _fault(path: str, line: int, words: str, hint: str = "") -> Fault:
    return Fault(path, line, Severity.ERROR, "campaign", words, hint)


# --- what only the deployment knows ------------------------------------------------------------


def _misfits(file: YamlFile, doc: OrderDoc, known: Known) -> Iterator[Fault]:
    """Find what the file names and nobody has, and what a channel does not allow."""

    def fault(place: Path_, words: str, hint: str = "") -> Fault:
        return _fault(file.path, file.line(place), words, hint)

    words, hint = purposes.fault_of(doc.purpose, known.purposes)
    if words:
        yield fault(("purpose",), words, hint)
    for place, name, kind, names in _names(doc, known):
        if name not in names:
            yield fault(place, f"there is no {kind} {name!r} here", did_you_mean(name, names))
    for language, text in (doc.message or {}).items():
        yield from (fault(("message", language), words) for words in _placeholders(text))
    channel = known.channels.get(doc.channel)
    if channel is not None:
        yield from (fault(*misfit) for misfit in _channel_misfits(doc, channel))


def _names(doc: OrderDoc, known: Known) -> Iterator[tuple[Path_, str, str, Iterable[str]]]:
    """Give every name of something that must exist, and its place."""
    yield ("channel",), doc.channel, "channel", known.channels
    if doc.flow is not None:
        yield ("flow",), doc.flow, "flow", known.flows
    if doc.course is not None:
        yield ("course",), doc.course, "course", known.courses
    for language in doc.message or ():
        yield ("message", language), language, "language", known.languages
    for key, kind, names in (
        ("language", "language", known.languages),
        ("finished", "flow", known.flows),
        ("not_finished", "flow", known.flows),
        ("enrolled", "course", known.courses),
        ("not_enrolled", "course", known.courses),
        ("consent", "purpose", known.purposes | frozenset(purposes.KNOWN)),
    ):
        for index, name in enumerate(getattr(doc.audience, key) or ()):
            yield ("audience", key, index), name, kind, names


def _placeholders(text: str) -> Iterator[str]:
    """A campaign's text is the same for everybody: it has no placeholders, and no braces."""
    if "{" in text or "}" in text:
        yield "the text holds braces: a campaign's text is the same for everybody, without {name}"


def _channel_misfits(doc: OrderDoc, channel: Channel) -> Iterator[tuple[Path_, str, str]]:
    if ChannelKind.SMS not in channel.kinds:
        yield ("channel",), f"the channel {channel.id} sends no SMS", "its `kinds` lack sms"
    if doc.rate is not None and float(doc.rate) > channel.rate:
        words = f"`rate` is over the channel's own, {channel.rate:g} segments a second"
        yield ("rate",), words, "leave it out for the channel's"
    currency = channel.prices.currency
    if doc.budget is not None and doc.budget.currency != currency:
        words = f"the budget is in {doc.budget.currency}, the channel's prices are in {currency}"
        yield ("budget", "currency"), words, f"write {currency}"
    if doc.window is not None and channel.quiet_hours is not None:
        window = Window(doc.window.start, doc.window.end)
        if not _is_ever_open(window, channel.quiet_hours):
            quiet = f"{channel.quiet_hours.start:%H:%M} to {channel.quiet_hours.end:%H:%M}"
            words = f"the window lies within the channel's quiet hours ({quiet}): nothing could go"
            yield ("window",), words, "let it overlap the day"


def _is_ever_open(window: Window, quiet: QuietHours) -> bool:
    open_ = _minutes(window.start, window.end)
    return bool(open_ - _minutes(quiet.start, quiet.end))


def _minutes(start: time, end: time) -> frozenset[int]:
    """Give the minutes of a day from one time to another, which may be after midnight."""
    first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    if last <= first:
        last += _DAY_MINUTES
    return frozenset(minute % _DAY_MINUTES for minute in range(first, last))


# --- the plan ----------------------------------------------------------------------------------


def _plan(doc: OrderDoc, channel: Channel) -> Plan:
    return Plan(
        title=doc.title,
        purpose=doc.purpose,
        channel=doc.channel,
        audience=_audience(doc),
        message=dict(doc.message or {}),
        flow=doc.flow or "",
        course=doc.course or "",
        start=_start(doc, channel),
        window=_window(doc),
        repeat=doc.repeat or "",
        expiry_s=doc.expiry,
        rate=None if doc.rate is None else float(doc.rate),
        budget_micros=None if doc.budget is None else _micros(doc.budget.amount),
        currency=channel.prices.currency,
        hold_out=float(doc.hold_out),
        canary=None if doc.canary is None else Canary(float(doc.canary.share), doc.canary.watch),
        risk_note=doc.risk_note.strip(),
    )


def _audience(doc: OrderDoc) -> Audience:
    given: dict[str, Any] = doc.audience.model_dump(exclude_none=True)
    lists = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    return Audience(**{**given, **lists})


def _start(doc: OrderDoc, channel: Channel) -> Start:
    if doc.start is None:
        return Start()
    at = doc.start.at
    if at.tzinfo is not None:  # told with a zone: as the channel's clock shows it
        at = at.astimezone(channel.timezone).replace(tzinfo=None)
    return Start(at, StartZone(doc.start.timezone))


def _window(doc: OrderDoc) -> Window | None:
    if doc.window is None:
        return None
    if doc.window.days is None:
        return Window(doc.window.start, doc.window.end)
    return Window(doc.window.start, doc.window.end, tuple(sorted(doc.window.days)))


def _micros(amount: Decimal) -> int:
    return int((amount * MICROS).to_integral_value())

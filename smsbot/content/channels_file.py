"""`channels.yaml`: read strictly, filled from the environment, refused whole with file and line."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values
from pydantic import TypeAdapter, ValidationError

from smsbot.config import read_made_secrets, write_made_secrets
from smsbot.content.channel_schema import MICROS, PATTERNS, WITH_TOKEN, ChannelDoc
from smsbot.content.documents import document_faults
from smsbot.content.faults import Fault, Severity
from smsbot.content.yamlfile import YamlError, YamlFile, read_yaml
from smsbot.errors import ConfigError
from smsbot.values import Channel, ChannelKind, PageLimit, Prices, QuietHours, Tariff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from smsbot.config import Settings
    from smsbot.content.yamlfile import Path_

TOKEN_CHARS = 22
"""What a webhook token needs in production: 128 bits in the letters that an address may hold."""

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
_CHANNELS = TypeAdapter(list[ChannelDoc])


def load_channels(
    path: Path,
    settings: Settings,
    tokens: Callable[[str], str] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> tuple[Channel, ...]:
    """Give the channels in their order; raise ConfigError with every fault as file:line.

    `environment` fills `${NAME}` and `${NAME:-default}`: by default the process's own over `.env`. A
    webhook token that is missing is made by `tokens` in dev (by default kept beside the other made
    secrets); in production it is a fault, like a premium tariff, a weak token or a simulator.
    """
    if environment is None:
        kept = {name: value for name, value in dotenv_values(".env").items() if value is not None}
        environment = {**kept, **os.environ}
    reading = _Reading(settings, tokens or _made_tokens(settings), environment)
    found = reading.read(path)
    if reading.faults:
        raise ConfigError("\n".join(str(fault) for fault in sorted(reading.faults)))
    return found


def _made_tokens(settings: Settings) -> Callable[[str], str]:
    def token(name: str) -> str:
        made = read_made_secrets(settings.data)
        if name not in made:
            made = write_made_secrets(settings.data, {name: secrets.token_urlsafe(24)})
        return made[name]

    return token


class _Reading:
    """One reading of the file, which collects the faults. No fault ever holds a token."""

    def __init__(
        self, settings: Settings, tokens: Callable[[str], str], environment: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._environment = environment
        self.faults: list[Fault] = []
        self._file = YamlFile("", None, {})
        self._below: Path_ = ()

    def read(self, path: Path) -> tuple[Channel, ...]:
        """Give the channels as far as they can be read."""
        try:
            self._file = read_yaml(path)
        except YamlError as error:
            self.faults += [
                Fault(error.path, fault.line, Severity.ERROR, "yaml", fault.words)
                for fault in error.faults
            ]
            return ()
        data = self._file.data
        if isinstance(data, dict) and set(data) == {"channels"}:
            data, self._below = data["channels"], ("channels",)
        if not isinstance(data, list) or not data:
            self._fault((), "must be a list of channels, each with a dash before its `id`")
            return ()
        filled = [self._filled(item, (*self._below, index)) for index, item in enumerate(data)]
        try:
            docs = _CHANNELS.validate_python(filled)
        except ValidationError as error:
            self.faults += document_faults(
                self._file, error, list[ChannelDoc], PATTERNS, below=self._below
            )
            return ()
        self._find_twins(docs)
        return tuple(self._channel(doc, (*self._below, index)) for index, doc in enumerate(docs))

    def _fault(self, place: Path_, words: str, hint: str = "") -> None:
        line = self._file.line(place)
        self.faults.append(Fault(self._file.path, line, Severity.ERROR, "channels", words, hint))

    # --- ${NAME} ---------------------------------------------------------------------------------

    def _filled(self, value: Any, place: Path_) -> Any:
        """Give the value with the environment in place; tokens are filled where they are checked."""
        if isinstance(value, dict):
            return {
                key: part if key == "tokens" else self._filled(part, (*place, key))
                for key, part in value.items()
            }
        if isinstance(value, list):
            return [self._filled(part, (*place, index)) for index, part in enumerate(value)]
        if isinstance(value, str) and "$" in value:
            return _NAME.sub(lambda found: self._named(found, place), value)
        return value

    def _named(self, found: re.Match[str], place: Path_) -> str:
        name, default = found.groups()
        given = self._environment.get(name, "")
        if given:
            return given
        if default is None:
            self._fault(place, f"{name} is not set", "in the environment or in .env")
            return ""
        return str(default)

    # --- tokens ----------------------------------------------------------------------------------

    def _token_list(self, doc: ChannelDoc, place: Path_) -> tuple[str, ...]:
        if doc.gateway not in WITH_TOKEN:
            return ()
        own_name = f"SMSBOT_TOKEN_{doc.id.upper().replace('-', '_')}"
        found: list[str] = []
        for index, raw in enumerate(doc.tokens or [f"${{{own_name}}}"]):
            spot = (*place, "tokens", index)
            if not isinstance(raw, str) or not raw.strip():
                self._fault(spot, "a token must be a text", "put quotes around it")
                continue
            named = _NAME.fullmatch(raw.strip())
            value = self._secret(named, spot) if named else raw.strip()
            found += [part.strip() for part in value.split(",") if part.strip()]
        for token in found:
            self._check_token(token, (*place, "tokens"))
        return tuple(found)

    def _secret(self, named: re.Match[str], spot: Path_) -> str:
        name, default = named.groups()
        given = self._environment.get(name) or default or ""
        if given:
            return given
        if self._settings.is_dev:
            return self._tokens(name)
        hint = 'python3 -c "import secrets; print(secrets.token_urlsafe(24))" makes one'
        self._fault(spot, f"{name} is not set: the webhooks would be open", hint)
        return ""

    def _check_token(self, token: str, place: Path_) -> None:
        if not _URL_SAFE.fullmatch(token):
            self._fault(place, "a token holds other characters than letters, digits, - and _")
        elif len(token) < TOKEN_CHARS and not self._settings.is_dev:
            self._fault(
                place, f"a token is shorter than {TOKEN_CHARS} characters: it can be guessed"
            )

    # --- a whole channel -------------------------------------------------------------------------

    def _find_twins(self, docs: list[ChannelDoc]) -> None:
        seen: set[str] = set()
        for index, doc in enumerate(docs):
            if doc.id in seen:
                self._fault((*self._below, index, "id"), f"two channels are named {doc.id!r}")
            seen.add(doc.id)

    def _channel(self, doc: ChannelDoc, place: Path_) -> Channel:
        if not self._settings.is_dev:
            if doc.tariff == Tariff.PREMIUM.value:
                words = "a premium tariff makes citizens pay: it is refused in production"
                self._fault((*place, "tariff"), words)
            if doc.gateway == "simulator":
                words = "the simulator is for dev: take this channel out in production"
                self._fault((*place, "gateway"), words)
        quiet = doc.quiet_hours
        return Channel(
            id=doc.id,
            gateway=doc.gateway,
            kinds=frozenset(ChannelKind(kind) for kind in doc.kinds),
            languages=tuple(doc.languages),
            country=doc.country,
            timezone=doc.timezone,
            prices=Prices(
                currency=doc.price.currency,
                default_micros=_micros(doc.price.default),
                by_country=dict(_each_micros(doc.price.by_country)),
                by_network=dict(_each_micros(doc.price.by_network)),
            ),
            service_code=doc.service_code or "",
            sender=doc.sender.strip(),
            rate=float(doc.rate),
            page=PageLimit(doc.ussd_page.gsm7, doc.ussd_page.ucs2),
            quiet_hours=QuietHours(quiet.start, quiet.end) if quiet else None,
            frequency_cap=(doc.frequency_cap.messages, doc.frequency_cap.days),
            replies_per_number_hour=doc.reply_caps.number_per_hour,
            replies_per_prefix_day=doc.reply_caps.prefix_per_day,
            tariff=Tariff(doc.tariff),
            tokens=self._token_list(doc, place),
            gateway_confirms_stop=doc.gateway_confirms_stop,
        )


def _micros(amount: Decimal) -> int:
    return int((amount * MICROS).to_integral_value())


def _each_micros(prices: Mapping[str, Decimal]) -> Iterator[tuple[str, int]]:
    for name, amount in prices.items():
        yield name, _micros(amount)

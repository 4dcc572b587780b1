"""A log line: what is struck out of it, how an error is told without its words, and who writes it.

Here are the lines that libraries write through `logging`; ours go through `smsbot/log.py`, which adds
structlog. The web server's main process needs only this half, and is 10 MB smaller for it.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from smsbot.errors import SmsbotError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_NUMBER = re.compile(
    r"(?:\+|%2B)\s?\d[\d\s-]{5,}\d"  # +254 711 000 111, also as a URL has it
    r"|(?<![\w.-])\d{9,15}(?![\w.-])",  # 254711000111 and 0711000111, but not part of an id
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(/(?:hooks/[^/\s]+|cap)/)[^/\s?]+(?=[/\s?]|$)")
_ROUTES_WITHOUT_TOKEN = re.compile(r"/hooks/[^/\s]+/(?:sms|status)(?=[\s?]|$)")
_MAX_FRAMES = 12

_QUIET = (
    "africastalking",
    "alembic",
    "rq",
    "rq.job",
    "rq.scheduler",
    "rq.worker",
    "twilio",
    "twilio.http_client",
    "urllib3",
    "werkzeug",
)
"""Libraries whose INFO or DEBUG lines hold URLs, numbers or job descriptions: warnings only."""


def mask(text: str) -> str:
    """Give `text` with phone numbers and webhook tokens struck out."""
    if "/hooks/" in text or "/cap/" in text:
        text = _TOKEN.sub(_strike_token, text)
    return _NUMBER.sub("[number]", text)


def _strike_token(match: re.Match[str]) -> str:
    whole = match.string[match.start() :]
    if _ROUTES_WITHOUT_TOKEN.match(whole):
        return match[0]
    return match[1] + "[token]"


def mask_value(value: Any) -> Any:
    """Give a value with every text in it masked, however deep."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: mask_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(item) for item in value]
    if isinstance(value, int | float | bool | None):
        return value
    return mask(str(value))


def describe(error: BaseException) -> dict[str, Any]:
    """Give an error as fields: type, stable code, our own words (never others'), and the frames."""
    fields: dict[str, Any] = {"error": type(error).__name__}
    if isinstance(error, SmsbotError):
        fields["code"] = error.code
        fields["words"] = str(error)
    fields["frames"] = _frames(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        fields["because"] = type(cause).__name__
    return fields


def _frames(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{_short(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-_MAX_FRAMES:]


def _short(path: str) -> str:
    if "/site-packages/" in path:
        return path.rpartition("/site-packages/")[2]
    if "/smsbot/" in path:
        return "smsbot/" + path.rpartition("/smsbot/")[2]
    return path.rpartition("/")[2]


def serialise(event: Mapping[str, Any]) -> str:
    """Give the line of an event, without its end."""
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class JsonFormatter(logging.Formatter):
    """Writes the records of libraries as our lines."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Give the line of a record: its message masked, its error without the error's words."""
        event: dict[str, Any] = {
            "event": mask(record.getMessage()),
            "logger": record.name,
            "service": self._service,
            "level": record.levelname.lower(),
            "at": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[1] is not None:
            event |= mask_value(describe(record.exc_info[1]))
        return serialise(event)


def logging_config(service: str, level: str = "info") -> dict[str, Any]:
    """Give the `logging.config` of a process, for servers that apply one by themselves (granian)."""
    loggers: dict[str, Any] = {
        name: {"level": "WARNING", "handlers": [], "propagate": True} for name in _QUIET
    }
    for name in ("_granian", "granian.access"):
        loggers[name] = {"level": level.upper(), "handlers": [], "propagate": True}
    loggers["granian.access"]["level"] = "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter, "service": service}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "json",
            }
        },
        "loggers": loggers,
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }

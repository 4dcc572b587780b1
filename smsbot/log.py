"""One JSON line per request, turn, batch and job on stderr: ids and numbers, never a person's data.

`configure` is called once by each process. It sends structlog's loggers and those of the libraries
(RQ, granian, Twilio, urllib3, ...) through one chain, whose last step masks whatever still looks like
a phone number or a webhook's token. That step is the net under the rope, not the rope: a caller gives
references, and an error of somebody else's is logged by its type and place, without its message,
because a message can quote the text that caused it.
"""

from __future__ import annotations

import logging
import logging.config
import re
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from smsbot.errors import SmsbotError

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from types import TracebackType
    from typing import TextIO

_NUMBER = re.compile(
    r"(?:\+|%2B)\s?\d[\d\s-]{5,}\d"  # +254 711 000 111, also as a URL has it
    r"|(?<![\w.-])\d{9,15}(?![\w.-])",  # 254711000111 and 0711000111, but not part of an id
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(/(?:hooks/[^/\s]+|cap)/)[^/\s?]+(?=[/\s?]|$)")
_ROUTES_WITHOUT_TOKEN = re.compile(r"/hooks/[^/\s]+/(?:sms|status)(?=[\s?]|$)")
_MAX_FRAMES = 12
_service = "smsbot"

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


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    if isinstance(value, int | float | bool | None):
        return value
    return mask(str(value))


def _mask_all(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {name: _masked(value) for name, value in event.items()}


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


def _add_error(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event.update(describe(error))
    event.pop("stack_info", None)
    return event


def _serialise(event: Mapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _chain(service: str) -> list[Any]:
    def name_service(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return [
        structlog.contextvars.merge_contextvars,
        name_service,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _add_error,
        _mask_all,
    ]


def _name_logger(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event["logger"] = event["_record"].name
    return event


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes the records of libraries as our lines; `logging_config` names it."""

    def __init__(self, service: str) -> None:
        super().__init__(
            foreign_pre_chain=[_name_logger, *_chain(service)],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_serialise),
            ],
        )


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


def configure(service: str, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging of this process. May be called again (tests do, with a stream of their own)."""
    global _service  # noqa: PLW0603  # one process, one service
    _service = service
    config = logging_config(service, level)
    if stream is not None:
        config["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(config)
    logging.captureWarnings(capture=True)
    if stream is None:  # a traceback on stderr would quote the message of whatever failed
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, None)
    structlog.configure(
        processors=[*_chain(service), structlog.processors.JSONRenderer(serializer=_serialise)],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        # One write per line: lines of several processes on one pipe stay whole.
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=stream is None,
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    get_logger().critical("uncaught", exc_info=error)


def get_logger(**ids: str | float) -> Any:
    """Give a logger whose lines carry `ids`: `get_logger().info("turn", session=ref, ms=3)`."""
    return structlog.get_logger(**ids)


def write_line(event: str, **fields: str | float | bool) -> None:
    """Write one line past the chain: for the hot path, a tenth of the cost.

    Nothing is masked here: the fields must be our own words, ids and numbers.
    """
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {**fields, "event": event, "level": "info", "at": now, "service": _service}
    sys.stderr.write(orjson.dumps(line).decode() + "\n")

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
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smsbot.later import Later
from smsbot.logline import describe, logging_config, mask, mask_value, serialise

# structlog takes rich along, if it is there, for a coloured console that we never show: 5 MB a process.
_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]
import structlog  # noqa: E402

if _rich is None:
    del sys.modules["rich"]
else:
    sys.modules["rich"] = _rich

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from types import TracebackType
    from typing import TextIO

__all__ = ["configure", "describe", "get_logger", "logging_config", "mask", "write_line"]

_service = "smsbot"


def _mask_all(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {name: mask_value(value) for name, value in event.items()}


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


def _render(event: Mapping[str, Any], **_: Any) -> str:
    return serialise(event)


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
        processors=[*_chain(service), structlog.processors.JSONRenderer(serializer=_render)],
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
    """Write one line past the chain, a moment later: for the hot path, a tenth of the cost.

    Nothing is masked here: the fields must be our own words, ids and numbers. Lines are written
    together every tenth of a second, since each write would let another thread take over in the
    middle of a turn; a process that is killed loses the last of them.
    """
    _lines.add((time.time_ns(), event, fields))


def _write(lines: list[tuple[int, str, dict[str, str | float | bool]]]) -> None:
    written = []
    for at_ns, event, fields in lines:
        at = datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat().replace("+00:00", "Z")
        line = {**fields, "event": event, "level": "info", "at": at, "service": _service}
        written.append(serialise(line))
    written.append("")
    sys.stderr.write("\n".join(written))
    sys.stderr.flush()


_lines = Later("log", _write)

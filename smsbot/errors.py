"""Every error that smsbot raises on purpose, in one tree.

Each class carries a stable `code`: it stands in JSON answers, logs and metrics, and never changes.
A message says what is wrong, where, and how to mend it. It never holds a phone number or a text.
"""

from __future__ import annotations


class SmsbotError(Exception):
    """The root. `code` is stable; `str(error)` is one sentence for an operator or an author."""

    code = "error"


class ConfigError(SmsbotError):
    """A setting, `channels.yaml` or a secret is wrong; the service refuses to start."""

    code = "config"


class ContentError(SmsbotError):
    """Flows or messages are broken; `faults` holds every one of them with its file and line."""

    code = "content"

    def __init__(self, message: str, faults: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class RequestError(SmsbotError):
    """A webhook is refused. `status` is the HTTP status that the gateway gets."""

    code = "request"
    status = 400


class Malformed(RequestError):
    """The body cannot be a webhook of this gateway: a field lacks, is doubled or cannot be read."""

    code = "malformed"


class WrongAddress(RequestError):
    """The service code or the number that was dialled is not this channel's."""

    code = "wrong_address"


class Forbidden(RequestError):
    """The token or the signature is wrong or missing."""

    code = "forbidden"
    status = 403


class UnknownChannel(RequestError):
    """No channel has this id, or the channel does not have this route."""

    code = "unknown_channel"
    status = 404


class SessionConflict(RequestError):
    """A gateway session id is used by another caller than the one who opened it."""

    code = "session_conflict"
    status = 409


class BodyTooLarge(RequestError):
    """The body is over the limit (8 kB for a webhook)."""

    code = "body_too_large"
    status = 413


class Unavailable(SmsbotError):
    """A part that this act needs is away: nothing was done, the same call may be made again."""

    code = "unavailable"
    status = 503


class RedisAway(Unavailable):
    """Redis did not answer within its time."""

    code = "redis_away"


class DatabaseAway(Unavailable):
    """SQL did not answer within its time, is locked, or its disk is full."""

    code = "database_away"


class StaleSession(SmsbotError):
    """A session names a flow or a state that its content version does not have."""

    code = "stale_session"


class CannotDecrypt(SmsbotError):
    """A stored value fits none of the keys in SMSBOT_PII_KEYS, or was changed."""

    code = "cannot_decrypt"


class Refused(SmsbotError):
    """A person's act breaks a rule (an illegal move, a missing right); the message says which."""

    code = "refused"


class BadList(Refused):
    """A list of contacts cannot be read at all: nothing of it was taken.

    `line` and `column` say where, `fault` is a stable word for what is wrong.
    """

    code = "bad_list"

    def __init__(self, message: str, *, line: int, column: str, fault: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.fault = fault


class NotFound(SmsbotError):
    """The thing that was named does not exist."""

    code = "not_found"


class ReferenceTaken(Refused):
    """Another report has this reference: ask `free_reference` for the next."""

    code = "reference_taken"


class BadBackup(Refused):
    """A backup file is damaged, changed, of other keys, or of a schema that this version cannot read."""

    code = "bad_backup"

"""Forms as nobody meant them: every known field, and what hostile or confused senders put there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

FIELDS = (
    *("sessionId", "serviceCode", "phoneNumber", "networkCode", "text", "date", "from", "to", "id"),
    *("linkId", "cost", "status", "failureReason", "retryCount", "durationInMillis", "hopsCount"),
    *("input", "lastAppResponse", "errorMessage", "senderId", "updateType", "keyword"),
    *("MessageSid", "SmsSid", "SmsStatus", "MessageStatus", "From", "To", "Body", "AccountSid"),
    *("OptOutType", "ErrorCode", "NumSegments", "NumMedia", "__proto__", "a[b][]", "", "\u0435"),
)
WORDS = (
    *(
        "",
        " ",
        "0",
        "00",
        "98",
        "1",
        "1*2*3",
        "*",
        "**",
        "1*",
        "#",
        "STOP",
        "stop!",
        "JOIN",
        "HELP",
    ),
    *(
        "MYDATA",
        "MYDATA 123456",
        "DELETE",
        "DELETE 000000",
        "STATUS 12345678",
        "SCAM",
        "REGION Kisumu",
    ),
    *("Kiswahili", "Français", "PIN", "WRONG", "MAKOSA", "SCAM umeshinda 50,000 piga 0722 000 000"),
    *(
        "Ndugu, tuma PIN yako kwa namba hii",
        "እባክዎ የይለፍ ቃልዎን አያጋሩ",
        "Kada ka ba kowa lambar ɓoyayyarka",
    ),
    *("'; DROP TABLE messages; --", "{service} {0} %s %(x)s ${PATH}", "<script>alert(1)</script>"),
    *("😀" * 90, "\u202eabc\u200b\ufeff", "é" * 200, "a" * 3000, "1*" * 700, "9" * 400),
    *("\0\0", "\r\nSet-Cookie: a=b", "../../etc/passwd", "NaN", "-1", "1e309", "٢٥٤٧١١", "１"),
    *(
        "*384*123#",
        "*384*123*1*2#",
        "22384",
        "+22384",
        "63902",
        "99999",
        "Success",
        "Failed",
        "Sent",
    ),
    *(
        "UserInBlacklist",
        "deletion",
        "addition",
        "2026-11-22 12:00:00",
        "yesterday",
        "None",
        "KES 0.8",
    ),
)
_ODD_BYTES = (b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x9f", b"%zz", b"%", b"%f", b"\x00")


class OddForms:
    """Makes forms from a random source; `numbers` are the phones that they may name."""

    def __init__(self, source: random.Random, numbers: Sequence[str]) -> None:
        self._source = source
        self._numbers = numbers

    def body(self, route: str) -> bytes:
        """Give a body: half of them would be good ones but for a part, the others are noise."""
        roll = self._source.random()
        if roll < 0.05:
            return self._source.randbytes(self._source.randrange(300))
        if roll < 0.08:
            return b"a" * self._source.choice((8191, 8192, 8193, 60_000))
        fields = self._likely(route) if roll < 0.7 else {}
        for _ in range(self._source.choice((0, 0, 1, 1, 2, 5, 70))):
            fields[self._source.choice(FIELDS)] = self._value()
        pairs = [(name, value) for name, value in fields.items() if self._source.random() > 0.03]
        if pairs and self._source.random() < 0.03:
            pairs.append(self._source.choice(pairs))
        return b"&".join(self._encoded(name) + b"=" + self._encoded(value) for name, value in pairs)

    def _value(self) -> str:
        roll = self._source.random()
        if roll < 0.3:
            return self._source.choice(self._numbers)
        if roll < 0.9:
            return self._source.choice(WORDS)
        return "".join(
            chr(self._source.randrange(1, 0xD7FF)) for _ in range(self._source.randrange(40))
        )

    def _likely(self, route: str) -> dict[str, str]:
        number, pick = self._source.choice(self._numbers), self._source.choice
        session = f"ATUid_{self._source.randrange(400)}"
        typed = "*".join(pick(("1", "2", "3", "0", "00", "98", "7", "PIN")) for _ in range(6))
        id_ = f"id-{self._source.randrange(2000)}"
        match route:
            case "ussd":
                return {
                    "sessionId": session, "serviceCode": "*384*123#", "phoneNumber": number,
                    "networkCode": "63902", "text": typed[: self._source.randrange(12)],
                }  # fmt: skip
            case "ussd-end":
                return {
                    "sessionId": session, "serviceCode": "*384*123#", "phoneNumber": number,
                    "status": "Incomplete", "durationInMillis": "9000", "cost": "KES 1",
                }  # fmt: skip
            case "sms":
                return {"id": id_, "from": number, "to": "22384", "text": self._value()}
            case "delivery":
                return {"id": id_, "status": pick(("Sent", "Success", "Failed", "Odd"))}
            case "optout":
                return {"phoneNumber": number, "senderId": "22384"}
            case _:
                return {"MessageSid": id_, "From": number, "To": "+15005550006", "Body": typed}

    def _encoded(self, text: str) -> bytes:
        if self._source.random() < 0.02:
            return self._source.choice(_ODD_BYTES)
        raw = text.encode()
        return (
            raw.replace(b"&", b"")
            if self._source.random() < 0.1
            else quote_from_bytes(raw).encode()
        )

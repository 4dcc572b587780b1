"""Is this text a mobile-money receipt by its shape, and what in it does no real receipt have?

Shapes as operators' public texts have them (reference: M-PESA's code, `Confirmed.`, sum, party, time, new
balance, cost; MTN's and Airtel's `You have ..`, fee, balance, transaction id). A shape proves nothing: the
fake ones copy it. What gives them away is what stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from smsbot.text.folding import bare, plain

_LONGEST: Final = 1600
_CODE: Final = re.compile(
    r"\b(?=[A-Z0-9]{0,11}\d)(?=\d{0,11}[A-Z])[A-Z0-9]{8,12}\b|\b[A-Z]{2}\d{6}\.\d{4}\.[A-Z]\d{4,6}\b"
)
_NAMED_CODE: Final = re.compile(
    r"\b(?:trans(?:action)?|txn|tid|financial transaction|ref(?:erence)?|muamala|kumbukumbu|receipt)"
    r"[ .]{0,2}(?:id|no|number|namba|ref)?[ .:#]{1,3}[a-z]{0,3}[\d.]{6,16}|\btid[ :.]{0,2}\w{6,16}"
)
_MOVED: Final = re.compile(
    r"\b(?:confirmed|imethibitishwa|umepokea|umetuma|umelipa|umetoa|umeweka|umenunua|umelipia"
    r"|you have (?:received|sent|paid|withdrawn|deposited|transferred|bought)|(?:sent|paid|received|deducted|debited|credited|withdrawn)"
    r"|cash (?:deposit|withdrawal|out|in)|vous avez (?:recu|envoye|paye|retire)|transfert|retrait|depot|paiement|ofunye|osindise|osasudde)\b"
)
_SUM: Final = re.compile(
    r"\b(?:ksh|kes|tsh|tshs|tzs|ugx|ush|shs?|rwf|frw|fcfa|cfa|xof|xaf|ngn|ghs|usd)s?[.: ]{0,2}\d"
    r"|\d ?(?:/[=-]|ksh|tsh|tshs|tzs|ugx|rwf|fcfa|f cfa|cfa|shs?|xof|xaf)\b"
)
_BALANCE: Final = re.compile(r"\b(?:balance|bal|salio|solde|balansi|baalansi)\b[^.!?\n]{0,40}?\d")
_FEE: Final = re.compile(r"\b(?:cost|fee|charge|gharama|ada|frais|makato|tozo|tax)s?\b")
_WHEN: Final = re.compile(r"\b\d{1,4}[/-](?:\d{1,2}|[a-z]{3,9})[/-]\d{2,4}\b|\b\d{1,2}:\d{2}\b")
_LOCKED: Final = re.compile(
    r"\b(?:balance|bal|salio|solde)\b[^.!?\n]{0,25}?(?:\(?locked|\(?suspended|\(?blocked|\(?pending|imefungwa|limefungwa|limezuiliwa|bloque)"
    r"|\((?:locked|pending|on hold|reversal)\)"
)
_ENOUGH: Final = 3


@dataclass(frozen=True, slots=True)
class ReceiptSigns:
    """Whether a text has the shape of a receipt, and what about it is not right."""

    is_receipt: bool
    locked_balance: bool
    no_balance: bool
    no_code: bool

    @property
    def is_odd(self) -> bool:
        """Say whether something is there, or missing, that no real receipt has."""
        return self.is_receipt and (self.locked_balance or (self.no_balance and self.no_code))


def receipt_signs(text: str) -> ReceiptSigns:
    """Look at a text of any length; the first 1,600 letters are read."""
    text = text[:_LONGEST]
    folded = bare(plain(text))
    has_code = bool(_CODE.search(text) or _NAMED_CODE.search(folded))
    has_balance = bool(_BALANCE.search(folded))
    locked = bool(_LOCKED.search(folded))
    moved = bool(_MOVED.search(folded)) and bool(_SUM.search(folded))
    parts = has_code + (has_balance or locked) + bool(_FEE.search(folded))
    parts += bool(_WHEN.search(folded))
    is_receipt = moved and (parts >= _ENOUGH - 1 or locked)
    return ReceiptSigns(is_receipt, locked, not has_balance, not has_code)

"""What the small model thinks of a text: how likely it is a scam, and how likely it is unwanted at all.

Texts of one market say little about those of another (reference: trained together they spoil each
other), so there is an expert for each market and a gate that tells which market a text resembles. An
expert is a linear machine over hashed features; its weights are bytes. The file is made by
`smsbot case train` and read once per process, when the first text is judged.
"""

from __future__ import annotations

import math
import re
import zlib
from array import array
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import orjson

from smsbot.errors import ConfigError
from smsbot.scamdesk.features import BUCKETS, LONGEST, features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAGIC: Final = b"smsbot-triage-1\n"
SWAHILI: Final = "sw"
_ENOUGH: Final = 0.15
_SOME: Final = 0.05
NOBODYS: Final = ""
"""The market of texts in a language that no expert has read: only the rules judge them."""
UNKNOWING: Final = 0.2
_NEARLY: Final = 1.2
_NOT_RULED_OUT: Final = 0.08
"""Below it a market's own expert is sure enough that nobody else is asked."""
_SWAHILI_WORDS: Final = (
    "na ya wa kwa ni hii hiyo ile iyo hizo namba nambari pesa hela jina tuma nitumie itume sasa yako"
    " yangu lako wako mimi wewe kwenye simu laini katika kama bado tu tafadhali asante habari ndugu"
    " mteja umepokea imethibitishwa salio kiasi kutoka za la cha vya hapa hapo leo kesho jana"
    " nimekosea rudisha nataka kwamba lakini pia kuwa ili au piga wakala shilingi hakuna usi baba"
    " mama kaka dada"
)
_FRENCH_WORDS: Final = (
    "le la les des du de un une et est sont vous votre vos nous notre je tu il elle ce cet cette ces"
    " au aux sur dans pour par avec pas ne que qui avez recu reçu compte solde montant numero numéro"
    " argent envoyez merci bonjour client service code cher chere chère être bien mais ou où si plus"
    " mon ma mes ton ta tes demain soir maman papa"
)
_SWAHILI: Final = frozenset(_SWAHILI_WORDS.split())
_FRENCH: Final = frozenset(_FRENCH_WORDS.split())
_WORD: Final = re.compile(r"[^\W\d_]+")
_BROKEN: Final = "the triage model is damaged: train it again with `smsbot case train`"


@dataclass(frozen=True, slots=True)
class Head:
    """One linear machine. A margin at `threshold` is a likelihood of one half.

    `shortest` and `longest` are the sizes of the pieces of words that it looks at.
    """

    weights: array[int]
    scale: float
    bias: float
    threshold: float = 0.0
    slope: float = 1.0
    shortest: int = 2
    longest: int = 5

    def margin(self, buckets: Sequence[int]) -> float:
        """Give the signed distance of a text: above zero speaks for."""
        if not buckets:
            return self.bias
        weights = self.weights
        return (
            sum([weights[bucket] for bucket in buckets]) * self.scale / math.sqrt(len(buckets))
            + self.bias
        )

    def likelihood(self, buckets: Sequence[int]) -> float:
        """Give 0 to 1."""
        far = (self.margin(buckets) - self.threshold) * self.slope
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, far))))


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model thinks: the market whose expert spoke, and its two likelihoods, 0 to 1.

    `unwanted` is scam or marketing; a text may be surely unwanted and not at all a scam.
    """

    market: str
    scam: float
    unwanted: float


@dataclass(frozen=True, slots=True)
class Model:
    """Experts by market and kind (`scam`, `unwanted`), and the gate's heads by market."""

    experts: Mapping[tuple[str, str], Head]
    gate: Mapping[str, Head]
    about: Mapping[str, object]

    def opinion(self, text: str, market: str = "") -> Opinion:
        """Judge a text; `market` is used as it is when the gate knows it.

        A market without a scam expert has none because nobody told its scams from its marketing. There
        a text is a scam when it is unwanted and another market's expert says so: the operator notices
        of one market look like the scams of another. What a market's own expert lets pass as wanted is
        looked at by those without a scam expert too: marketing is the same everywhere.
        """
        seen = _Seen(text)
        if market not in self.gate:
            market = self._market(seen)
        if market == NOBODYS:
            return Opinion(market, UNKNOWING, UNKNOWING)
        scam = self._likelihood(market, "scam", seen)
        unwanted = self._likelihood(market, "unwanted", seen)
        if scam is None:
            unwanted = unwanted or 0.0
            others = (self._likelihood(name, "scam", seen) for name in self._with_both())
            scam = min(unwanted, max((one for one in others if one is not None), default=0.0))
        elif unwanted is None:
            unwanted = scam
        else:
            unwanted = self._second_opinion(market, unwanted, seen)
        return Opinion(market, scam, max(scam, unwanted))

    def _second_opinion(self, market: str, unwanted: float, seen: _Seen) -> float:
        """Ask those without a scam expert whether a text is unwanted.

        Where the gate nearly chose such a market, its expert knows better what is usual there.
        Elsewhere it is heard only where the own expert does not rule it out.
        """
        own = self.gate[market]
        for name in self._without_scam():
            said = self._likelihood(name, "unwanted", seen)
            gate = self.gate[name]
            if said is None:
                continue
            if gate.margin(seen.by(gate)) + _NEARLY > own.margin(seen.by(own)):
                return said
            if unwanted > _NOT_RULED_OUT:
                unwanted = max(unwanted, said)
        return unwanted

    def _market(self, seen: _Seen) -> str:
        """Give the market that a text resembles; its commonest words, where there are enough, decide."""
        swahili, french = word_shares(seen.text)
        if SWAHILI in self.gate and swahili >= _ENOUGH and swahili >= french:
            return SWAHILI
        if french >= _ENOUGH or not is_latin(seen.text):
            return NOBODYS
        likely = [name for name in sorted(self.gate) if name != SWAHILI or swahili >= _SOME]
        if not likely:
            return NOBODYS
        return max(likely, key=lambda name: self.gate[name].margin(seen.by(self.gate[name])))

    def _likelihood(self, market: str, kind: str, seen: _Seen) -> float | None:
        head = self.experts.get((market, kind))
        return None if head is None else head.likelihood(seen.by(head))

    def _with_both(self) -> list[str]:
        markets = sorted(self.gate)
        return [
            name for name in markets if {(name, "scam"), (name, "unwanted")} <= self.experts.keys()
        ]

    def _without_scam(self) -> list[str]:
        return [name for name in sorted(self.gate) if (name, "scam") not in self.experts]


class _Seen:
    """A text and what heads see of it, each way once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: dict[tuple[int, int], list[int]] = {}

    def by(self, head: Head) -> list[int]:
        sizes = (head.shortest, head.longest)
        if sizes not in self._found:
            self._found[sizes] = features(self.text, *sizes)
        return self._found[sizes]


def word_shares(text: str) -> tuple[float, float]:
    """Give which part of the words are among the commonest of Swahili and of French, 0 to 1 each."""
    words = _WORD.findall(text[:LONGEST].lower())
    count = max(1, len(words))
    return sum(word in _SWAHILI for word in words) / count, sum(
        word in _FRENCH for word in words
    ) / count


def is_latin(text: str) -> bool:
    """Say whether most letters are Latin: the experts have read nothing else."""
    letters = [char for char in text[:LONGEST] if char.isalpha()]
    return not letters or sum(char < "\u0250" for char in letters) * 2 >= len(letters)


def pack(model: Model) -> bytes:
    """Give the file: a line of magic, then compressed JSON and the bytes of each head."""
    heads = {f"{market}.{kind}": head for (market, kind), head in model.experts.items()}
    heads |= {f"gate.{market}": head for market, head in model.gate.items()}
    index = {
        "about": dict(model.about),
        "heads": {
            name: [
                head.scale,
                head.bias,
                head.threshold,
                head.slope,
                head.shortest,
                head.longest,
            ]
            for name, head in sorted(heads.items())
        },
    }
    said = orjson.dumps(index, option=orjson.OPT_SORT_KEYS)
    body = b"".join(heads[name].weights.tobytes() for name in sorted(heads))
    return MAGIC + zlib.compress(len(said).to_bytes(4, "big") + said + body, 9)


def unpack(packed: bytes) -> Model:
    """Read a file; raise ConfigError when it is none of ours or damaged."""
    if not packed.startswith(MAGIC):
        raise ConfigError(_BROKEN)
    try:
        plain = zlib.decompress(packed[len(MAGIC) :])
        length = int.from_bytes(plain[:4], "big")
        index = orjson.loads(plain[4 : 4 + length])
        experts: dict[tuple[str, str], Head] = {}
        gate: dict[str, Head] = {}
        at = 4 + length
        for name, numbers in sorted(index["heads"].items()):
            weights = array("b", plain[at : at + BUCKETS])
            at += BUCKETS
            if len(weights) != BUCKETS:
                raise ConfigError(_BROKEN)
            market, _, kind = name.partition(".")
            if market == "gate":
                gate[kind] = Head(weights, *numbers)
            else:
                experts[market, kind] = Head(weights, *numbers)
    except (zlib.error, ValueError, KeyError, TypeError):
        raise ConfigError(_BROKEN) from None
    return Model(experts, gate, index["about"])


@cache
def shipped() -> Model:
    """Give the model of this package."""
    return unpack(files("smsbot.scamdesk").joinpath("triage.model").read_bytes())

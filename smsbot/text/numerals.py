"""Numbers in words, as people text them: `moja`, `elfu tano`, `five thousand`, `cinq mille`.

Small numbers for the languages we may speak; sums of money where the grammar is known. Words are
compared bare (`folding.bare`), so `ɗaya` and `daya`, `três` and `tres` are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsbot.text.folding import bare, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HIGHEST = 10**12
"""No answer is more than this."""


@dataclass(frozen=True, slots=True)
class Numerals:
    """The number words of one language. `scale_first`: `elfu tano` (sw), not `five thousand`."""

    small: Mapping[str, int]
    scales: Mapping[str, int] = field(default_factory=dict)
    joins: frozenset[str] = frozenset()
    scale_first: bool = False


def _count(line: str, first: int = 1, step: int = 1) -> dict[str, int]:
    """Number the words of a line; spellings of one number stand together, joined by `/`."""
    found: dict[str, int] = {}
    for place, spellings in enumerate(line.split()):
        for spelling in spellings.split("/"):
            found[bare(fold(spelling))] = first + place * step
    return found


LANGUAGES: Mapping[str, Numerals] = {
    "en": Numerals(
        _count(
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
            " fifteen sixteen seventeen eighteen nineteen"
        )
        | _count("twenty thirty forty/fourty fifty sixty seventy eighty ninety", 20, 10)
        | _count("first second third fourth fifth sixth seventh eighth ninth tenth"),
        {"hundred": 100, "thousand": 1000, "thousands": 1000, "thou": 1000, "grand": 1000}
        | {"million": 10**6, "millions": 10**6},
        frozenset({"and"}),
    ),
    "sw": Numerals(
        _count("moja/mosi mbili/pili tatu nne tano sita saba nane tisa kumi")
        | _count("ishirini thelathini arobaini hamsini sitini sabini themanini tisini", 20, 10)
        | {"kwanza": 1},
        {"mia": 100, "elfu": 1000, "laki": 10**5, "milioni": 10**6},
        frozenset({"na"}),
        scale_first=True,
    ),
    "fr": Numerals(
        _count(
            "un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze"
            " quinze seize"
        )
        | _count("vingt/vingts trente quarante cinquante soixante", 20, 10)
        | _count("premier/première deuxième troisième quatrième cinquième"),
        {"cent": 100, "cents": 100, "mille": 1000, "million": 10**6, "millions": 10**6},
        frozenset({"et"}),
    ),
    "pt": Numerals(
        _count("um/uma dois/duas três quatro cinco seis sete oito nove dez")
        | _count("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa", 20, 10),
        {"cem": 100, "cento": 100, "mil": 1000, "milhão": 10**6, "milhões": 10**6},
        frozenset({"e"}),
    ),
    "ha": Numerals(
        _count("ɗaya biyu uku huɗu biyar shida bakwai takwas tara goma")
        | _count("ashirin talatin arba'in hamsin sittin saba'in tamanin casa'in", 20, 10),
        {"dari": 100, "dubu": 1000, "miliyan": 10**6},
        frozenset({"da", "sha"}),
        scale_first=True,
    ),
    "am": Numerals(
        _count("አንድ ሁለት ሶስት አራት አምስት ስድስት ሰባት ስምንት ዘጠኝ አስር")
        | _count("ሃያ ሰላሳ አርባ ሃምሳ ስልሳ/ስድሳ ሰባ ሰማንያ ዘጠና", 20, 10),
        {"መቶ": 100, "ሺህ": 1000, "ሺ": 1000, "ሚሊዮን": 10**6},
        frozenset({"ከ"}),
    ),
    "ti": Numerals(_count("ሓደ ክልተ ሰለስተ ኣርባዕተ ሓሙሽተ ሽዱሽተ ሸውዓተ ሸሞንተ ትሽዓተ ዓሰርተ")),
    "om": Numerals(_count("tokko lama sadii afur shan ja'a/jaha torba saddeet sagal kudhan")),
    "so": Numerals(_count("kow/hal laba saddex afar shan lix toddoba siddeed sagaal toban")),
    "rw": Numerals(
        _count("rimwe kabiri gatatu kane gatanu gatandatu karindwi umunani icyenda icumi")
    ),
    "lg": Numerals(_count("emu bbiri ssatu nnya ttaano mukaaga musanvu munaana mwenda kkumi")),
    "yo": Numerals(
        _count(
            "ọkan/eni/kan eji/meji ẹta/mẹta ẹrin/mẹrin arun/marun ẹfa/mẹfa eje/meje ẹjọ/mẹjọ"
            " ẹsan/mẹsan ẹwa/mẹwa"
        )
    ),
    "ig": Numerals(_count("otu abụọ atọ anọ ise isii asaa asatọ itoolu iri")),
    "zu": Numerals(
        _count(
            "kunye kubili kuthathu kune kuhlanu isithupha isikhombisa isishiyagalombili"
            " isishiyagalolunye ishumi"
        )
    ),
    "ar": Numerals(
        _count("واحد اثنان/اثنين ثلاثة اربعة خمسة ستة سبعة ثمانية تسعة عشرة"),
        {"مئة": 100, "الف": 1000, "مليون": 10**6},
    ),
}
_ALWAYS = ("en", "sw", "fr", "am", "ar")
"""Read whatever the session speaks: what many people mix in, and scripts that collide with none."""
_TEN, _TWENTY, _HUNDRED = 10, 20, 100


def _known(language: str) -> list[Numerals]:
    codes = dict.fromkeys([language, *_ALWAYS])
    return [LANGUAGES[code] for code in codes if code in LANGUAGES]


def small_number(word: str, language: str = "") -> int | None:
    """Give what one folded word counts, in `language` first, then in those that are always read."""
    key = bare(word)
    for numerals in _known(language):
        if key in numerals.small:
            return numerals.small[key]
    return None


def scale(word: str, language: str = "") -> int | None:
    """Give what a word like `elfu` or `thousand` multiplies by."""
    key = bare(word)
    for numerals in _known(language):
        if key in numerals.scales:
            return numerals.scales[key]
    return None


def spoken(words: Sequence[str], language: str = "") -> int | None:
    """Give the number that folded words (and whole numbers among them) say, or None.

    Every word must belong to the number, in one language: `elfu ishirini na tano` is 25,000.
    """
    keys = [bare(word) for word in words]
    for numerals in _known(language):
        read = _scale_first if numerals.scale_first else _scale_last
        value = read([key for key in keys if key not in numerals.joins], numerals)
        if value is not None and 0 <= value <= HIGHEST:
            return value
    return None


def _whole(key: str, numerals: Numerals) -> int | None:
    if key in numerals.small:
        return numerals.small[key]
    return int(key) if key.isdecimal() and key.isascii() and len(key) <= len(str(HIGHEST)) else None


def _scale_last(keys: Sequence[str], numerals: Numerals) -> int | None:
    """English, French, Amharic: `two hundred thousand`, `quatre-vingt-dix mille`, `5 million`."""
    total = current = 0
    scale_before = HIGHEST
    for key in keys:
        scale_now = numerals.scales.get(key)
        if scale_now == _HUNDRED:  # stays within the group of thousands: `two hundred thousand`
            if current >= scale_now:
                return None
            current = max(current, 1) * scale_now
        elif scale_now:
            if scale_now >= scale_before:
                return None
            total += max(current, 1) * scale_now
            current, scale_before = 0, scale_now
        else:
            value = _whole(key, numerals)
            added = None if value is None else _added(current, value)
            if added is None:
                return None
            current = added
    return total + current if keys else None


def _added(current: int, value: int) -> int | None:
    """Give a group of words with one more: sixty + ten, hundred + five; not five + three."""
    if not current:
        return value
    below = current % _HUNDRED
    if (below, value) == (4, _TWENTY):  # quatre-vingt
        return current - 4 + 4 * _TWENTY
    if below == 0:
        return current + value if value < _HUNDRED else None
    return current + value if below % _TEN == 0 and value < _TWENTY <= below else None


def _scale_first(keys: Sequence[str], numerals: Numerals) -> int | None:
    """Swahili, Hausa: `elfu mbili mia tano`, `dubu biyar`; a scale alone is one of it."""
    total, at = 0, 0
    scale_before = HIGHEST
    while at < len(keys):
        scale_now = numerals.scales.get(keys[at], 0)
        at += bool(scale_now)
        small = _whole(keys[at], numerals) if at < len(keys) else None
        at += small is not None
        if small is not None and small >= _TEN and small % _TEN == 0 and at < len(keys):
            unit = numerals.small.get(keys[at], 0)
            if 0 < unit < _TEN:  # `ishirini na tano`
                small, at = small + unit, at + 1
        if small is None and not scale_now:
            return None
        if not scale_now and at < len(keys) and keys[at] in numerals.scales:
            scale_now, at = numerals.scales[keys[at]], at + 1  # `5 elfu`
        scale_now = scale_now or 1
        if scale_now >= scale_before:
            return None
        total += scale_now * (1 if small is None else small)
        scale_before = scale_now
    return total if keys else None

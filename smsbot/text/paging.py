"""How a long text becomes USSD pages: whole lines where possible, each page within its limit.

A page is one USSD message: 160 septets, or 70 UTF-16 units as soon as one letter is outside of
GSM 03.38, unless the channel says otherwise. Each page is counted in its own encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.text.graphemes import clusters
from smsbot.text.gsm import Encoding, measure
from smsbot.values import PageLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPACES = " \t\n"
_LEAST = 2
"""Units that any one code point needs: an ESC pair or a surrogate pair."""


def page_units(text: str) -> int:
    """Give the length of a page in the units of its own encoding."""
    return measure(text)[1]


def room_left(text: str, limit: PageLimit) -> int:
    """Give the units that are still free on a page; negative when it overflows."""
    encoding, used = measure(text)
    return (limit.gsm7 if encoding is Encoding.GSM7 else limit.ucs2) - used


def fits(text: str, limit: PageLimit) -> bool:
    """Say whether a text is within one page."""
    if len(text) > limit.gsm7 and len(text) > limit.ucs2:
        return False  # a code point is at least one unit: spares measuring a long text
    return room_left(text, limit) >= 0


def paginate(
    blocks: Sequence[str],
    limit: PageLimit,
    *,
    more: str,
    footer: str,
    last_footer: str | None = None,
) -> tuple[str, ...]:
    r"""Give the pages of a text, at least one, each within `limit`.

    `blocks` stand on lines of their own and stay whole: a page ends before a block that no longer
    fits. A block that no page could hold is cut between words, or in a word that is longer than a
    page. Every page but the last ends with the lines `more` and `footer`, the last with
    `last_footer` (`footer` when None); an empty line is left out. No word is lost or moved; only
    the space at a cut goes. Where a limit is too small for text and footer together, the footer
    gives way, then `more`. Limits under 2 count as 2, or a letter in two units would fit nowhere,
    and no page holds more units of UCS-2 than septets.
    """
    least = max(limit.gsm7, _LEAST)
    limit = PageLimit(least, max(min(limit.ucs2, least), _LEAST))
    last = footer if last_footer is None else last_footer
    rest = _trimmed(list(blocks))
    pages: list[str] = []
    while True:
        final = _page(rest, [last])
        if fits(final, limit):
            return (*pages, final)
        if not rest:
            return ("",)
        for tail in ([more, footer], [more], []):
            body, left = _fill(rest, tail, last, limit)
            if body:
                break
        left = _trimmed(left)
        if not left:  # all went on a page, but not with the last footer
            body, left = _held_back(body)
        if not left:
            return (*pages, _page(body, []))
        pages.append(_page(body, tail))
        rest = left


def _page(body: list[str], tail: list[str]) -> str:
    return "\n".join([*body, *filter(None, tail)])


def _trimmed(blocks: list[str]) -> list[str]:
    """Give the blocks without blank ones at either end: a page neither starts nor ends on them."""
    start, end = 0, len(blocks)
    while start < end and not blocks[start].strip(_SPACES):
        start += 1
    while start < end and not blocks[end - 1].strip(_SPACES):
        end -= 1
    return blocks[start:end]


def _fill(
    rest: list[str], tail: list[str], last: str, limit: PageLimit
) -> tuple[list[str], list[str]]:
    """Give what goes on the next page, and what is left. Nothing when not one letter fits."""
    body: list[str] = []
    for index, block in enumerate(rest):
        if fits(_page([*body, block], tail), limit):
            body.append(block)
            continue
        below = [last] if block is rest[-1] else tail
        if not fits(_page([block], below), limit):  # no page holds it: cut it, starting here
            head, remainder = _cut(block, body, tail, limit)
            if head:
                return [*body, head], [remainder, *rest[index + 1 :]]
        return _trimmed(body), rest[index:]
    return body, []


def _cut(block: str, body: list[str], tail: list[str], limit: PageLimit) -> tuple[str, str]:
    """Give the longest start of a block that fits below `body`, and the rest of the block."""
    text = block.lstrip(_SPACES)
    most, over = 0, min(len(text), max(limit.gsm7, limit.ucs2)) + 1
    while over - most > 1:
        middle = (most + over) // 2
        if fits(_page([*body, text[:middle]], tail), limit):
            most = middle
        else:
            over = middle
    return _split(text, most, within_words=not body)


def _split(text: str, most: int, *, within_words: bool) -> tuple[str, str]:
    """Cut a text between words, at `most` code points or before; ("", text) when that can't be."""
    for index in range(most, 0, -1):
        if text[index : index + 1] in _SPACES:  # also at the very end, where the slice is empty
            return text[:index].rstrip(_SPACES), text[index:].lstrip(_SPACES)
    if not within_words or not most:
        return "", text
    # A word longer than a page. The next letter's marks belong to it, hence a look beyond `most`.
    whole = 0
    for letter in clusters(text[: most + _LONGEST_LETTER]):
        if whole + len(letter) > most:
            break
        whole += len(letter)
    return text[: whole or most], text[whole or most :]


_LONGEST_LETTER = 16
"""Code points of the longest emoji in use, with room; a letter with more marks may be cut."""


def _held_back(body: list[str]) -> tuple[list[str], list[str]]:
    """Move something of a full page to the next, which is the last and must not be empty."""
    if len(body) > 1:
        return _trimmed(body[:-1]), body[-1:]
    head, remainder = _split(body[0], len(body[0]) // 2, within_words=True)
    return ([head], [remainder]) if head else (body, [])

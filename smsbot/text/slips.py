"""How many slips of the thumb lie between two words."""

from __future__ import annotations

_ONE_FROM, _TWO_FROM = 4, 8
"""Letters of a word from which one slip, and two, are forgiven: short words differ by one letter."""


def forgiven(word: str) -> int:
    """Give how many slips a word of this length may hold."""
    if len(word) >= _TWO_FROM:
        return 2
    return 1 if len(word) >= _ONE_FROM else 0


def within(left: str, right: str, most: int) -> bool:
    """Say whether at most `most` slips turn one word into the other.

    A slip is a letter too many, missing, wrong, or swapped with its neighbour (Damerau-Levenshtein,
    no letter edited twice). Costs nothing when the lengths differ by more than `most`.
    """
    if left == right:
        return True
    if most < 1 or abs(len(left) - len(right)) > most:
        return False
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(before) > most:
            return False
    return row[-1] <= most

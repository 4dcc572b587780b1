"""Drawing lots among people: the same seed, word and person give the same number, on any machine.

Who is held out, who is in the sample and who goes with the canary is decided by a number that a
keyed hash gives to each person, so it needs no list, no order and no memory, and can be repeated.
Numbers of different words or seeds have nothing to do with each other.
"""

from __future__ import annotations

from hashlib import blake2b

END = 2**62
"""Numbers are from 0 up to, not including, this one: they fit a signed 64-bit column."""
HOLD_OUT, SAMPLE, CANARY = "hold_out", "sample", "canary"


class Draw:
    """Draws for one word: `Draw(seed, word)(ref)`. Less than a microsecond a person."""

    __slots__ = ("_begun",)

    def __init__(self, seed: str, word: str) -> None:
        self._begun = blake2b(f"{seed}\0{word}\0".encode(), digest_size=8, person=b"smsbot-draw")

    def __call__(self, ref: str) -> int:
        """Give this person's number."""
        hashed = self._begun.copy()
        hashed.update(ref.encode())
        return int.from_bytes(hashed.digest()) >> 2


def draw(seed: str, word: str, ref: str) -> int:
    """Give one person's number for a word: uniform in 0..END-1."""
    return Draw(seed, word)(ref)


def below(share: float) -> int:
    """Give the bound under which this share of all draws falls."""
    return max(0, min(END, round(share * END)))


def seed_of(campaign_id: int) -> str:
    """Give a campaign's seed: its preview and each of its runs draw the same people.

    So a hold-out stays one through all runs of a repeated campaign. It need not be secret: nobody can
    tell a ref without the deployment's key.
    """
    return str(campaign_id)

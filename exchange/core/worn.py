"""What history's recorded trades took from its own levels since the last depth update.

An update gives it back where it does not confirm it (see `replay.restore`).
"""

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from exchange.core.units import Lots, Ticks

PAIR: Final = 2
"""Numbers to a level here: its price, below zero on the side of the asks, and what was taken."""


class Worn:
    """A few levels, in the order in which trades first took from them.

    They are so few, seldom more than one, that looking through them is the fastest way to find one.
    """

    def __init__(self) -> None:
        self.pairs: vec[i64] = vec[i64]()
        self.end: i64 = 0
        """The pairs before this count."""

    def add(self, price: i64, size: i64, *, buy: bool) -> None:
        """A trade took `size` from a level of the bids (or asks)."""
        at = self._place(price, buy=buy)
        if at == self.end:
            self.end += PAIR
            if at == len(self.pairs):
                self.pairs = append(append(self.pairs, 0), 0)
            self.pairs[at] = price if buy else -price
            self.pairs[at + 1] = 0
        self.pairs[at + 1] += size

    def forget(self, price: i64, *, buy: bool) -> None:
        """A level is told anew."""
        at = self._place(price, buy=buy)
        if at == self.end:
            return
        self.end -= PAIR
        while at < self.end:
            self.pairs[at] = self.pairs[at + PAIR]
            at += 1

    def clear(self) -> None:
        """All levels are."""
        self.end = 0

    def _place(self, price: i64, *, buy: bool) -> i64:
        """Where a level's pair is, or would be added."""
        pairs, key = self.pairs, price if buy else -price
        at: i64 = 0
        while at < self.end and pairs[at] != key:
            at += PAIR
        return at

    def sizes(self) -> dict[tuple[bool, Ticks], Lots]:
        """What was taken, by (is a bid, price)."""
        pairs = [int(number) for number in self.pairs[: self.end]]
        return {
            (key > 0, abs(key)): size for key, size in zip(pairs[::2], pairs[1::2], strict=True)
        }

"""Places by number, for the compiled core: what a dictionary does, without a Python object."""

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

NOWHERE: Final = -1
"""No place."""
FIRST: Final = 64
"""Chains at first; a power of two, as ever after."""


class Places:
    """Which place each number has; places are counted from 0, and used again.

    Numbers with the same last bits stand in one chain: those that count up seldom meet.
    It takes memory for as many as have a place at a time, not for all that ever had one.
    """

    def __init__(self) -> None:
        self.count: i64 = 0
        """How many numbers have a place."""
        self._heads: vec[i64] = vec[i64]([NOWHERE] * FIRST)
        """The place at the head of each chain."""
        self._links: vec[i64] = vec[i64]()
        """For each place its number, and the place behind it in its chain."""

    def find(self, number: i64) -> i64:
        """The place of a number, or NOWHERE."""
        heads, links = self._heads, self._links
        place = heads[number & (len(heads) - 1)]
        while place != NOWHERE and links[2 * place] != number:
            place = links[2 * place + 1]
        return place

    def put(self, number: i64, place: i64) -> None:
        """Let a number that has no place have one that nobody has."""
        if self.count == len(self._heads):
            self._grow()
        while len(self._links) <= 2 * place:
            self._links = append(append(self._links, 0), NOWHERE)
        self.count += 1
        heads, links = self._heads, self._links
        chain = number & (len(heads) - 1)
        links[2 * place] = number
        links[2 * place + 1] = heads[chain]
        heads[chain] = place

    def drop(self, number: i64) -> None:
        """Take its place from a number that has one."""
        self.count -= 1
        heads, links = self._heads, self._links
        chain = number & (len(heads) - 1)
        place, before = heads[chain], i64(NOWHERE)
        while links[2 * place] != number:
            before, place = place, links[2 * place + 1]
        if before == NOWHERE:
            heads[chain] = links[2 * place + 1]
        else:
            links[2 * before + 1] = links[2 * place + 1]

    def _grow(self) -> None:
        """Twice the chains."""
        old, links = self._heads, self._links
        heads = vec[i64]([NOWHERE] * (2 * len(old)))
        self._heads = heads
        at: i64 = 0
        while at < len(old):
            place = old[at]
            while place != NOWHERE:
                behind = links[2 * place + 1]
                chain = links[2 * place] & (len(heads) - 1)
                links[2 * place + 1] = heads[chain]
                heads[chain] = place
                place = behind
            at += 1

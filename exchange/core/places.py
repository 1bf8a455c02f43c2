"""Where in a book an order is, by its number: what a dictionary does, without a Python object."""

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from exchange.core.book import NONE, NUMBER, ROW, Book

FIRST: Final = 64
"""Chains at first: a power of two, as ever after."""


class Places:
    """The rows of a book that have numbers, in chains: a number's last bits say in which.

    Numbers that count up seldom meet in one.  A chain keeps rows only, as their numbers stand in
    the book, where whoever looks for a row goes next.  It takes memory for as many as rest at a
    time, not for all that ever did.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.count: i64 = 0
        """How many rows are here."""
        self._heads: vec[i64] = vec[i64]([NONE] * FIRST)
        """The first row of each chain."""
        self._behind: vec[i64] = vec[i64]()
        """For each row of the book, the next of its chain."""

    def find(self, number: i64) -> i64:
        """The row of a number, or NONE."""
        rows = self.book.rows
        row = self._heads[number & (len(self._heads) - 1)]
        while row != NONE and rows[row + NUMBER] != number:
            row = self._behind[row // ROW]
        return row

    def put(self, row: i64) -> None:
        """Take in a row, whose number no other here has."""
        if self.count == len(self._heads):
            self._grow()
        while len(self._behind) <= row // ROW:
            self._behind = append(self._behind, NONE)
        self.count += 1
        self._lead(row)

    def drop(self, row: i64) -> None:
        """Take out a row that is here."""
        self.count -= 1
        heads, behind = self._heads, self._behind
        chain = self.book.rows[row + NUMBER] & (len(heads) - 1)
        before = heads[chain]
        if before == row:
            heads[chain] = behind[row // ROW]
            return
        while behind[before // ROW] != row:
            before = behind[before // ROW]
        behind[before // ROW] = behind[row // ROW]

    def _lead(self, row: i64) -> None:
        """Set a row before the others of its chain."""
        heads = self._heads
        chain = self.book.rows[row + NUMBER] & (len(heads) - 1)
        self._behind[row // ROW] = heads[chain]
        heads[chain] = row

    def _grow(self) -> None:
        """Make twice the chains."""
        before = self._heads
        self._heads = vec[i64]([NONE] * (2 * len(before)))
        at: i64 = 0
        while at < len(before):
            row = before[at]
            while row != NONE:
                behind = self._behind[row // ROW]
                self._lead(row)
                row = behind
            at += 1

"""Edges: the marks from which on something has to be looked at, the first to be reached on top.

They are kept as a binary heap in which each entry knows its place, so that an edge is moved or
taken out where it stands: the heap holds what is watched and nothing else.
"""

from typing import TYPE_CHECKING, Final

from librt.vecs import append, vec
from mypy_extensions import i64

from exchange.core.units import MarkPrice

if TYPE_CHECKING:  # a pool knows what is watched for it, and that knows its pool
    from exchange.core.accounts import Pool

FAR: Final = (1 << 62) - 1
"""Stands for every price beyond it.  Marks and edges are cut alike, so no edge is ever late.  It is
the largest number that compiled code compares without an object for it."""


class Watched:
    """What a new mark of one market may endanger a pool through: a position, to begin with."""

    def __init__(self, pool: "Pool", market: int) -> None:
        self.pool = pool
        self.market = market
        """The number of the instrument whose mark it goes by."""
        self.edges: Edges | None = None
        """Where its edge is; None: it is not watched."""
        self.row = 0
        """What it is called there."""


class Edges:
    """Of one market, the edges of all that a fall endangers, or of all that a rise does.

    Keys are turned by `sign` so that either way the highest comes first.  What is watched has a
    row, which stays the same; only rows and keys move about in the heap.
    """

    def __init__(self, sign: int) -> None:
        self.sign: i64 = sign
        self.things: list[Watched] = []
        """By row."""
        self.place: vec[i64] = vec[i64]()
        """By row: where in the heap it stands."""
        self.count: i64 = 0
        self.keys: vec[i64] = vec[i64]()
        """The heap: sign * the first mark to be looked at.  None is higher than its parent's, which
        stands at half its place."""
        self.rows: vec[i64] = vec[i64]()
        """Whose keys these are; from `count` on, the rows that are free."""

    def put(self, thing: Watched, safe: MarkPrice) -> None:
        """Let a thing be looked at beyond `safe`, whatever held before."""
        if thing.edges is not self:
            if thing.edges is not None:
                thing.edges.remove(thing)
            thing.edges, thing.row = self, int(self._take_row(thing))
        first = safe - 1 if self.sign > 0 else safe + 1
        self._settle(self.place[thing.row], thing.row, self._key(first))

    def _key(self, mark: MarkPrice) -> i64:
        """A mark as it stands in the heap, its sign turned in 64 bits, where that costs nothing."""
        return self.sign * cut(mark)

    def remove(self, thing: Watched) -> None:
        """Watch a thing no longer; the last one in the heap fills the gap."""
        self.count -= 1
        row, last = thing.row, self.rows[self.count]
        if last != row:
            self._settle(self.place[row], last, self.keys[self.count])
        self.rows[self.count] = row
        thing.edges = None

    def _take_row(self, thing: Watched) -> i64:
        """A row for a thing, at the end of the heap for now."""
        if self.count == len(self.rows):
            self.things.append(thing)
            self.place = append(self.place, 0)
            self.keys = append(self.keys, 0)
            self.rows = append(self.rows, self.count)
        row = self.rows[self.count]
        self.things[row] = thing
        self.place[row] = self.count
        self.count += 1
        return row

    def _settle(self, at: i64, row: i64, key: i64) -> None:
        """Put a row where its key belongs, at or above or below a place that is free for it."""
        keys, rows, place = self.keys, self.rows, self.place
        while at > 0 and keys[(at - 1) >> 1] < key:
            parent = (at - 1) >> 1
            keys[at], rows[at] = keys[parent], rows[parent]
            place[rows[at]] = at
            at = parent
        child = 2 * at + 1
        while child < self.count:
            if child + 1 < self.count and keys[child] < keys[child + 1]:
                child += 1
            if keys[child] <= key:
                break
            keys[at], rows[at] = keys[child], rows[child]
            place[rows[at]] = at
            at = child
            child = 2 * at + 1
        keys[at], rows[at] = key, row
        place[row] = at

    def reached(self, mark: MarkPrice) -> list[Watched]:
        """All whose edge this mark has reached.  They hang together at the top of the heap."""
        keys, reach, count = self.keys, self._key(mark), self.count
        if not count or keys[0] < reach:
            return []
        found = [self.things[self.rows[0]]]
        for thing in found:
            # In turn, what is below those that were found.
            child = 2 * self.place[thing.row] + 1
            if child < count and keys[child] >= reach:
                found.append(self.things[self.rows[child]])
            if child + 1 < count and keys[child + 1] >= reach:
                found.append(self.things[self.rows[child + 1]])
        return found

    def check(self) -> None:
        """Assert that everybody is where they think, and the first to be reached on top."""
        for at in range(int(self.count)):
            row = self.rows[at]
            assert self.things[row].edges is self, "an edge is kept for what is not watched here"
            assert self.things[row].row == row, "what is watched has another's row"
            assert self.place[row] == at, "an edge is mislaid"
            assert self.keys[at] <= self.keys[(at - 1) >> 1 if at else 0], "edges are out of order"


def cut(price: int) -> i64:
    """A price, or what stands for it."""
    return max(-FAR, min(price, FAR))

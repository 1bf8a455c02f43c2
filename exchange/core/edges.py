"""Edges: the marks from which on something has to be looked at, the first to be reached on top.

They are kept as a heap in which each entry knows its place, so that an edge is moved or
taken out where it stands: the heap holds what is watched and nothing else.
"""

from typing import TYPE_CHECKING, Final

from librt.vecs import append, vec
from mypy_extensions import i64

from exchange.core.units import MarkPrice

if TYPE_CHECKING:  # a pool knows what is watched for it, and that knows its pool
    from exchange.core.accounts import Pool

FAN: Final = 4
"""How many stand below each in the heap.  Half as many steps lead down as where there are two
(Johnson, Priority queues with update and finding minimum spanning trees, 1975), and what one step
compares comes from memory together."""
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
    row, which stays the same; only pairs of a key and a row move about in the heap.
    """

    def __init__(self, sign: int) -> None:
        self.sign: i64 = sign
        self.things: list[Watched] = []
        """By row."""
        self.place: vec[i64] = vec[i64]()
        """By row: where in the heap it stands."""
        self.count: i64 = 0
        self.heap: vec[i64] = vec[i64]()
        """Two numbers for each place: a key, which is sign * the first mark to be looked at, and
        whose it is.  No key is higher than its parent's, below which it is one of `FAN`.  From
        `count` on, only the rows say something: they are free."""

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
        heap, row, end = self.heap, thing.row, 2 * self.count
        last = heap[end + 1]
        if last != row:
            self._settle(self.place[row], last, heap[end])
        heap[end + 1] = row
        thing.edges = None

    def _take_row(self, thing: Watched) -> i64:
        """A row for a thing, at the end of the heap for now."""
        end = 2 * self.count
        if end == len(self.heap):
            self.things.append(thing)
            self.place = append(self.place, 0)
            self.heap = append(append(self.heap, 0), self.count)
        row = self.heap[end + 1]
        self.things[row] = thing
        self.place[row] = self.count
        self.count += 1
        return row

    def _settle(self, at: i64, row: i64, key: i64) -> None:
        """Put a row where its key belongs, at or above or below a place that is free for it."""
        heap = self.heap
        while at > 0 and heap[2 * ((at - 1) // FAN)] < key:
            at = self._move((at - 1) // FAN, at)
        child = self._highest_below(at)
        while child > 0 and heap[2 * child] > key:
            at = self._move(child, at)
            child = self._highest_below(at)
        heap[2 * at], heap[2 * at + 1] = key, row
        self.place[row] = at

    def _move(self, source: i64, target: i64) -> i64:
        """Let a pair stand elsewhere; returns the place that it leaves."""
        heap = self.heap
        heap[2 * target], heap[2 * target + 1] = heap[2 * source], heap[2 * source + 1]
        self.place[heap[2 * source + 1]] = target
        return source

    def _highest_below(self, at: i64) -> i64:
        """Where the highest key right below a place is, or 0."""
        heap, child = self.heap, FAN * at + 1
        end = min(child + FAN, self.count)
        if child >= end:
            return 0
        highest = child
        while child < end:
            if heap[2 * child] > heap[2 * highest]:
                highest = child
            child += 1
        return highest

    def reached(self, mark: MarkPrice) -> list[Watched]:
        """All whose edge this mark has reached.  They hang together at the top of the heap."""
        heap, reach, count = self.heap, self._key(mark), self.count
        places = vec[i64]()
        if count and heap[0] >= reach:
            places = append(places, 0)
        at: i64 = 0
        while at < len(places):
            # In turn, what is below those that were found.
            child = FAN * places[at] + 1
            end = min(child + FAN, count)
            while child < end:
                if heap[2 * child] >= reach:
                    places = append(places, child)
                child += 1
            at += 1
        # Things lie far apart.  Asked for side by side, they are waited for together.
        return [self.things[heap[2 * place + 1]] for place in places]

    def holds(self, thing: Watched) -> bool:
        """Whether a thing's entry is where the thing says; it always is."""
        return self.heap[2 * self.place[thing.row] + 1] == thing.row

    def check(self) -> None:
        """Assert that everybody is where they think, and the first to be reached on top."""
        for at in range(int(self.count)):
            key, row = self.heap[2 * at], self.heap[2 * at + 1]
            parent = (at - 1) // FAN if at else 0
            assert self.things[row].edges is self, "an edge is kept for what is not watched here"
            assert self.things[row].row == row, "what is watched has another's row"
            assert self.place[row] == at, "an edge is mislaid"
            assert key <= self.heap[2 * parent], "edges are out of order"


def cut(price: int) -> i64:
    """A price, or what stands for it."""
    return max(-FAR, min(price, FAR))

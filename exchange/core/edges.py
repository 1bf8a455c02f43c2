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

NOWHERE: Final = -1
FAR: Final = 1 << 62
"""Stands for every price beyond it.  Marks and edges are cut alike, so no edge is ever late."""


class Watched:
    """What a new mark of one market may endanger a pool through: a position, to begin with."""

    def __init__(self, pool: "Pool", market: int) -> None:
        self.pool = pool
        self.market = market
        """The number of the instrument whose mark it goes by."""
        self.edges: Edges | None = None
        """Where its edge is; None: it is not watched."""
        self.place = NOWHERE


class Edges:
    """Of one market, the edges of all that a fall endangers, or of all that a rise does.

    Keys are turned by `sign` so that either way the highest comes first.
    """

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.things: list[Watched] = []
        self.keys: vec[i64] = vec[i64]()
        """sign * the first mark to be looked at, for each thing; what is beyond them is not used.

        No key is higher than that at half its place, its parent's.
        """

    def put(self, thing: Watched, safe: MarkPrice) -> None:
        """Let a thing be looked at beyond `safe`, whatever held before."""
        key = cut(self.sign * safe - 1)
        if thing.edges is not self:
            if thing.edges is not None:
                thing.edges.remove(thing)
            thing.edges, thing.place = self, len(self.things)
            self.things.append(thing)
            if len(self.keys) < len(self.things):
                self.keys = append(self.keys, key)
        self._settle(thing, thing.place, key)

    def remove(self, thing: Watched) -> None:
        """Watch a thing no longer; the last one fills the gap."""
        last = self.things.pop()
        if last is not thing:
            self._settle(last, thing.place, self.keys[len(self.things)])
        thing.edges, thing.place = None, NOWHERE

    def _settle(self, thing: Watched, place: i64, key: i64) -> None:
        """Put a thing where its key belongs, at or above or below a place that is free for it."""
        keys, things = self.keys, self.things
        while place > 0 and keys[(place - 1) >> 1] < key:
            self._move((place - 1) >> 1, place)
            place = (place - 1) >> 1
        count: i64 = len(things)
        below = 2 * place + 1
        while below < count:
            if below + 1 < count and keys[below] < keys[below + 1]:
                below += 1
            if keys[below] <= key:
                break
            self._move(below, place)
            place = below
            below = 2 * place + 1
        keys[place] = key
        things[place] = thing
        thing.place = int(place)

    def _move(self, source: i64, target: i64) -> None:
        moved = self.things[source]
        self.things[target] = moved
        self.keys[target] = self.keys[source]
        moved.place = int(target)

    def reached(self, mark: MarkPrice) -> list[Watched]:
        """All whose edge this mark has reached.  They hang together at the top of the heap."""
        keys, reach, count = self.keys, cut(self.sign * mark), len(self.things)
        if not count or keys[0] < reach:
            return []
        places = [0]
        for place in places:
            # In turn, what is below those that were found.
            below = (2 * place + 1, 2 * place + 2)
            places += [at for at in below if at < count and keys[at] >= reach]
        return [self.things[place] for place in places]

    def check(self) -> None:
        """Assert that everybody is where they think, and the first to be reached on top."""
        for place, thing in enumerate(self.things):
            assert thing.edges is self, "an edge is kept for what is not watched here"
            assert thing.place == place, "an edge is mislaid"
            assert self.keys[(place - 1) >> 1 if place else 0] >= self.keys[place], "edges unsorted"


def cut(price: int) -> i64:
    """A price, or what stands for it."""
    return max(-FAR, min(price, FAR))

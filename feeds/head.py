"""The foremost item of a feed that is merged with others."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import final

from exchange.core.units import Nanos
from exchange.feed import TURNS, Feed, FeedItem
from exchange.scheduler import Turn

Key = tuple[Nanos, Turn, int]
"""When an item comes: its time, its turn, and the rank of its feed."""


@final
class Head:
    """The foremost item of one feed."""

    def __init__(self, rank: int, feed: Feed) -> None:
        self._rank = rank
        self._batches = aiter(feed)
        self._batch: list[FeedItem] = []
        self._next = 0

    def key(self) -> Key:
        """When this item comes."""
        return self._key(self._batch[self._next])

    def _key(self, item: FeedItem) -> Key:
        return item.at, TURNS.get(type(item), Turn.HISTORY), self._rank

    def pour(self, into: list[FeedItem], until: Key | None, most: int) -> bool:
        """Hand on this item, and what comes before `until`, up to `most` in all.

        False: the feed's own batch is used up.
        """
        batch = self._batch
        for place in range(self._next, len(batch)):
            item = batch[place]
            is_late = until is not None and item.at >= until[0] and self._key(item) > until
            if is_late or len(into) == most:
                self._next = place
                return True
            into.append(item)
        return False

    async def refill(self) -> bool:
        """Take the next batch that is not empty.  False: the feed has ended."""
        async for batch in self._batches:
            if batch:
                self._batch, self._next = batch, 0
                return True
        return False


def pour(heads: Sequence[Head], queue: list[Key], into: list[FeedItem], most: int) -> Head | None:
    """Hand on what comes first, up to `most` in all, or until a feed's own batch is used up.

    `queue`: a heap of the keys of those heads that have something.  Returns the feed that has not.
    """
    while queue and len(into) < most:
        head = heads[heappop(queue)[2]]
        if not head.pour(into, queue[0] if queue else None, most):
            return head
        heappush(queue, head.key())
    return None

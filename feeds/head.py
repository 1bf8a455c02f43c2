"""The foremost item of a feed that is merged with others."""

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
        self.key: Key = (0, Turn.MARK, rank)

    def pour(self, into: list[FeedItem], until: Key | None, most: int) -> bool:
        """Hand on this item, and what comes before `until`, up to `most` in all.

        False: the feed's own batch is used up.
        """
        batch, rank = self._batch, self._rank
        for place in range(self._next, len(batch)):
            item = batch[place]
            self.key = (item.at, TURNS.get(type(item), Turn.HISTORY), rank)
            if len(into) == most or (until is not None and self.key > until):
                self._next = place
                return True
            into.append(item)
        return False

    async def refill(self) -> bool:
        """Take the next batch that is not empty.  False: the feed has ended."""
        async for batch in self._batches:
            if batch:
                self._batch, self._next = batch, 0
                first = batch[0]
                self.key = (first.at, TURNS.get(type(first), Turn.HISTORY), self._rank)
                return True
        return False

"""Many feeds as one, in order of time, then turn, then the feeds' own order."""

from collections.abc import AsyncIterator
from heapq import heappop, heappush

from exchange.core.units import Nanos
from exchange.feed import TURNS, Feed, FeedItem
from exchange.scheduler import Turn
from feeds.defects import TickFileError
from feeds.source import BATCH, Source

Key = tuple[Nanos, Turn, int]


class Merge(Source):
    """Several feeds, streamed as one.

    At equal times marks, indices and funding rates of any feed come before depth and trades of
    any other; after that the first feed goes first.  A feed's own items never change places.
    """

    def __init__(self, *feeds: Feed) -> None:
        super().__init__()
        self.feeds = feeds
        self.name = ", ".join(source.name for source in self.sources)

    async def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin every feed, and merge them.  An error of one comes after all items before it."""
        heads = [_Head(rank, feed) for rank, feed in enumerate(self.feeds)]
        batch: list[FeedItem] = []
        try:
            queue: list[Key] = []
            for head in heads:
                if await head.refill():
                    heappush(queue, head.key)
            while queue:
                head = heads[heappop(queue)[2]]
                more = head.pour(batch, queue[0] if queue else None)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
                if more or await head.refill():
                    heappush(queue, head.key)
        except TickFileError:
            if batch:
                yield batch
            raise
        if batch:
            yield batch

    @property
    def sources(self) -> list[Source]:
        """Every source that is merged here."""
        inner = [feed for feed in self.feeds if isinstance(feed, Source)]
        return [source for feed in inner for source in feed.sources]

    @property
    def position(self) -> int:
        """How much of all sources was read."""
        return sum(source.position for source in self.sources)

    @property
    def size(self) -> int:
        """How much all sources have."""
        return sum(source.size for source in self.sources)


class _Head:
    """The foremost item of one feed."""

    def __init__(self, rank: int, feed: Feed) -> None:
        self._rank = rank
        self._batches = aiter(feed)
        self._batch: list[FeedItem] = []
        self._next = 0
        self.key: Key

    def pour(self, into: list[FeedItem], until: Key | None) -> bool:
        """Hand on this item, and what comes before `until`, up to BATCH in all.

        False: the feed's own batch is used up.
        """
        batch, rank = self._batch, self._rank
        for place in range(self._next, len(batch)):
            item = batch[place]
            self.key = (item.at, TURNS.get(type(item), Turn.HISTORY), rank)
            if len(into) == BATCH or (until is not None and self.key > until):
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

"""Many feeds as one, in order of time, then turn, then the feeds' own order."""

from collections.abc import AsyncIterator
from heapq import heappush

from exchange.feed import Feed, FeedItem
from feeds.defects import TickFileError
from feeds.head import Head, Key, pour
from feeds.source import BATCH, Source


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
        heads = [Head(rank, feed) for rank, feed in enumerate(self.feeds)]
        batch: list[FeedItem] = []
        try:
            queue: list[Key] = []
            for head in heads:
                if await head.refill():
                    heappush(queue, head.key())
            while queue:
                empty = pour(heads, queue, batch, BATCH)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
                if empty is not None and await empty.refill():
                    heappush(queue, empty.key())
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

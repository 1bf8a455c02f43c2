"""A feed that is written down: the marks, books and trades of a scenario's own steps."""

from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

from exchange.feed import FeedItem
from feeds.source import BATCH, Source


class PricePath(Source):
    """The given items, which must be in order of time.  Raises ValueError where they are not."""

    def __init__(self, items: Iterable[FeedItem], name: str = "steps") -> None:
        super().__init__()
        self.name = name
        self._items = list(items)
        self._read = 0
        for number, (one, other) in enumerate(pairwise(self._items), start=2):
            if other.at < one.at:
                raise ValueError(
                    f"{name}: item {number} is at {other.at}, before item {number - 1} at {one.at}"
                )

    async def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin from the first item."""
        for start in range(0, len(self._items), BATCH):
            batch = self._items[start : start + BATCH]
            self._read = start + len(batch)
            yield batch

    @property
    def position(self) -> int:
        """Items handed out."""
        return self._read

    @property
    def size(self) -> int:
        """Items in all."""
        return len(self._items)

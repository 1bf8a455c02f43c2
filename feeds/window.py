"""A part of a feed, from one moment to another, that opens with the state of the market then."""

from collections.abc import AsyncIterator, Iterator

from msgspec.structs import replace

from exchange.core.messages import (
    Command,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
)
from exchange.core.units import Lots, Nanos, Ticks
from exchange.feed import FeedItem
from feeds.defects import TickFileError
from feeds.source import Source

PRICES = (UpdateIndexPrice, UpdateFundingRate, UpdateMarkPrice)


class Window(Source):
    """The items of `feed` with `start <= at < end`.

    What came before is not lost: the window opens at `start` with the index price, funding rate
    and mark price last seen, and with the book as it stood, as a snapshot.
    Raises TickFileError when the feed ends before the window, or has nothing up to its end.
    """

    def __init__(self, feed: Source, start: Nanos | None = None, end: Nanos | None = None) -> None:
        super().__init__()
        self.feed = feed
        self.name = feed.name
        self.start: Nanos = 0 if start is None else start
        self.end = end

    async def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Read the feed from its beginning, and hand on the window."""
        opening, opened, last = Standing(), False, 0
        async for batch in self.feed:
            before, inside, ended = self._split(batch)
            last = batch[-1].at if batch else last
            opening.take(before)
            if inside and not opened:
                opened = True
                inside = [*opening.items(self.start), *inside]
            if inside:
                yield inside
            if ended:
                break
        if not opened and self.feed.reached >= self.start:
            standing = list(opening.items(self.start))
            if standing:
                yield standing
                return
        if not opened:
            until = "the end" if self.end is None else str(self.end)
            raise TickFileError(
                f"{self.name}: nothing between {self.start} and {until}, it was read to {last}"
            )

    def _split(self, batch: list[FeedItem]) -> tuple[list[FeedItem], list[FeedItem], bool]:
        """What lies before the window, what in it, and whether the window has ended."""
        if not batch:
            return [], [], False
        ended = self.end is not None and batch[-1].at >= self.end
        if batch[0].at >= self.start and not ended:
            return [], batch, False
        before = [item for item in batch if item.at < self.start]
        inside = [item for item in batch[len(before) :] if self.end is None or item.at < self.end]
        return before, inside, ended

    @property
    def sources(self) -> list[Source]:
        """The sources that the window looks into."""
        return self.feed.sources

    @property
    def position(self) -> int:
        """How much of the feed was read."""
        return self.feed.position

    @property
    def size(self) -> int:
        """How much the feed has."""
        return self.feed.size

    @property
    def defects(self) -> dict[str, int]:
        """How many defective rows were skipped or repaired, by kind."""
        return self.feed.defects

    @property
    def first_defects(self) -> dict[str, str]:
        """The first defect of each kind, with file and row."""
        return self.feed.first_defects


class Standing:
    """Where the market stands: what outlasts the moment of what was told so far."""

    def __init__(self) -> None:
        self._prices: dict[tuple[str, str], Command] = {}
        self._books: dict[str, tuple[dict[Ticks, Lots], dict[Ticks, Lots]]] = {}
        self._orders: dict[str, dict[int, tuple[bool, Ticks, Lots]]] = {}
        """Single orders by number, in the order in which they joined their queues."""

    def take(self, items: list[FeedItem]) -> None:
        """Remember what outlasts the moment: prices, rates and levels.  Trades do not."""
        for item in items:
            if isinstance(item, UpdateDepth):
                self._depth(item)
            elif isinstance(item, UpdateOrders):
                self._singles(item)
            elif isinstance(item, PRICES):
                self._prices[type(item).__name__, item.symbol] = item

    def _depth(self, update: UpdateDepth) -> None:
        if update.snapshot or update.symbol not in self._books:
            self._books[update.symbol] = ({}, {})
        for side, rows in zip(self._books[update.symbol], (update.bids, update.asks), strict=True):
            for price, size in rows:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)

    def _singles(self, update: UpdateOrders) -> None:
        known = self._orders.setdefault(update.symbol, {})
        if update.snapshot:
            known.clear()
        for buy, rows in ((True, update.bids), (False, update.asks)):
            for number, price, size in rows:
                old = known.get(number)
                if old is None or (old[0], old[1]) != (buy, price) or not 0 < size <= old[2]:
                    known.pop(number, None)
                if size:
                    known[number] = (buy, price, size)

    def items(self, at: Nanos) -> Iterator[FeedItem]:
        """The market at that moment, prices first."""
        for price in self._prices.values():
            yield replace(price, at=at)
        for symbol, (bids, asks) in self._books.items():
            yield UpdateDepth(
                at=at,
                symbol=symbol,
                bids=tuple(bids.items()),
                asks=tuple(asks.items()),
                snapshot=True,
            )
        for symbol, orders in self._orders.items():
            rows = [(buy, (number, price, size)) for number, (buy, price, size) in orders.items()]
            yield UpdateOrders(
                at=at,
                symbol=symbol,
                bids=tuple(row for buy, row in rows if buy),
                asks=tuple(row for buy, row in rows if not buy),
                snapshot=True,
            )

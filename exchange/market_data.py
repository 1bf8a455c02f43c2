"""Market data: who follows what, and what is made only because somebody does.

Quotes, trades and prices are the venue's own public events.  Books and bars are made here, at the
moment of the events behind them, and travel like all market data.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeAlias

from exchange.bars import Bar, BarMaker, BarSource
from exchange.core.messages import (
    BookView,
    Event,
    MarketEvent,
    MarkPriceChanged,
    QuoteChanged,
    Traded,
)
from exchange.core.units import Nanos
from exchange.core.venue import Venue
from exchange.scheduler import Timeline

BOOK_DEPTH: Final = 20
"""Levels of each side that followers of a book see."""
MADE_OF: Final[dict[BarSource, type[MarketEvent]]] = {
    BarSource.TRADES: Traded,
    BarSource.MARKS: MarkPriceChanged,
}

Told: TypeAlias = Callable[[Any], None]
"""Takes what one follows, when the venue publishes it."""


class Floor(Timeline, Protocol):
    """What market data needs of the runtime."""

    venue: Venue


class MarketData:
    """Publishes to those who follow, and does nothing for what nobody does."""

    def __init__(self, floor: Floor, *, all_quotes: bool) -> None:
        """`all_quotes`: somebody else takes those that nobody follows."""
        self._floor = floor
        self._all_quotes = all_quotes
        if not all_quotes:
            floor.venue.quote_only(())
        self._followers: dict[type, dict[str, list[Told]]] = {}
        self._bars: dict[tuple[str, Nanos, BarSource], list[Told]] = {}
        self.books: dict[str, tuple[int, BookView]] = {}
        """Followed books, as last published, with the venue's count of their changes."""

    def follow(self, kind: type[Event | BookView], symbol: str, told: Told) -> None:
        """From now on, be told of an instrument's public events, or of its book as it is now."""
        followers = self._followers.setdefault(kind, {})
        followers.setdefault(symbol, []).append(told)
        if kind is QuoteChanged and not self._all_quotes:
            self._floor.venue.quote_only(followers)
        if kind is BookView:
            venue = self._floor.venue
            book = venue.book_view(symbol, BOOK_DEPTH)
            self.books[symbol] = venue.book_changes(symbol), book
            told(book)

    def follow_bars(self, symbol: str, length: Nanos, source: BarSource, told: Told) -> None:
        """From now on, be told of an instrument's bars.  Raises ValueError for a length of 0."""
        if length <= 0:
            raise ValueError(f"length of bars was {length} ns, expected more than 0")
        key = (symbol, length, source)
        followers = self._bars.get(key)
        if followers is None:
            followers = self._bars[key] = []
            maker = BarMaker(self._floor, symbol, length, source, lambda bar: tell(followers, bar))
            self.follow(MADE_OF[source], symbol, maker.take)
        followers.append(told)

    def publish(self, event: MarketEvent) -> None:
        """Tell those who follow."""
        followers = self._followers.get(type(event))
        if followers is not None:
            tell(followers.get(event.symbol, ()), event)

    def publish_books(self) -> None:
        """Tell those who follow a book that has changed in what they see of it."""
        venue = self._floor.venue
        for symbol, (seen, last) in self.books.items():
            changes = venue.book_changes(symbol)
            if changes != seen:
                book = venue.book_view(symbol, BOOK_DEPTH, last)
                self.books[symbol] = changes, book
                if book != last:
                    tell(self._followers[BookView][symbol], book)


def tell(followers: Iterable[Told], news: Event | BookView | Bar) -> None:
    """Tell each of them, in the order in which they came."""
    for told in followers:
        told(news)

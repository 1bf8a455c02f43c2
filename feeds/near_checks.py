"""Checks of the rebuilt book where quotes and depth share no numbers, only their order.

Two streams of one venue run beside each other: quotes may come a little before the depth update
that they belong to, or up to seconds after it.  So each quote is looked for among the book's best
prices of the last `LAG`, not before the one that the last quote was found at; then among those of
the next `LEAD`.  Where it is found, the venue's book is checked there.  Venues leave out changes
between two messages, so a quote's sizes, and seldom its prices, may be found nowhere: then the
check is made where the prices are right, or else where the quote came, and counts as a difference.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeAlias

from exchange.core.messages import UpdateDepth
from exchange.core.units import SECOND, Nanos
from exchange.feed import BookCheck, FeedItem
from feeds.best import Best, Levels
from feeds.told import Quote

LAG: Nanos = 3 * SECOND
LEAD: Nanos = 2 * SECOND


Shows: TypeAlias = Callable[[Best, Quote], bool]


def _shows_prices(best: Best, quote: Quote) -> bool:
    return (best[0], best[2]) == (quote.bid, quote.ask)


def _shows(best: Best, quote: Quote) -> bool:
    if not quote.sized:
        return _shows_prices(best, quote)
    return best == (quote.bid, quote.bid_size, quote.ask, quote.ask_size)


class _Held:
    """An item that waits, the book's best after it, and the checks that belong there."""

    def __init__(self, item: FeedItem, best: Best | None) -> None:
        self.item = item
        self.best = best
        self.checks: list[BookCheck] = []


class NearChecks:
    """A queue that holds every item back for `LAG`, and puts checks where quotes belong."""

    def __init__(self, notes: Counter[str]) -> None:
        self._notes = notes
        self._levels = Levels()
        self._held: deque[_Held] = deque()
        self._first = 0
        """Number of the first item held; items are numbered from 0."""
        self._from = 0
        """Number of the item at which the last quote was found."""
        self._open: deque[Quote] = deque()
        """Quotes that no book has shown yet, in order."""
        self._now: Nanos = 0

    def depth(self, update: UpdateDepth) -> None:
        """An update of the book; it may be what open quotes have waited for."""
        self._levels.apply(update)
        self._hold(_Held(update, self._levels.best))
        while self._open and self._finds(self._open[0]):
            self._open.popleft()

    def other(self, item: FeedItem) -> None:
        """An item that needs no check."""
        self._hold(_Held(item, None))

    def quote(self, quote: Quote) -> None:
        """Best bid and ask as recorded."""
        if not self._levels.bids and not self._levels.asks:
            self._notes["quotes before the book"] += 1
        elif self._open or not self._finds(quote):
            self._open.append(quote)

    def ready(self) -> Iterator[FeedItem]:
        """What need not wait any more."""
        while self._open and self._open[0].at + LEAD < self._now:
            self._give_up()
            while self._open and self._finds(self._open[0]):
                self._open.popleft()
        while self._held and self._held[0].item.at + LAG < self._now:
            yield from self._release()

    def rest(self) -> Iterator[FeedItem]:
        """Everything that still waits: the file has ended."""
        while self._open:
            if not self._finds(self._open.popleft(), _shows_prices):
                self._notes["book checks without a book"] += 1
        while self._held:
            yield from self._release()

    def _hold(self, held: _Held) -> None:
        self._held.append(held)
        self._now = held.item.at

    def _release(self) -> Iterator[FeedItem]:
        held = self._held.popleft()
        self._first += 1
        yield held.item
        yield from held.checks

    def _finds(self, quote: Quote, shows: Shows = _shows) -> bool:
        """Look for the book that shows a quote, and put the check there."""
        begin = max(self._from - self._first, 0)
        for number, held in enumerate(islice(self._held, begin, None), start=begin):
            if held.best is not None and shows(held.best, quote):
                held.checks.append(_check(quote, held.item.at, held.best))
                self._from = self._first + number
                return True
        return False

    def _give_up(self) -> None:
        """A quote that no book has shown: a check where it will differ least."""
        quote = self._open.popleft()
        if self._finds(quote, _shows_prices):
            return
        books = [held for held in self._held if held.best is not None]
        before = [held for held in books if held.item.at <= quote.at]
        nearest = before[-1:] or books[:1]
        if not nearest:
            self._notes["book checks without a book"] += 1
        for held in nearest:
            assert held.best is not None, "only books are near"
            held.checks.append(_check(quote, held.item.at, held.best))


def _check(quote: Quote, at: Nanos, best: Best) -> BookCheck:
    """A quote without sizes takes the book's own: only its prices are compared."""
    return BookCheck(
        at=at,
        symbol=quote.symbol,
        bid=quote.bid,
        bid_size=quote.bid_size if quote.sized else best[1],
        ask=quote.ask,
        ask_size=quote.ask_size if quote.sized else best[3],
    )

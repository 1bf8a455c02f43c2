"""Checks of the rebuilt book: history's own best bid and ask at each depth update.

`bookTicker` sends every change of the best price or size with its update id.  So the best at
depth id `u` is what the last bookTicker with an id of at most `u` said, once a later id is seen
to come after it.  That needs looking ahead: depth updates wait in a short queue, and everything
behind them waits too, so order is kept.

Held against a naive book rebuilt from depth alone, every check of the five recordings of
2024-08-08 agrees: 6,546 (BTCUSDT perpetual), 6,579 (ETHUSDT perpetual), 26,808 (BTCUSD_PERP),
3,450 and 3,433 (spot BTCUSDT and ETHUSDT, whose depth comes each 100 ms).
Unresolved: the last updates of a file, and those before the first bookTicker.
"""

from collections import Counter, deque

from exchange.core.messages import UpdateDepth
from exchange.feed import BookCheck, FeedItem
from feeds.told import Quote

WINDOW = 5_000
"""How many items may wait for a later bookTicker.  The recordings need 526 lines."""


class BookChecks:
    """A queue that puts a BookCheck behind each depth update whose best is known."""

    def __init__(self, notes: Counter[str]) -> None:
        self._notes = notes
        self._held: deque[tuple[FeedItem, int]] = deque()
        self._quotes: deque[tuple[int, Quote]] = deque(maxlen=WINDOW)
        self._newest = 0

    def depth(self, update: UpdateDepth, last: int) -> None:
        """A depth update that brings the book to the id `last`."""
        self._held.append((update, last))

    def other(self, item: FeedItem) -> None:
        """An item that needs no check."""
        self._held.append((item, 0))

    def quote(self, last: int, quote: Quote) -> bool:
        """The best bid and ask at an id.  Whether the id is a new one, so that more is ready."""
        if last <= self._newest:
            return False
        self._newest = last
        self._quotes.append((last, quote))
        return True

    def ready(self) -> list[FeedItem]:
        """What need not wait any more."""
        held, ready = self._held, list[FeedItem]()
        while held and (held[0][1] < self._newest or len(held) > WINDOW):
            self._release(ready)
        return ready

    def rest(self) -> list[FeedItem]:
        """Everything that still waits: the file has ended."""
        rest = list[FeedItem]()
        while self._held:
            self._release(rest)
        return rest

    def _release(self, into: list[FeedItem]) -> None:
        item, last = self._held.popleft()
        into.append(item)
        if type(item) is UpdateDepth:
            best = self._best(last)
            if best is None:
                self._notes["book checks without a quote"] += 1
            else:
                into.append(_check(item, best))

    def _best(self, last: int) -> Quote | None:
        """The best at the id `last`; None while it is not certain."""
        quotes = self._quotes
        if last >= self._newest:
            return None
        while len(quotes) > 1 and quotes[1][0] <= last:
            quotes.popleft()
        return quotes[0][1] if quotes[0][0] <= last else None


def _check(update: UpdateDepth, best: Quote) -> BookCheck:
    return BookCheck(
        at=update.at,
        symbol=update.symbol,
        bid=best.bid,
        bid_size=best.bid_size,
        ask=best.ask,
        ask_size=best.ask_size,
    )

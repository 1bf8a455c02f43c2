"""History in the book: replayed liquidity as real orders of the reserved HISTORY account.

A depth update says what size history shows at a level.  More of it joins the end of the queue;
less of it leaves from where the queue model says: from the end, as a rule, so that a client's
place never improves by guesswork.  A recorded trade consumes the queue from the front.  History
never trades with itself: depth updates already tell what its own trades did to it.
"""

from typing import Final

from mypy_extensions import i64

from exchange.core.book import HISTORY_OWNER, NONE, Book, Ladder
from exchange.core.policies import QueueModel
from exchange.core.queues import Queue
from exchange.core.units import Lots, Ticks

Rows = tuple[tuple[Ticks, Lots], ...]
NOWHERE: Final = -(1 << 61)
"""Of a side that shows nothing; further than any key of the other side reaches."""


def shown(book: Book, side: Ladder, price: Ticks) -> Lots:
    """History's size at a price."""
    level = side.level(price)
    return 0 if level == NONE else book.history(level)


def best(book: Book, side: Ladder) -> i64:
    """The best level at which history shows anything, or NONE."""
    at = side.count - 1
    while at >= 0 and book.history(side.levels[at]) == 0:
        at -= 1
    if at < 0:
        return NONE
    return side.levels[at]


def best_price(book: Book, side: Ladder) -> i64:
    """History's own best price; 0 where it shows none."""
    level = best(book, side)
    if level == NONE:
        return 0
    return book.price(level)


def quote(book: Book, side: Ladder) -> tuple[Ticks, Lots]:
    """History's own best price and its size there; zeros where it shows none."""
    level = best(book, side)
    return (0, 0) if level == NONE else (book.price(level), book.history(level))


def shrink(book: Book, side: Ladder, price: Ticks, size: Lots, queue: Queue) -> None:
    """Let history leave `price` until only `size` of it is left, as the queue model says."""
    level = side.level(price)
    if level != NONE and book.history(level) > size:
        shrink_level(book, level, book.history(level) - size, queue)


def shrink_level(book: Book, level: i64, less: i64, queue: Queue) -> None:
    """Let `less` leave a level that shows as much or more."""
    is_behind = queue.model is QueueModel.PESSIMISTIC or book.total(level) == book.history(level)
    if not is_behind:
        _shrink_among(book, level, less, queue)
    elif not book.change_newest(level, -less):
        _shrink_newest(book, level, less)


def _shrink_among(book: Book, level: i64, less: Lots, queue: Queue) -> None:
    """From between the clients' orders, as the queue model says."""
    rows = [row for row in book.queue(level) if book.owner(row) == HISTORY_OWNER]
    shown = [int(book.size(row)) for row in rows]
    for row, part in zip(rows, queue.leaving(shown, less), strict=True):
        if part:
            book.reduce(row, part)


def _shrink_newest(book: Book, level: i64, less: i64) -> None:
    """From behind, whoever stands between."""
    row = book.newest(level)
    while less:
        older = book.older(row)
        if book.owner(row) == HISTORY_OWNER:
            part = min(book.size(row), less)
            book.reduce(row, part)
            less -= part
        row = older


def grow(book: Book, price: Ticks, size: Lots, *, buy: bool) -> None:
    """Let history show `size` at `price`; what is new joins the end of the queue."""
    side = book.side(buy=buy)
    level = side.level(price)
    more = size if level == NONE else size - book.history(level)
    if more > 0:
        grow_level(book, level, price, more, buy=buy)


def grow_level(book: Book, level: i64, price: i64, more: i64, *, buy: bool) -> None:
    """Let history show `more` at a price, whose level, if there is one, is known."""
    if level == NONE or not book.change_newest(level, more):
        book.add(HISTORY_OWNER, price, more, buy=buy)


def crossed(book: Book, bids: Rows, asks: Rows, *, snapshot: bool) -> tuple[Ticks, Ticks] | None:
    """The bid and ask that would cross if these rows were applied, or None.

    Only history's own levels count: where a row crosses a client's order, the two trade.
    """
    if _reach(book, book.bids, bids) + _reach(book, book.asks, asks) < 0:
        return None  # whatever the rows take away
    bid = _best_after(book, book.bids, bids, snapshot=snapshot)
    ask = _best_after(book, book.asks, asks, snapshot=snapshot)
    return None if bid is None or ask is None or bid < ask else (bid, ask)


def _reach(book: Book, side: Ladder, rows: Rows) -> i64:
    """How far the side can come if these rows were applied: its sign * price, as keys are."""
    level, sign = best(book, side), side.sign
    reach: i64 = NOWHERE if level == NONE else sign * book.price(level)
    for price, size in rows:
        if size > 0 and sign * price > reach:
            reach = sign * price
    return reach


def _best_after(book: Book, side: Ladder, rows: Rows, *, snapshot: bool) -> Ticks | None:
    sizes = dict(rows)
    sign = int(side.sign)
    keys = [price * sign for price, size in sizes.items() if size > 0]
    at = NONE if snapshot else side.count - 1
    while at >= 0:
        level = side.levels[at]
        if book.history(level) and book.price(level) not in sizes:
            keys.append(book.price(level) * sign)
            break
        at -= 1
    return max(keys) * sign if keys else None

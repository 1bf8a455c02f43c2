"""History in the book: replayed liquidity as real orders of the reserved HISTORY account.

A depth update says what size history shows at a level.  More of it joins the end of the queue;
less of it leaves from the end, so that a client's place never improves by guesswork.  A recorded
trade consumes the queue from the front.  History never trades with itself: depth updates already
tell what its own trades did to it.
"""

from exchange.core.book import HISTORY_OWNER, Book, BookSide, Level, Order
from exchange.core.units import Lots, Ticks

Rows = tuple[tuple[Ticks, Lots], ...]


def shown(side: BookSide, price: Ticks) -> Lots:
    """History's size at a price."""
    level = side.levels.get(price)
    return 0 if level is None else level.history


def best(side: BookSide) -> Level | None:
    """The best level at which history shows anything."""
    for key in reversed(side.keys):
        level = side.levels[key * side.sign]
        if level.history:
            return level
    return None


def shrink(book: Book, side: BookSide, price: Ticks, size: Lots) -> None:
    """Let history leave `price` until only `size` of it is left, the newest first."""
    level = side.levels.get(price)
    if level is None:
        return
    order = level.newest
    while order is not None and level.history > size:
        older = order.older
        if order.owner == HISTORY_OWNER:
            book.reduce(order, min(order.size, level.history - size))
        order = older


def grow(book: Book, market: int, price: Ticks, size: Lots, *, buy: bool) -> None:
    """Let history show `size` at `price`; what is new joins the end of the queue."""
    side = book.side(buy=buy)
    more = size - shown(side, price)
    if more <= 0:
        return
    level = side.at(price)
    newest = level.newest
    if newest is not None and newest.owner == HISTORY_OWNER:
        newest.size += more
        level.resize(newest, more)
    else:
        level.append(Order(0, HISTORY_OWNER, market, buy, price, more))


def crossed(book: Book, bids: Rows, asks: Rows, *, snapshot: bool) -> tuple[Ticks, Ticks] | None:
    """The bid and ask that would cross if these rows were applied, or None.

    Only history's own levels count: where a row crosses a client's order, the two trade.
    """
    bid = _best_after(book.bids, bids, snapshot=snapshot)
    ask = _best_after(book.asks, asks, snapshot=snapshot)
    return None if bid is None or ask is None or bid < ask else (bid, ask)


def _best_after(side: BookSide, rows: Rows, *, snapshot: bool) -> Ticks | None:
    sizes = dict(rows)
    keys = [price * side.sign for price, size in sizes.items() if size > 0]
    if not snapshot:
        for key in reversed(side.keys):
            price = key * side.sign
            if side.levels[price].history and price not in sizes:
                keys.append(key)
                break
    return max(keys) * side.sign if keys else None

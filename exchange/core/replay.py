"""Depth updates and recorded trades: history acting in the book (see `history` for the rules)."""

from exchange.core import history
from exchange.core.book import HISTORY_OWNER, Order
from exchange.core.matching import match, trade
from exchange.core.messages import RecordedTrade, Side, Traded, TradeKind, UpdateDepth
from exchange.core.state import Market, State
from exchange.core.units import Lots, Ticks


def update_depth(state: State, market: Market, command: UpdateDepth) -> None:
    """Make history show what the rows say.

    First what shrinks, on both sides, so that levels a price move leaves behind are gone before
    new ones appear on the other side; then what grows, trading first with clients in its way.
    """
    book = market.book
    if command.snapshot:
        _clear(market)
    else:
        _restore(market, command)
    market.worn.clear()
    for buy, rows in ((True, command.bids), (False, command.asks)):
        side = book.side(buy=buy)
        for price, size in rows:
            history.shrink(book, side, price, size)
    for buy, rows in ((True, command.bids), (False, command.asks)):
        for price, size in rows:
            _grow(state, market, price, size, buy=buy)


def _grow(state: State, market: Market, price: Ticks, size: Lots, *, buy: bool) -> None:
    book = market.book
    more = size - history.shown(book.side(buy=buy), price)
    if more <= 0:
        return
    if book.would_trade(price, buy=buy):
        order = Order(0, HISTORY_OWNER, market.instrument.index, buy, price, more)
        match(state, market, order, price, 0, TradeKind.BOOK)
        size -= more - order.size
    history.grow(book, market.instrument.index, price, size, buy=buy)


def _clear(market: Market) -> None:
    book = market.book
    for side in (book.bids, book.asks):
        for price in list(side.levels):
            history.shrink(book, side, price, 0)


def _restore(market: Market, command: UpdateDepth) -> None:
    """Give back what recorded trades took and this update does not confirm.

    An update tells every level that changed since the one before.  A level that a recorded trade
    has eaten from, and that is not told, had been told with the trade already in it.
    """
    told = {(True, price) for price, _ in command.bids}
    told.update((False, price) for price, _ in command.asks)
    for (buy, price), size in market.worn.items():
        book = market.book
        if (buy, price) not in told and not book.would_trade(price, buy=buy):
            shown = history.shown(book.side(buy=buy), price)
            history.grow(book, market.instrument.index, price, shown + size, buy=buy)


def recorded_trade(state: State, market: Market, command: RecordedTrade) -> None:
    """Let history's taker trade as it did: at its price, through the queue as it stands here.

    A client at a better price would have been hit first, and is.  History's own orders at better
    prices are left alone: the print proves nothing about them.
    """
    buy = command.side is Side.BUY
    market.last_price = command.price
    taker = Order(0, HISTORY_OWNER, market.instrument.index, buy, command.price, command.size)
    own = 0
    side = market.book.side(buy=not buy)
    for level in side.reached(command.price):
        order = level.oldest
        while order is not None and taker.size:
            newer = order.newer
            if order.owner != HISTORY_OWNER:
                trade(state, market, order, taker, min(order.size, taker.size), 0, TradeKind.BOOK)
            elif level.price == command.price:
                own += _wear(market, level.price, order, taker, buy=not buy)
            # A trade may have taken the next order along: its client's reduce-only orders shrink.
            order = newer if newer is None or newer.level is level else level.oldest
    if own + taker.size:
        _print(state, market, command, own + taker.size)


def _wear(market: Market, price: Ticks, order: Order, taker: Order, *, buy: bool) -> Lots:
    """History meets itself: the queue shortens, and nothing changes hands."""
    size = min(order.size, taker.size)
    market.worn[buy, price] = market.worn.get((buy, price), 0) + size
    market.book.reduce(order, size)
    taker.size -= size
    return size


def _print(state: State, market: Market, command: RecordedTrade, size: Lots) -> None:
    """Show what the tape showed, less what clients took of it."""
    market.last_price = command.price
    state.emit(
        Traded(
            at=state.now,
            symbol=market.instrument.symbol,
            side=command.side,
            price=command.price,
            size=size,
        )
    )

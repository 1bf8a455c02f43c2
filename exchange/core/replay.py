"""Depth updates and recorded trades: history acting in the book (see `history` for the rules)."""

from mypy_extensions import i64

from exchange.core import history
from exchange.core.book import HISTORY_OWNER, NONE, Book, Ladder, Order
from exchange.core.finding import (
    Refusal,
    bad_price,
    bad_size,
    halted,
    is_over,
    market_named,
    open_market,
)
from exchange.core.matching import match, trade
from exchange.core.messages import (
    Phase,
    RecordedTrade,
    Reject,
    Side,
    Traded,
    TradeKind,
    UpdateDepth,
)
from exchange.core.resting import side_of
from exchange.core.state import Market, State
from exchange.core.units import Lots, Ticks
from exchange.core.waiting import watch
from exchange.core.worn import PAIR


def update_depth(state: State, command: UpdateDepth) -> Refusal | None:
    """Make history show what the rows say; rows that cross history's own book are refused."""
    market = market_named(state, command.symbol)
    if isinstance(market, Refusal) or is_over(market):
        return market if isinstance(market, Refusal) else halted(market)
    for price, size in command.bids + command.asks:
        bad = bad_size(size, 0) or bad_price(price)
        if bad is not None:
            return bad
    crossing = history.crossed(market.book, command.bids, command.asks, snapshot=command.snapshot)
    if crossing is not None:
        bid, ask = [market.instrument.price_text(price) for price in crossing]
        return Refusal(Reject.HISTORY_CROSSED, f"best bid would be {bid}, best ask {ask}")
    _show(state, market, command)
    return None


def _show(state: State, market: Market, command: UpdateDepth) -> None:
    """First what shrinks, then what grows, trading first with clients in its way.

    Shrinking on both sides comes first, so that levels that a price move leaves behind are gone
    before new ones appear on the other side.
    """
    book = market.book
    if market.withheld:
        _forget_withheld(market, command)
    if command.snapshot:
        _clear(state, market, command)
        market.worn.clear()
    elif market.worn.end:
        for buy, rows in ((True, command.bids), (False, command.asks)):
            for price, _ in rows:
                market.worn.forget(price, buy=buy)
        restore(market)
    for buy, rows in ((True, command.bids), (False, command.asks)):
        side = book.side(buy=buy)
        for price, size in rows:
            history.shrink(book, side, price, size, state.queue)
    for buy, rows in ((True, command.bids), (False, command.asks)):
        for price, size in rows:
            show_more(state, market, price, size, buy=buy)


def _forget_withheld(market: Market, command: UpdateDepth) -> None:
    """What is told anew is withheld no longer."""
    if command.snapshot:
        market.withheld.clear()
    for buy, rows in ((True, command.bids), (False, command.asks)):
        for price, _ in rows:
            market.withheld.pop((buy, price), None)


def show_more(state: State, market: Market, price: Ticks, size: Lots, *, buy: bool) -> None:
    """Let history show `size` at a price, trading with whoever is in the way.

    In a market that is halted nothing trades: what would is withheld until it goes on.
    """
    book = market.book
    more = size - history.shown(book, book.side(buy=buy), price)
    if more <= 0:
        return
    if book.would_trade(price, buy=buy):
        if market.phase is not Phase.TRADING:
            market.withheld[buy, price] = size
            return
        order = Order(0, HISTORY_OWNER, market.instrument.index, buy, price, more)
        match(state, market, order, TradeKind.BOOK)
        size -= more - order.size
    history.grow(book, price, size, buy=buy)


def _clear(state: State, market: Market, command: UpdateDepth) -> None:
    """Empty the levels that a snapshot does not tell.

    Those that it tells are not cleared first: history would lose its place in their queues to
    every client there.
    """
    book = market.book
    for side, rows in ((book.bids, command.bids), (book.asks, command.asks)):
        told = {price for price, _ in rows}
        for level in book.best_first(side):
            price = book.price(level)
            if price not in told:
                history.shrink(book, side, price, 0, state.queue)


def show_level(state: State, market: Market, price: i64, size: i64, *, buy: bool) -> bool:
    """Let history show `size` at one price; what its trades took is the caller's to `restore`.

    False, and nothing is done, where history would cross itself.
    """
    book = market.book
    level = (book.bids if buy else book.asks).level(price)
    if level == NONE and size and book.would_trade(price, buy=buy):
        other, has = history.quote(book, book.side(buy=not buy))
        if has and (price >= other if buy else price <= other):
            return False
        market.withheld.pop((buy, price), None)
        show_more(state, market, price, size, buy=buy)
        return True
    if market.withheld:
        market.withheld.pop((buy, price), None)
    more = size if level == NONE else size - book.history(level)
    if more < 0:
        history.shrink_level(book, level, -more, state.queue)
    elif more > 0:
        history.grow_level(book, level, price, more, buy=buy)
    return True


def restore(market: Market) -> None:
    """Give back what recorded trades took and the update after them does not confirm.

    An update tells every level that changed since the one before.  A level that a recorded trade
    has eaten from, and that is not told, had been told with the trade already in it.
    """
    book, pairs = market.book, market.worn.pairs
    at: i64 = 0
    while at < market.worn.end:
        key, size = pairs[at], pairs[at + 1]
        buy = key > 0
        price = key if buy else -key
        if not book.would_trade(price, buy=buy):
            history.grow_level(book, book.side(buy=buy).level(price), price, size, buy=buy)
        at += PAIR
    market.worn.clear()


def recorded_trade(state: State, command: RecordedTrade) -> Refusal | None:
    """Let history's taker trade as it did: at its price, through the queue as it stands here.

    A client at a better price would have been hit first, and is.  History's own orders at better
    prices are left alone: the print proves nothing about them.
    """
    market = open_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    bad = bad_size(command.size) or bad_price(command.price)
    if bad is not None:
        return bad
    take(state, market, command.price, command.size, buy=command.side is Side.BUY)
    return None


def take(state: State, market: Market, told: i64, size: i64, *, buy: bool) -> None:
    """A trade of history's taker at the price that was told, in a market that is open."""
    book = market.book
    side = book.side(buy=not buy)
    taker: Order | None = None
    left, own = size, i64(0)
    level = side.best()
    while left and level != NONE and side.sign * (book.price(level) - told) >= 0:
        price = book.price(level)
        while left:
            # A trade may take other orders along, or bring an iceberg back: look anew each time.
            row = _first(book, side, price, told)
            if row == NONE:
                break
            met = min(book.size(row), left)
            if book.owner(row) == HISTORY_OWNER:
                own += met
                _wear(market, row, told, met, buy=not buy)
                left -= met
            else:
                if taker is None:
                    taker = Order(0, HISTORY_OWNER, market.instrument.index, buy, told, left)
                taker.size = left
                trade(state, market, row, price, book.order(row), taker, met, TradeKind.BOOK)
                left = taker.size
        if left:
            level = side.behind(price)
    if own + left:
        _print(state, market, told, own + left, buy=buy)


def _first(book: Book, side: Ladder, price: i64, told: i64) -> i64:
    """Whom a recorded trade meets at a price: only clients, where it is better than was told."""
    level = side.level(price)
    if level == NONE:
        return NONE
    row = book.oldest(level)
    while row != NONE and book.owner(row) == HISTORY_OWNER and price != told:
        row = book.newer(row)
    return row


def _wear(market: Market, row: i64, price: i64, size: i64, *, buy: bool) -> None:
    """History meets itself: the queue shortens, and nothing changes hands."""
    if market.book.number(row):
        number = int(market.book.number(row))
        market.worn_orders[number] = market.worn_orders.get(number, 0) + size
    else:
        market.worn.add(price, size, buy=buy)
    market.book.reduce(row, size)


def _print(state: State, market: Market, price: Ticks, size: Lots, *, buy: bool) -> None:
    """Show what the tape showed, less what clients took of it."""
    market.last_price = price
    if market.on_last is not None:
        watch(state, market.on_last, price * market.instrument.subticks)
    if market.is_public:
        symbol, side = market.instrument.symbol, side_of(buy=buy)
        state.emit(Traded(at=state.now, symbol=symbol, side=side, price=price, size=size))

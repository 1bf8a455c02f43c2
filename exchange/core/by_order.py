"""History told order by order (L3): every order of the record rests by itself, in its own place.

A client stands in the very queue that was there.  A recorded trade takes from the front; the
update that follows says what each order has left, so that the two agree where nobody else traded.
What a client took from an order is gone until the record next speaks of it.
"""

from typing import Final

from exchange.core import history
from exchange.core.book import HISTORY_OWNER, NONE, Order
from exchange.core.finding import Refusal, bad_price, bad_size, open_market
from exchange.core.matching import match
from exchange.core.messages import Reject, TradeKind, UpdateOrders
from exchange.core.state import Market, Single, State
from exchange.core.units import Lots, Ticks

NUMBER_MAX: Final = (1 << 63) - 1
Rows = tuple[tuple[int, Ticks, Lots], ...]
Sizes = dict[Ticks, Lots]


def update_orders(state: State, command: UpdateOrders) -> Refusal | None:
    """Make history's orders what the rows say; rows that cross history's own book are refused."""
    market = open_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    bad = _bad_rows(command)
    if bad is not None:
        return bad
    bids, asks = _levels_after(market, command)
    crossing = history.crossed(
        market.book, tuple(bids.items()), tuple(asks.items()), snapshot=command.snapshot
    )
    if crossing is not None:
        bid, ask = [market.instrument.price_text(price) for price in crossing]
        return Refusal(Reject.HISTORY_CROSSED, f"best bid would be {bid}, best ask {ask}")
    _show(state, market, command)
    return None


def _bad_rows(command: UpdateOrders) -> Refusal | None:
    told: dict[int, bool] = {}
    for number, price, size in command.bids + command.asks:
        if not 0 < number <= NUMBER_MAX or number in told:
            wrong = "told twice" if number in told else f"expected 1 to {NUMBER_MAX}"
            return Refusal(Reject.BAD_ORDER_NUMBER, f"order number was {number}, {wrong}")
        told[number] = True
        bad = bad_size(size, 0) or (bad_price(price) if size else None)
        if bad is not None:
            return bad
    return None


def _levels_after(market: Market, command: UpdateOrders) -> tuple[Sizes, Sizes]:
    """Sizes of the levels that a command touches, as history would show them afterwards."""
    sides: tuple[Sizes, Sizes] = ({}, {})
    if not command.snapshot:
        for number, taken in market.worn_orders.items():
            single = market.single[number]
            _add(market, sides, single.price, taken, buy=single.buy)
    for buy, rows in ((True, command.bids), (False, command.asks)):
        for number, price, size in rows:
            known = market.single.get(number)
            if known is not None and not command.snapshot:
                worn = market.worn_orders.get(number, 0)
                _add(market, sides, known.price, -_resting(market, known) - worn, buy=known.buy)
            if size:
                _add(market, sides, price, size, buy=buy, anew=command.snapshot)
    return sides


def _add(
    market: Market,
    sides: tuple[Sizes, Sizes],
    price: Ticks,
    size: Lots,
    *,
    buy: bool,
    anew: bool = False,
) -> None:
    side = sides[0] if buy else sides[1]
    if price not in side:
        shown = history.shown(market.book, market.book.side(buy=buy), price)
        side[price] = 0 if anew else shown
    side[price] += size


def _resting(market: Market, single: Single) -> Lots:
    """What of an order rests here."""
    row, book = single.row, market.book
    return book.size(row) if row != NONE and book.number(row) == single.number else 0


def _show(state: State, market: Market, command: UpdateOrders) -> None:
    """First what leaves and shrinks, on both sides; then what comes, meeting clients in its way."""
    if command.snapshot:
        _clear(market, command)
    else:
        _restore(market, command)
    market.worn.clear()
    market.worn_orders.clear()
    for buy, rows in ((True, command.bids), (False, command.asks)):
        for number, price, size in rows:
            _shrink(market, number, price, size, buy=buy)
    for buy, rows in ((True, command.bids), (False, command.asks)):
        for number, price, size in rows:
            single = market.single.get(number)
            if size and (single is None or _resting(market, single) == 0):
                _arrive(state, market, number, price, size, buy=buy)


def _clear(market: Market, command: UpdateOrders) -> None:
    """Take out everything of history's that a snapshot does not tell."""
    book = market.book
    told = {number for number, _, _ in command.bids + command.asks}
    for side in (book.bids, book.asks):
        for level in book.best_first(side):
            for row in book.queue(level):
                if book.owner(row) == HISTORY_OWNER and int(book.number(row)) not in told:
                    book.remove(row)
    for number in list(market.single):
        if number not in told:
            del market.single[number]


def _restore(market: Market, command: UpdateOrders) -> None:
    """Give back what recorded trades took from orders that this update does not tell.

    The record has that trade met by others.  An order that was used up here comes back last.
    """
    told = {number for number, _, _ in command.bids + command.asks}
    for number, taken in market.worn_orders.items():
        single = market.single[number]
        if number in told or market.book.would_trade(single.price, buy=single.buy):
            continue
        if _resting(market, single):
            market.book.grow(single.row, taken)
        else:
            _put(market, single, taken)


def _shrink(market: Market, number: int, price: Ticks, size: Lots, *, buy: bool) -> None:
    """Take out an order that is gone, moved or grown; let one that shrank keep its place."""
    single = market.single.get(number)
    if single is None:
        return
    rests = _resting(market, single)
    stays = size <= single.size and (price, buy) == (single.price, single.buy)
    if size == 0 or not stays:
        if rests:
            market.book.remove(single.row)
        del market.single[number]
        return
    single.size = size
    if rests > size:
        market.book.reduce(single.row, rests - size)
    elif 0 < rests < size:
        market.book.grow(single.row, size - rests)


def _arrive(
    state: State, market: Market, number: int, price: Ticks, size: Lots, *, buy: bool
) -> None:
    left = size
    if market.book.would_trade(price, buy=buy):
        order = Order(0, HISTORY_OWNER, market.instrument.index, buy, price, size)
        match(state, market, order, TradeKind.BOOK)
        left = order.size
    single = market.single.get(number)
    if single is None:
        single = Single(number, price, size, buy=buy)
        market.single[number] = single
    if left:
        _put(market, single, left)


def _put(market: Market, single: Single, size: Lots) -> None:
    """Let an order join the end of its queue."""
    row = market.book.add(HISTORY_OWNER, single.price, size, buy=single.buy)
    market.book.name(row, single.number)
    single.row = int(row)

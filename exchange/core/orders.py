"""Admission: placing, amending and cancelling orders, and every reason to refuse one.

The venue works on one command at a time, so it knows what an order would get from the book before
it trades, and checks margin on exactly that.
"""

from exchange.core.accounts import Account, Position
from exchange.core.admission import closing_size, only_closes, trial_of, unaffordable
from exchange.core.book import Order
from exchange.core.finding import (
    Refusal,
    account_named,
    bad_price,
    market_named,
    open_market,
    position_named,
)
from exchange.core.instrument import PRICE_MAX, Instrument
from exchange.core.matching import (
    announce_amend,
    announce_cancel,
    cancel,
    cancel_all,
    fit_reduce_only,
    match,
    position_of,
    rest,
    shrink,
)
from exchange.core.messages import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelReason,
    OrderAccepted,
    PlaceOrder,
    Reject,
    Side,
    TimeInForce,
    TradeKind,
)
from exchange.core.spot import hold
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Ticks, ceil_div


def place(state: State, command: PlaceOrder) -> Refusal | None:
    """Admit an order, let it trade, and rest what may rest."""
    position = position_named(state, command.account, command.symbol, command.position_side)
    if isinstance(position, Refusal):
        return position
    market = open_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    refusal = malformed(position, command) or _untimely(state, position, command)
    if refusal is not None:
        return refusal
    order = _order_of(state, market, position, command)
    refusal = (
        _closes_nothing(position, order, command)
        or _out_of_bounds(state, market, position, order, command)
        or _cannot_trade(market, command, order)
        or unaffordable(
            state, position, order, trial_of(market, position, order, rests=_rests(command))
        )
    )
    if refusal is None:
        _admit(state, market, order, command)
    return refusal


def _order_of(state: State, market: Market, position: Position, command: PlaceOrder) -> Order:
    """The order that a command asks for, without an id yet."""
    buy, owner = command.side is Side.BUY, position.pool.account.index
    reduce_only = command.reduce_only or only_closes(position, buy=buy)
    size = closing_size(position, command.size, buy=buy) if reduce_only else command.size
    limit = command.price or market_limit(state, market, buy=buy)
    order = Order(0, owner, market.instrument.index, buy, limit, size, position)
    order.reduce_only = reduce_only
    order.ref = command.ref
    order.self_trade = command.self_trade or state.rulebook.limits.self_trade
    return order


def malformed(position: Position, command: PlaceOrder) -> Refusal | None:
    """What is wrong with an order as such."""
    instrument = position.instrument
    if command.ref and command.ref in position.pool.account.refs:
        return Refusal(Reject.DUPLICATE_REF, f"ref {command.ref} names an order that is open")
    if command.size <= 0:
        return Refusal(
            Reject.SIZE_NOT_POSITIVE, f"size was {command.size} lots, expected 1 or more"
        )
    if command.size > instrument.size_max:
        return Refusal(
            Reject.SIZE_ABOVE_MAX,
            f"size was {instrument.size_text(command.size)}, "
            f"expected {instrument.size_text(instrument.size_max)} at most",
        )
    bad = None if command.price is None else bad_price(command.price)
    return bad or _at_odds(instrument, command)


def _at_odds(instrument: Instrument, command: PlaceOrder) -> Refusal | None:
    """Flags that contradict each other, or the instrument."""
    if command.post_only and not _rests(command):
        return Refusal(Reject.BAD_FLAGS, "post-only was set on an order that cannot rest")
    if command.reduce_only and instrument.is_spot:
        return Refusal(Reject.BAD_FLAGS, "reduce-only was set on a spot order")
    return None


def _rests(command: PlaceOrder) -> bool:
    return command.price is not None and command.time_in_force is TimeInForce.GTC


def _untimely(state: State, position: Position, command: PlaceOrder) -> Refusal | None:
    """Whether the account has as many open orders here as it may, or there is no mark yet."""
    most, orders = state.rulebook.limits.orders_max, position.pool.account.orders
    if _rests(command) and len(orders) >= most:
        count = sum(order.market == position.instrument.index for order in orders.values())
        if count >= most:
            return Refusal(
                Reject.TOO_MANY_ORDERS, f"{count} orders were open, expected fewer than {most}"
            )
    if state.mark_of(position) == 0 and not position.instrument.is_spot:
        return Refusal(Reject.NO_MARK_PRICE, f"{command.symbol} has no mark price yet")
    return None


def _closes_nothing(position: Position, order: Order, command: PlaceOrder) -> Refusal | None:
    if order.size:
        return None
    held = position.instrument.size_text(position.size)
    return Refusal(
        Reject.REDUCE_ONLY_WOULD_INCREASE,
        f"position was {held}, expected one that a {command.side} closes",
    )


def _out_of_bounds(
    state: State, market: Market, position: Position, order: Order, command: PlaceOrder
) -> Refusal | None:
    """Whether an order is too small, or its limit too far beyond the mark."""
    instrument, mark = market.instrument, state.reference(market)
    if command.price is not None and state.price_band and mark:
        band = state.price_band if order.buy else -state.price_band
        edge = mark * (RATE_ONE + band)
        reach = order.price * instrument.subticks * RATE_ONE
        if reach > edge if order.buy else reach < edge:
            return Refusal(
                Reject.PRICE_OUTSIDE_BAND,
                f"price was {instrument.price_text(order.price)}, expected within "
                f"{state.rulebook.limits.price_band} of the mark {instrument.mark_text(mark)}",
            )
    if closing_size(position, order.size, buy=order.buy) == order.size:
        return None
    if order.size < instrument.size_min:
        return Refusal(
            Reject.SIZE_BELOW_MIN,
            f"size was {instrument.size_text(order.size)}, "
            f"expected {instrument.size_text(instrument.size_min)} or more",
        )
    notional = abs(instrument.value(order.price, order.size))
    if notional < instrument.notional_min:
        return Refusal(
            Reject.NOTIONAL_BELOW_MIN,
            f"notional was {instrument.money_text(notional)}, "
            f"expected {instrument.money_text(instrument.notional_min)} or more",
        )
    return None


def market_limit(state: State, market: Market, *, buy: bool) -> Ticks:
    """The worst price of a market order: the last tick inside the band around the mark.

    In spot the last price serves where there is no mark; without either there is no bound.
    """
    mark = state.reference(market)
    if mark == 0:
        return PRICE_MAX if buy else 1
    grid = RATE_ONE * market.instrument.subticks
    if buy:
        return max(1, mark * (RATE_ONE + state.band) // grid)
    return max(1, ceil_div(mark * (RATE_ONE - state.band), grid))


def _cannot_trade(market: Market, command: PlaceOrder, order: Order) -> Refusal | None:
    """What the book as it stands says against the order's flags."""
    if command.post_only and market.book.would_trade(order.price, buy=order.buy):
        return Refusal(
            Reject.POST_ONLY_WOULD_TAKE,
            f"price was {market.instrument.price_text(order.price)}, which trades at once",
        )
    if command.time_in_force is TimeInForce.FOK:
        takings = market.book.takings(order, meets_itself=True)
        filled = sum(size for _, size in takings)
        if filled < order.size:
            text = market.instrument.size_text
            return Refusal(
                Reject.CANNOT_FILL_WHOLE,
                f"size was {text(order.size)}, and the book has {text(filled)} at that price",
            )
    return None


def _admit(state: State, market: Market, order: Order, command: PlaceOrder) -> None:
    """Give the order its id, match it, and rest or cancel what is left."""
    order.order_id = state.next_order_id()
    state.emit(
        OrderAccepted(
            at=state.now,
            account=command.account,
            ref=command.ref,
            order_id=order.order_id,
            symbol=command.symbol,
            side=command.side,
            size=order.size,
            price=command.price,
            time_in_force=command.time_in_force,
            reduce_only=order.reduce_only,
            position_side=command.position_side,
        )
    )
    match(state, market, order, order.price, state.taker_rate, TradeKind.BOOK)
    if not order.size:
        return
    if _rests(command):
        rest(state, market, order)
        if order.reduce_only:
            fit_reduce_only(state, market, position_of(order))
    else:
        announce_cancel(state, market, order, CancelReason.IOC)


def find(account: Account, order_id: int, order_ref: int) -> Order | None:
    """An open order by the venue's id or, where that is 0, by the client's ref."""
    return account.orders.get(order_id or account.refs.get(order_ref, 0))


def unknown_order(order_id: int, order_ref: int) -> Refusal:
    """The refusal of a command for an order that is not open."""
    name = f"order {order_id}" if order_id else f"ref {order_ref}"
    return Refusal(Reject.UNKNOWN_ORDER, f"{name} is not open")


def cancel_one(state: State, command: CancelOrder) -> Refusal | None:
    """Take one order out of the book."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    order = find(account, command.order_id, command.order_ref)
    if order is None:
        return unknown_order(command.order_id, command.order_ref)
    cancel(state, state.markets[order.market], order, CancelReason.CLIENT)
    return None


def cancel_many(state: State, command: CancelAll) -> Refusal | None:
    """Take all orders of an account out of the book, or those in one market."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    market = market_named(state, command.symbol) if command.symbol else None
    if isinstance(market, Refusal):
        return market
    cancel_all(state, account, market, command.reason)
    return None


def amend(state: State, command: AmendOrder) -> Refusal | None:
    """Change an order.  If its size just shrinks it keeps its place, else it joins the end."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    order = find(account, command.order_id, command.order_ref)
    if order is None:
        return unknown_order(command.order_id, command.order_ref)
    market = state.markets[order.market]
    size = order.size if command.size is None else command.size
    price = order.price if command.price is None else command.price
    if size <= 0:
        return Refusal(Reject.SIZE_NOT_POSITIVE, f"size was {size} lots, expected 1 or more")
    bad = bad_price(price)
    if bad is not None:
        return bad
    if price == order.price and size <= order.size:
        if size < order.size:
            shrink(state, market, order, order.size - size)
        else:
            announce_amend(state, market, order, kept_place=True)
        return None
    return _replace(state, market, order, size, price)


def _replace(
    state: State, market: Market, order: Order, size: Lots, price: Ticks
) -> Refusal | None:
    """Lose the place: trade at the new price if it crosses, and rest at the end of its queue."""
    instrument = market.instrument
    if size > instrument.size_max:
        return Refusal(
            Reject.SIZE_ABOVE_MAX,
            f"size was {instrument.size_text(size)}, "
            f"expected {instrument.size_text(instrument.size_max)} at most",
        )
    position = position_of(order)
    changed = order.copy()
    changed.price, changed.size = price, size
    changed.held = changed.held_value = 0
    if changed.reduce_only:
        changed.size = closing_size(position, size, buy=order.buy)
    trial = trial_of(market, position, changed, rests=True)
    refusal = unaffordable(state, position, changed, trial, instead_of=order)
    if refusal is not None:
        return refusal
    hold(state, position, order, 0)
    market.book.remove(order.row)
    state.drop(order)
    announce_amend(state, market, changed, kept_place=False)
    match(state, market, changed, price, state.taker_rate, TradeKind.BOOK)
    if changed.size:
        rest(state, market, changed)
        if changed.reduce_only:
            fit_reduce_only(state, market, position)
    return None

"""Orders as they come in: every reason to refuse one, and what becomes of one that is not.

The venue works on one command at a time, so it knows what an order would get from the book before
it trades, and checks margin on exactly that.
"""

from exchange.core.accounts import Position
from exchange.core.admission import (
    closing_size,
    has_plenty,
    only_closes,
    trial_of,
    unaffordable,
    weigh,
)
from exchange.core.attached import Attached
from exchange.core.book import Book, Order
from exchange.core.checks import NOTHING, bad_numbers, malformed
from exchange.core.finding import Refusal, halted, position_named, wrong_side
from exchange.core.foresight import takings
from exchange.core.instrument import PRICE_MAX, Instrument
from exchange.core.linked import announce_accepted
from exchange.core.matching import match
from exchange.core.messages import (
    CancelReason,
    Instructions,
    OrderAccepted,
    OrderTriggered,
    Phase,
    PlaceOrder,
    PriceSource,
    Reject,
    Side,
    TimeInForce,
    TradeKind,
    Trigger,
)
from exchange.core.resting import announce_cancel, fit_orders, rest, side_of
from exchange.core.state import Market, State
from exchange.core.triggers import Waiting
from exchange.core.units import (
    GRID_MAX,
    RATE_ONE,
    WIDE,
    Lots,
    MarkPrice,
    Ticks,
    ceil_div,
    magnitude,
)
from exchange.core.waiting import begin, price_by


def place(state: State, command: PlaceOrder) -> Refusal | None:
    """Admit an order: let it wait for its trigger, or trade and rest."""
    position = position_named(state, command.account, command.symbol, command.position_side)
    if isinstance(position, Refusal):
        return position
    market = state.markets[position.instrument.index]
    refusal = unmade(
        market,
        position,
        command.size,
        command.price,
        command.ref,
        command.instructions,
        post_only=command.post_only,
    )
    if refusal is not None:
        return refusal
    order = order_of(state, position, command)
    trigger = None if order.attached is None else order.attached.told.trigger
    if trigger is None:
        return enter(state, market, position, order)
    return barred(state, market, position, order) or wait_for(
        state, market, position, command, trigger
    )


def unmade(
    market: Market,
    position: Position,
    size: Lots,
    limit: Ticks | None,
    ref: int = 0,
    told: Instructions | None = None,
    *,
    post_only: bool,
) -> Refusal | None:
    """Why an order is not even made, as 64 bits do not hold its size or limit; None where they do.

    That is what any order would be refused for whose size or limit is out of bounds.
    """
    if magnitude(size) < WIDE and (limit is None or magnitude(limit) < WIDE):
        return None
    refusal = _closed_to(market, position, post_only=post_only)
    return refusal or bad_numbers(position, told or NOTHING, ref, size, limit)


def order_of(state: State, position: Position, command: PlaceOrder) -> Order:
    """The order that a command asks for, as it asks for it and without an id yet."""
    price, told = command.price, command.instructions
    buy, owner = command.side is Side.BUY, position.pool.account.index
    limit = 0 if price is None else price
    order = Order(
        0,
        owner,
        position.market,
        buy,
        limit,
        command.size,
        position,
        ref=command.ref,
        is_market=price is None,
        reduce_only=command.reduce_only,
        post_only=command.post_only,
        time_in_force=command.time_in_force,
        self_trade=command.self_trade or state.self_trade,
    )
    if told is not None:
        order.attached = Attached(told)
    return order


def barred(state: State, market: Market, position: Position, order: Order) -> Refusal | None:
    """Whether the market takes no such order now, or nobody ever would."""
    return _closed_to(market, position, post_only=order.post_only) or malformed(
        position, order, state.now
    )


def _closed_to(market: Market, position: Position, *, post_only: bool) -> Refusal | None:
    """Whether the account has no such side, or the market takes no such order now."""
    refusal = wrong_side(position.pool.account, market.instrument, position.side)
    if refusal is not None or market.phase is Phase.TRADING:
        return refusal
    return None if comes_to_rest(market, post_only=post_only) else halted(market)


def comes_to_rest(market: Market, *, post_only: bool) -> bool:
    """Whether a market that is not trading takes an order all the same."""
    return market.phase is Phase.POST_ONLY and post_only


def wait_for(
    state: State, market: Market, position: Position, command: PlaceOrder, trigger: Trigger
) -> Refusal | None:
    """Let an order wait outside the book, without margin, until its price comes."""
    told = command.instructions
    assert told is not None, "a trigger is among the instructions"
    waiting = Waiting(0, command, trigger, position, Attached(told))
    refusal = _too_many_triggers(state, position) or premature(state, market, waiting)
    if refusal is not None:
        return refusal
    waiting.order_id = state.next_order_id()
    waiting.is_exit = told.close_position
    announce_accepted(state, waiting)
    begin(state, market, waiting)
    return None


def premature(state: State, market: Market, waiting: Waiting) -> Refusal | None:
    """Whether there is no price to wait for, or it has come already."""
    source, symbol = waiting.trigger.by, market.instrument.symbol
    price = price_by(state, market, source)
    if price == 0 and source is PriceSource.MARK:
        return Refusal(Reject.NO_MARK_PRICE, f"{symbol} has no mark price yet")
    if price == 0 and source is PriceSource.INDEX:
        return Refusal(Reject.NO_INDEX_PRICE, f"{symbol} has no index price yet")
    if price and not waiting.trails and waiting.is_reached(price):
        text = market.instrument.mark_text
        return Refusal(
            Reject.WOULD_TRIGGER_AT_ONCE,
            f"trigger was {text(waiting.level)}, and the {source} price {text(price)}",
        )
    return None


def _too_many_triggers(state: State, position: Position) -> Refusal | None:
    most, waiting = state.rulebook.limits.triggers_max, position.pool.account.waiting
    count = sum(other.position.instrument is position.instrument for other in waiting.values())
    if count < most:
        return None
    return Refusal(
        Reject.TOO_MANY_TRIGGERS, f"{count} orders were waiting, expected fewer than {most}"
    )


def enter(state: State, market: Market, position: Position, order: Order) -> Refusal | None:
    """Let an order trade that nothing speaks against, by whichever door it came; the rest rests.

    Most orders have a size and a limit that can be and a ref of their own, ask for no more, and are
    covered by far: what else there is to look at is looked at where one of these does not hold.
    """
    account, instrument, refusal = position.pool.account, market.instrument, None
    orders, asked = account.orders, order.time_in_force
    is_plain = (
        (asked is TimeInForce.GTC or asked is TimeInForce.IOC)
        and not (order.is_market or order.reduce_only or order.post_only)
        and order.attached is None
        and not account.hedges
    )
    if not (
        is_plain
        and market.phase is Phase.TRADING
        and 0 < order.size <= instrument.size_max
        and 0 < order.price <= GRID_MAX
        and (order.ref == 0 or (orders.named(order.ref) is None and not account.waiting_refs))
    ):
        refusal = barred(state, market, position, order)
    if refusal is None and not (
        is_plain
        and orders.count < state.orders_max
        and state.marks.missing == 0
        and not (state.price_band or instrument.bounds_orders or instrument.weighs_orders)
        and order.size >= instrument.size_min
        and has_plenty(state, market, position, order)
    ):
        refusal = _inadmissible(state, market, position, order)
    if refusal is not None:
        return refusal
    state.orders_made += 1
    order.order_id = state.orders_made
    if state.is_heard:
        _announce(state, position, order)
    work(state, market, position, order)
    return None


def enter_fired(state: State, market: Market, order: Order, waiting: Waiting) -> Refusal | None:
    """The same for an order that has waited, with an id of its own, and was looked at before."""
    position = waiting.position
    refusal = _inadmissible(state, market, position, order)
    if refusal is not None:
        return refusal
    order.order_id = waiting.order_id
    limit = None if order.is_market else order.price
    announce_triggered(state, market, waiting, order.size, limit)
    work(state, market, position, order)
    return None


def _inadmissible(state: State, market: Market, position: Position, order: Order) -> Refusal | None:
    """Whether the account may not place the order now; it becomes what it comes to by the way."""
    refusal = _untimely(state, position, order)
    if refusal is not None:
        return refusal
    _obey(state, market, position, order)
    if position.instrument.weighs_orders:
        weigh(state, market, position, order)
    return (
        _closes_nothing(position, order)
        or out_of_bounds(state, market, position, order, is_limit=not order.is_market)
        or would_take(market, order)
        or _too_little(market, order)
        or _too_dear(state, market, position, order)
    )


def _obey(state: State, market: Market, position: Position, order: Order) -> None:
    """Make of what was asked what it comes to: its size, its limit, and what is attached to it."""
    if order.is_market:
        order.price = market_limit(state, market, buy=order.buy)
    if order.attached is not None:
        told = order.attached.told
        order.display = told.display_size
        if told.close_position:
            order.reduce_only = True
            order.size = magnitude(position.size)
        if told.reprice:
            step_back(market.book, order)
    if order.reduce_only or only_closes(position, buy=order.buy):
        order.reduce_only = True
        order.size = closing_size(position, order.size, buy=order.buy)


def step_back(book: Book, order: Order) -> None:
    """Move a post-only order that would take to a tick away from the other side."""
    if book.would_trade(order.price, buy=order.buy):
        best = int(book.price(book.side(buy=not order.buy).best()))
        order.price = best - 1 if order.buy else best + 1


def _untimely(state: State, position: Position, order: Order) -> Refusal | None:
    """Whether the account has as many open orders here as it may, or there is no mark yet."""
    most, orders = state.orders_max, position.pool.account.orders
    if len(orders) >= most and order.may_rest:
        count = sum(other.market == order.market for other in orders.listed())
        if count >= most:
            return Refusal(
                Reject.TOO_MANY_ORDERS, f"{count} orders were open, expected fewer than {most}"
            )
    if state.mark_of(position) == 0 and not position.instrument.is_spot:
        return Refusal(Reject.NO_MARK_PRICE, f"{position.instrument.symbol} has no mark price yet")
    return None


class ClosesNothing(Refusal):
    """That there is nothing to close.  Common enough to be put into words only when asked."""

    def __init__(self, position: Position, *, buy: bool) -> None:
        super().__init__(Reject.REDUCE_ONLY_WOULD_INCREASE, "")
        self.instrument = position.instrument
        self.held = position.size
        self.buy = buy

    @property
    def detail(self) -> str:
        """The size of the position, in a sentence."""
        held, side = self.instrument.size_text(self.held), "buy" if self.buy else "sell"
        return f"position was {held}, expected one that a {side} closes"


def _closes_nothing(position: Position, order: Order) -> Refusal | None:
    return None if order.size else ClosesNothing(position, buy=order.buy)


def _too_dear(state: State, market: Market, position: Position, order: Order) -> Refusal | None:
    """Whether the account cannot carry the order: most obviously can, and need no trial."""
    if has_plenty(state, market, position, order):
        return None
    return unaffordable(state, position, order, trial_of(market, position, order))


def _beyond(state: State, instrument: Instrument, order: Order, mark: MarkPrice) -> Refusal | None:
    """Whether a limit is too far beyond the mark, or not below the highest price."""
    price, band = int(order.price) * instrument.subticks, state.price_band
    if instrument.cap and price >= instrument.cap:
        found, most = instrument.price_text(order.price), instrument.rules.price_max
        detail = f"price was {found}, expected less than {most}, the highest"
        return Refusal(Reject.PRICE_ABOVE_MAX, detail)
    edge, reach = mark * (RATE_ONE + (band if order.buy else -band)), price * RATE_ONE
    if band and mark and (reach > edge if order.buy else reach < edge):
        return Refusal(
            Reject.PRICE_OUTSIDE_BAND,
            f"price was {instrument.price_text(order.price)}, expected within "
            f"{state.rulebook.limits.price_band} of the mark {instrument.mark_text(mark)}",
        )
    return None


def out_of_bounds(
    state: State, market: Market, position: Position, order: Order, *, is_limit: bool
) -> Refusal | None:
    """Whether an order is too small, or its limit too far beyond the mark."""
    instrument = market.instrument
    if is_limit and (state.price_band or instrument.cap):
        refusal = _beyond(state, instrument, order, state.reference(market))
        if refusal is not None:
            return refusal
    if order.size >= instrument.size_min and instrument.notional_min == 0:
        return None
    if closing_size(position, order.size, buy=order.buy) == order.size:
        return None
    if order.size < instrument.size_min:
        return Refusal(
            Reject.SIZE_BELOW_MIN,
            f"size was {instrument.size_text(order.size)}, "
            f"expected {instrument.size_text(instrument.size_min)} or more",
        )
    notional = magnitude(instrument.value(order.price, order.size))
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
        return min(PRICE_MAX, max(1, mark * (RATE_ONE + state.band) // grid))
    return max(1, ceil_div(mark * (RATE_ONE - state.band), grid))


def would_take(market: Market, order: Order) -> Refusal | None:
    """Whether a post-only order would trade at once, or has no price left to step back to."""
    if not order.post_only:
        return None
    if order.price > 0 and not market.book.would_trade(order.price, buy=order.buy):
        return None
    return Refusal(
        Reject.POST_ONLY_WOULD_TAKE,
        f"price was {market.instrument.price_text(order.price)}, which trades at once",
    )


def _too_little(market: Market, order: Order) -> Refusal | None:
    """Whether an order that is to be filled whole or not at all would not be."""
    if order.time_in_force is not TimeInForce.FOK:
        return None
    filled = sum([size for _, size in takings(market.book, order)])
    if filled == order.size:
        return None
    text = market.instrument.size_text
    return Refusal(
        Reject.CANNOT_FILL_WHOLE,
        f"size was {text(order.size)}, and the book has {text(filled)} at that price",
    )


def _announce(state: State, position: Position, order: Order) -> None:
    state.emit(
        OrderAccepted(
            at=state.now,
            account=position.pool.account.name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=position.instrument.symbol,
            side=side_of(buy=order.buy),
            size=order.size,
            price=None if order.is_market else order.price,
            time_in_force=order.time_in_force,
            reduce_only=order.reduce_only,
            position_side=position.side,
            instructions=None if order.attached is None else order.attached.told,
        )
    )


def announce_triggered(
    state: State, market: Market, waiting: Waiting, size: Lots, limit: Ticks | None
) -> None:
    """Say that an order waits no longer, and how it is placed."""
    state.emit(
        OrderTriggered(
            at=state.now,
            account=waiting.command.account,
            ref=waiting.command.ref,
            order_id=waiting.order_id,
            symbol=waiting.command.symbol,
            trigger_price=price_by(state, market, waiting.trigger.by),
            size=size,
            price=limit,
        )
    )


def work(state: State, market: Market, position: Position, order: Order) -> None:
    """Let an order trade, and what is left of it rest, or end."""
    match(state, market, order, TradeKind.BOOK)
    if not order.size:
        return
    if not order.may_rest:
        announce_cancel(state, market, order, CancelReason.IOC)
        return
    rest(state, market, order)
    if order.reduce_only:
        fit_orders(state, market, position)

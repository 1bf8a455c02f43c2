"""Whether an account can carry a trade or an order: the margin check before anything happens.

The venue works on one command at a time, so it knows what an order would get from the book before
it trades, and checks margin on exactly that.
"""

from mypy_extensions import i64, mypyc_attr

from exchange.core import spot
from exchange.core.accounts import ROOM_MAX, Held, Position, SpotPosition
from exchange.core.book import Order
from exchange.core.finding import Refusal
from exchange.core.foresight import takings
from exchange.core.margin import (
    Sides,
    edge_alone,
    exposure,
    initial_of_both,
    leverage_allowed,
    order_margin,
    safe_margin,
    taken_by,
    unrealised_pnl,
)
from exchange.core.messages import PositionSide, Reject
from exchange.core.order_cost import cost_of
from exchange.core.state import Market, State
from exchange.core.units import (
    WIDE,
    Lots,
    MarkPrice,
    Money,
    Ticks,
    ceil_div,
    magnitude,
    share,
    times,
)


@mypyc_attr(acyclic=True, free_list_len=1)
class Trial:
    """What a trade would come to: what it closes, what it opens, and what would rest."""

    def __init__(
        self, closed: Lots, closing: Money, opened: Lots, opening: Money, resting: Lots
    ) -> None:
        self.closed = closed
        self.closing = closing
        """Notional at which `closed` would trade."""
        self.opened = opened
        self.opening = opening
        self.resting = resting


def closing_size(position: Position, size: Lots, *, buy: bool) -> Lots:
    """How much of `size` closes the position."""
    held = -position.size if buy else position.size
    return min(size, max(held, 0))


def only_closes(position: Position, *, buy: bool) -> bool:
    """Whether this side can only close the position: no sell makes a long one short."""
    return position.side is (PositionSide.SHORT if buy else PositionSide.LONG)


def trial_of(market: Market, position: Position, order: Order) -> Trial:
    """What an order would get from the book as it stands; it closes first, at the best prices."""
    rests = order.may_rest
    trial = Trial(0, 0, 0, 0, order.size if rests else 0)
    if not market.book.would_trade(order.price, buy=order.buy):
        return trial
    room = closing_size(position, order.size, buy=order.buy)
    for price, size in takings(market.book, order):
        closed = min(size, room)
        room -= closed
        trial.closed += closed
        trial.closing += magnitude(market.instrument.value(price, closed))
        trial.opened += size - closed
        trial.opening += magnitude(market.instrument.value(price, size - closed))
        trial.resting -= size if rests else 0
    return trial


def weigh(state: State, market: Market, position: Position, order: Order) -> None:
    """Note what an order costs that is placed now, where that is not by its limit alone."""
    mark = state.mark_of(position)
    order.cost = cost_of(position.instrument, order.price, mark, market.last_price, buy=order.buy)


def trial_at(position: Position, size: Lots, price: Ticks, *, buy: bool) -> Trial:
    """What trading all of `size` at one price would come to."""
    closed = closing_size(position, size, buy=buy)
    instrument, opened = position.instrument, size - closed
    return Trial(
        closed,
        magnitude(instrument.value(price, closed)),
        opened,
        magnitude(instrument.value(price, opened)),
        0,
    )


def has_plenty(state: State, market: Market, position: Position, order: Order) -> bool:
    """Whether an order is covered by the room that its pool has, whatever of it trades.

    It saves most orders the closer look, and lets none pass that would not stand it.
    """
    if position.carried == 0:
        return False
    return state.has_to_spare(position.pool, most_taken(state, market, position, order))


def most_taken(state: State, market: Market, position: Position, order: Order) -> i64:
    """What an order may take of its pool's room at the most; see `margin.find_room`."""
    size = order.size
    value = magnitude(position.instrument.value(order.price, size))
    order.valued, order.value = size, value
    if value >= WIDE:
        return ROOM_MAX
    side = market.book.asks if order.buy else market.book.bids
    if not side.reaches(order.price):
        return value
    return _most_traded(state, position, order, value, market.book.price(side.best()))


def _most_traded(state: State, position: Position, order: Order, value: Money, best: i64) -> i64:
    """The same of one that trades.

    All of it may trade at its limit, and be as much worse than the mark; or at the best price,
    which is more for a sell.  Its fee is on that.
    """
    more = max(0, magnitude(position.instrument.value(best, order.size)) - value)
    if more >= WIDE:
        return ROOM_MAX
    fee = share(value + more, max(0, state.taker_rate))
    return taken_by(position, order.size, value, fee, buy=order.buy) + more


def unaffordable(
    state: State,
    position: Position,
    order: Order,
    trial: Trial,
    *,
    fee_rate: int = -1,
    instead_of: Order | None = None,
    agreed: bool = False,
) -> Refusal | None:
    """Why the account cannot carry the trial, or None.

    What opens must be covered by available margin, and leave an isolated position safe.  What only
    closes needs no margin, but may not lose more than stands behind it.  A trade that was `agreed`
    elsewhere may bring in a position that is under water: in cross it needs maintenance margin.
    """
    if isinstance(position, SpotPosition):
        taken = trial.opened
        return spot.unaffordable(
            state, position, order, taken, trial.opening, trial.resting, instead_of
        )
    if position.instrument.is_option and (position.isolated or position.pool.portfolio is None):
        return options_refused(position)
    if position.instrument.cap and (position.isolated or position.pool.portfolio is not None):
        return capped_refused(position)
    mark = state.mark_of(position)
    closed = trial.closed if order.buy else -trial.closed
    opened = trial.opened if order.buy else -trial.opened
    after = position.imagine(closed + opened, order, trial.resting, instead_of)
    after.cost = _cost_after(position, trial, buy=order.buy)
    fee_rate = state.taker_rate if fee_rate < 0 else fee_rate
    fee = share(trial.closing + trial.opening, fee_rate)
    closing_gain = _gain(position, mark, closed, trial.closing)
    opening_gain = _gain(position, mark, opened, trial.opening)
    if not agreed and _clearly_fits(state, position, after, closing_gain + opening_gain - fee):
        return None
    return _closer_look(
        state, position, after, trial, fee, closing_gain, opening_gain, agreed=agreed
    )


def options_refused(position: Position) -> Refusal:
    """Why an account without portfolio margin holds no options."""
    detail = f"{position.instrument.symbol} is an option, which is held in portfolio margin only"
    return Refusal(Reject.NOT_OFFERED, detail)


def capped_refused(position: Position) -> Refusal:
    """Why a contract with a highest price is held in cross margin alone."""
    symbol = position.instrument.symbol
    detail = f"{symbol} has a highest price, and is held fully collateralised in cross margin only"
    return Refusal(Reject.NOT_OFFERED, detail)


def _closer_look(
    state: State,
    position: Position,
    after: Held,
    trial: Trial,
    fee: Money,
    closing_gain: Money,
    opening_gain: Money,
    *,
    agreed: bool,
) -> Refusal | None:
    """See `unaffordable`, by the position's margin mode."""
    mark = state.mark_of(position)
    grows = exposure(after, mark) > exposure(position, mark)
    portfolio = position.pool.portfolio if not position.isolated else None
    if grows and portfolio is None:
        allowed = leverage_allowed(after, mark)
        if position.leverage > allowed:
            return Refusal(
                Reject.LEVERAGE_OUT_OF_RANGE,
                f"leverage was {position.leverage}, expected {allowed} at most at this notional",
            )
    if position.isolated:
        return _isolated(state, position, after, trial, fee, closing_gain, opening_gain)
    gain = closing_gain + opening_gain - fee
    if portfolio is not None:
        return _portfolio(state, after, gain, agreed=agreed)
    if agreed:
        return _unsafe(state, position, after, gain)
    return _cross(state, position, after, gain, opens=grows or trial.opened > 0)


def _clearly_fits(state: State, position: Position, after: Held, gain: Money) -> bool:
    """Whether there is margin for all of it, whatever of it opens, and any leverage is allowed.

    In cross margin, where nothing else hangs on the position.  Most orders do, and need no closer
    look; one that does not may still be carried.
    """
    pool = position.pool
    return (
        not position.isolated
        and pool.portfolio is None
        and not pool.is_unified
        and position.opposite is None
        and position.leverage <= position.instrument.tiers.leverage_least
        and state.left_with(position, after, gain) >= 0
    )


def _cost_after(position: Position, trial: Trial, *, buy: bool) -> Money:
    """What the position will have cost: what is not closed keeps its share."""
    left = position.cost
    if trial.closed:
        left -= ceil_div(times(position.cost, trial.closed), magnitude(position.size))
    return left + (trial.opening if buy != position.instrument.is_inverse else -trial.opening)


def _gain(position: Position, mark: MarkPrice, lots: Lots, value: Money) -> Money:
    """What taking `lots` (signed) for `value` adds to equity at the mark."""
    cost = value if (lots > 0) != position.instrument.is_inverse else -value
    return position.instrument.unrealised_pnl(mark, lots, cost)


def _cross(
    state: State, position: Position, after: Held, gain: Money, *, opens: bool
) -> Refusal | None:
    if opens:
        mark = state.mark_of(position)
        found = state.margin(position.pool, gain).available
        needed = initial_of_both(after, mark) - initial_of_both(position, mark)
    elif position.pool.is_unified:
        found, needed = state.margin(position.pool, gain).backing, 0
    else:
        found, needed = state.cross(position.pool).equity + gain, 0
    return _short(position, found, needed) if found < needed else None


def _portfolio(state: State, after: Held, gain: Money, *, agreed: bool) -> Refusal | None:
    """In portfolio margin what closes one leg may bare another, and what opens may hedge.

    So the whole pool must have initial margin afterwards, or need no more than it did before.
    """
    before, then = state.margin(after.pool), state.margin(after.pool, gain, instead=after)
    safe = then.maintenance + (after.instrument.edge if then.maintenance else 0)
    least = safe if agreed else then.initial
    eases = then.maintenance <= before.maintenance and then.initial <= before.initial
    if then.equity >= least or (eases and then.backing >= 0):
        return None
    return _short(after, then.equity, least)


def _unsafe(state: State, position: Position, after: Held, gain: Money) -> Refusal | None:
    margin, mark = state.margin(position.pool, gain), state.mark_of(position)
    rise = Sides(after).maintenance(mark) + edge_alone(after) - Sides(position).maintenance(mark)
    found, needed = margin.equity, max(0, margin.maintenance + rise)
    return _short(position, found, needed) if found < needed else None


def _isolated(
    state: State,
    position: Position,
    after: Held,
    trial: Trial,
    fee: Money,
    closing_gain: Money,
    opening_gain: Money,
) -> Refusal | None:
    mark = state.mark_of(position)
    held = position.bucket.balance + unrealised_pnl(position, mark) if position.size else 0
    if trial.closed and held + closing_gain < 0:
        return _short(position, held + closing_gain, 0)
    funding = position.instrument.isolated_margin(trial.opening, trial.opened, position.leverage)
    if trial.opened:
        found = funding + opening_gain + (0 if trial.closed else held)
        needed = safe_margin(after, mark)
        if found < needed:
            return _short(position, found, needed)
    reserve = max(0, order_margin(after) - order_margin(position))
    needed = funding + reserve + (fee if trial.opened else 0)
    available = state.margin(position.pool).for_bucket
    return _short(position, available, needed) if needed and available < needed else None


def _short(position: Held, found: Money, expected: Money) -> Refusal:
    text = position.instrument.money_text
    return Refusal(
        Reject.INSUFFICIENT_MARGIN,
        f"margin was {text(found)} {position.instrument.settle}, expected {text(expected)} or more",
    )

"""Margin arithmetic: equity, initial and maintenance margin, liquidation and bankruptcy prices.

The boundary is: an account is safe while equity >= maintenance margin; at equality it is safe.
Every rounding is against the account: values at a mark down, requirements up.
"""

from collections.abc import Callable, Iterable
from typing import Final

from mypy_extensions import i64, mypyc_attr

from exchange.core.accounts import NO_ROOM, ROOM_MAX, Held, Pool, Position
from exchange.core.instrument import Instrument
from exchange.core.lines import Lines
from exchange.core.portfolio import Requirement, instead_of, maintenance_of, together
from exchange.core.units import (
    NARROW,
    RATE_ONE,
    WIDE,
    Lots,
    MarkPrice,
    Money,
    Rate,
    Ticks,
    ceil_div,
    magnitude,
    times,
)

ROOM_ROUNDING: Final = 6
"""Units that the roundings of a position's initial margin can add up to, its `edge` among them."""
NEVER: Final = 10**30
"""A mark beyond which nobody looks: an inverse short with enough collateral never fails."""


class Marks:
    """The mark price of every instrument, by instrument number; 0 where there is none yet."""

    def __init__(self) -> None:
        self.prices: list[MarkPrice] = []
        self.options: list[Instrument] = []
        """Those of which the price follows from another."""
        self.changes: i64 = 0
        """How often one of them has changed."""
        self.missing: i64 = 0
        """How many are 0."""

    def add(self) -> None:
        """One more instrument, which has no mark yet."""
        self.prices.append(0)
        self.missing += 1

    def set(self, instrument: int, price: MarkPrice) -> None:
        """A new mark."""
        self.missing += (price == 0) - (self.prices[instrument] == 0)
        self.prices[instrument] = price
        self.changes += 1

    def changed(self, prices: dict[int, MarkPrice]) -> "Marks":
        """The same, with other prices for some instruments, and for the options on these."""
        other = Marks()
        other.prices = [prices.get(number, price) for number, price in enumerate(self.prices)]
        other.options = self.options
        for instrument in self.options:
            option = instrument.option
            if option is not None and option.source in prices and instrument.index not in prices:
                other.prices[instrument.index] = option.mark(other.prices[option.source])
        return other

    def of(self, position: Held) -> MarkPrice:
        """The mark that a position is measured at."""
        return self.prices[position.market]


def unrealised_pnl(position: Held, mark: MarkPrice) -> Money:
    """What closing the position at the mark would add."""
    return position.instrument.unrealised_pnl(mark, position.size, position.cost)


def notional(position: Held, mark: MarkPrice) -> Money:
    """The absolute value of the position at the mark."""
    return position.instrument.notional(mark, position.size)


def counted_with(position: Held) -> Position | None:
    """The other side of a hedge, where it tells the position's tier; None where nothing does."""
    other = position.opposite
    if other is None or other.isolated or position.isolated:
        return None
    return other


def beside(position: Held, mark: MarkPrice) -> int:
    """What the other side adds to the measure that tells the position's tier."""
    other = counted_with(position)
    return 0 if other is None else other.instrument.measure(mark, other.size, other.cost)


def maintenance_margin(position: Held, mark: MarkPrice) -> Money:
    """What must stand behind the position; below it the venue liquidates."""
    other = 0 if position.opposite is None else beside(position, mark)
    return position.instrument.maintenance(mark, position.size, position.cost, other)


class Sides:
    """A position and the other side of a hedge that its tier counts, as they are now."""

    def __init__(self, position: Held) -> None:
        other = counted_with(position)
        self.instrument = position.instrument
        self.size: Lots = position.size
        self.cost = position.cost
        self.other_size: Lots = 0 if other is None else other.size
        self.other_cost = 0 if other is None else other.cost

    def maintenance(self, mark: MarkPrice, closed: Lots = 0) -> Money:
        """Maintenance margin of both, once so many lots (positive) of the position are closed."""
        instrument, held = self.instrument, magnitude(self.size)
        cost = times(self.cost, held - closed) // held if closed else self.cost
        left = held - closed if self.size > 0 else closed - held
        if not self.other_size:
            return instrument.maintenance(mark, left, cost)
        own = instrument.measure(mark, left, cost)
        other = instrument.measure(mark, self.other_size, self.other_cost)
        margin = instrument.maintenance(mark, left, cost, other)
        return margin + instrument.maintenance(mark, self.other_size, self.other_cost, own)


def safe_margin(position: Held, mark: MarkPrice) -> Money:
    """The least equity at which the position is safe: no trade or transfer may leave it less."""
    return maintenance_margin(position, mark) + edge_alone(position)


def edge_alone(position: Held) -> Money:
    """What a position needs above its maintenance margin to be safe."""
    return position.instrument.edge if position.size else 0


def margin_alone(position: Held, marks: Marks) -> Money:
    """Maintenance margin of a position if its account held nothing else."""
    terms = position.pool.portfolio
    if terms is None or position.isolated:
        return maintenance_margin(position, marks.of(position))
    return Requirement(terms, [position], marks.prices).maintenance


def initial_alone(position: Held, marks: Marks) -> Money:
    """Initial margin of a position that is not isolated, with its orders, if that were all."""
    terms = position.pool.portfolio
    if terms is None:
        return initial_margin(position, marks.of(position))
    return Requirement(terms, [position], marks.prices).initial


def opening_value(open_lots: Lots, open_value: Money, closing_lots: Lots) -> Money:
    """The part of open orders' value that opens rather than closes, rounded up."""
    if open_lots <= closing_lots:
        return 0
    if closing_lots == 0:
        return open_value
    return ceil_div(times(open_value, open_lots - closing_lots), open_lots)


def order_exposure(position: Held) -> tuple[Money, Money]:
    """What open buys and open sells would open, in money, beyond what they close."""
    buys = opening_value(position.buy_lots, position.buy_value, max(-position.size, 0))
    sells = opening_value(position.sell_lots, position.sell_value, max(position.size, 0))
    return buys, sells


def order_charges(position: Held) -> Money:
    """What open orders cost beside their margin, as far as they open: losses at once, and fees.

    The losses are at the marks of their placing.
    """
    instrument, charges = position.instrument, 0
    if instrument.charges_open_loss:
        short, long = max(-position.size, 0), max(position.size, 0)
        charges += opening_value(position.buy_lots, position.buy_loss, short)
        charges += opening_value(position.sell_lots, position.sell_loss, long)
    if instrument.fee_to_open:
        buys, sells = order_exposure(position)
        bought = max(0, position.buy_lots - max(-position.size, 0))
        sold = max(0, position.sell_lots - max(position.size, 0))
        charges += instrument.order_fees(buys, bought, position.leverage, buy=True)
        charges += instrument.order_fees(sells, sold, position.leverage, buy=False)
    return charges


def exposure(position: Held, mark: MarkPrice) -> Money:
    """The largest notional that the position can have once its open orders trade.

    Only one side can add to it: the other first closes what is held.
    """
    buys, sells = order_exposure(position)
    held = position.instrument.at_stake(mark, position.size)
    if position.size > 0:
        return max(held + buys, sells)
    return max(held + sells, buys)


def exposed_lots(position: Held) -> Lots:
    """The largest size that the position can have once its open orders trade."""
    buys = max(position.buy_lots - max(-position.size, 0), 0)
    sells = max(position.sell_lots - max(position.size, 0), 0)
    held = magnitude(position.size)
    return max(held + buys, sells) if position.size > 0 else max(held + sells, buys)


def leverage_allowed(position: Held, mark: MarkPrice) -> int:
    """The highest leverage that the tiers allow the position and its open orders."""
    tiers, other = position.instrument.tiers, counted_with(position)
    also = 0 if other is None else exposed_measure(other, mark)
    return tiers.leverage_max(exposure(position, mark), exposed_lots(position), also)


def exposed_measure(position: Held, mark: MarkPrice) -> int:
    """What tells the tier of a position and its open orders."""
    return position.instrument.tiers.measure(exposure(position, mark), exposed_lots(position))


def initial_margin(position: Held, mark: MarkPrice) -> Money:
    """What a cross position and its open orders take of the account's equity.

    Never less than maintenance margin: a position may outgrow the tiers that its leverage is for.
    """
    return _initial(position, counted_with(position), mark)


def _initial(position: Held, other: Held | None, mark: MarkPrice) -> Money:
    """The same, with the other side that tells its tier."""
    exposed, lots = exposure(position, mark), exposed_lots(position)
    instrument, also, held = position.instrument, 0, 0
    if other is not None:
        also, held = exposed_measure(other, mark), instrument.measure(mark, other.size, other.cost)
    margin = instrument.initial(exposed, lots, position.leverage, also)
    needed = instrument.maintenance(mark, position.size, position.cost, held)
    margin = max(margin, needed + edge_alone(position))
    return margin + order_charges(position) if instrument.charges_orders else margin


def initial_of_both(position: Held, mark: MarkPrice) -> Money:
    """Initial margin of a position, and of the other side of a hedge where its tier counts it.

    The position may be one that is only imagined.
    """
    other = counted_with(position)
    margin = _initial(position, other, mark)
    return margin if other is None else margin + _initial(other, position, mark)


def margin_held(position: Held, mark: MarkPrice) -> Money:
    """Initial margin of what is held, without open orders: what belongs in an isolated bucket."""
    held, lots = notional(position, mark), magnitude(position.size)
    margin = position.instrument.isolated_margin(held, lots, position.leverage)
    return max(margin, safe_margin(position, mark))


def order_margin(position: Held) -> Money:
    """What the open orders of an isolated position take of the wallet until they trade."""
    buys, sells = order_exposure(position)
    lots = max(position.buy_lots, position.sell_lots)
    margin = position.instrument.isolated_margin(max(buys, sells), lots, position.leverage)
    return margin + order_charges(position) if position.instrument.charges_orders else margin


def edge_among(positions: Iterable[Held]) -> Money:
    """What a portfolio needs above its maintenance margin to be safe."""
    return max([p.instrument.edge for p in positions if p.size], default=0)


@mypyc_attr(acyclic=True, free_list_len=1)
class CrossMargin:
    """What stands behind the cross positions of a pool, and what must, at the present marks."""

    def __init__(self, pool: Pool, wallet: Money, marks: Marks) -> None:
        self.wallet = wallet
        self.unrealised: Money = 0
        self.maintenance: Money = 0
        self.value: Money = 0
        """The notional of all positions; 0 where there are none."""
        self.positions = 0
        for position in pool.listed:
            if position.isolated or not position.size:
                continue
            self.positions += 1
            instrument, size, mark = position.instrument, position.size, marks.of(position)
            held = instrument.notional(mark, size)
            self.value += held
            self.unrealised += instrument.unrealised_pnl(mark, size, position.cost)
            if not pool.is_house:
                other = 0 if position.opposite is None else beside(position, mark)
                if instrument.cap:
                    self.maintenance += instrument.full_loss(mark, size)
                    continue
                self.maintenance += instrument.margin_of(held, size, position.cost, other)
        if pool.portfolio is not None:
            # Of a unified account it is reckoned for all of its pools at once.
            self.maintenance = (
                maintenance_of(pool.portfolio, together(pool), marks.prices)
                if not pool.is_unified
                else 0
            )

    @property
    def equity(self) -> Money:
        """Wallet balance and unrealised PnL: gains carry losses."""
        return self.wallet + self.unrealised

    def spare(self, lines: Lines) -> Money:
        """What the wallet can give without putting cross positions into liquidation."""
        return max(0, -lines.lacking(self.equity, self.maintenance))


@mypyc_attr(free_list_len=1)
class PoolMargin(CrossMargin):
    """That, and what positions and open orders take of it: what more can be opened."""

    def __init__(
        self, pool: Pool, wallet: Money, marks: Marks, instead: Held | None = None
    ) -> None:
        """`instead`: a portfolio's margin as if this were held in place of its like."""
        super().__init__(pool, wallet, marks)
        self.initial: Money = 0
        for position in pool.listed:
            if position.isolated:
                self.initial += order_margin(position)
            elif pool.portfolio is None:
                self.initial += initial_margin(position, marks.of(position))
        if pool.portfolio is not None and not pool.is_unified:
            held = instead_of(together(pool), instead)
            needed = Requirement(pool.portfolio, held, marks.prices)
            self.maintenance = needed.maintenance
            self.initial += max(needed.initial, needed.maintenance + edge_among(held))

    @property
    def available(self) -> Money:
        """Equity not taken by positions and orders; below zero, nothing more can be opened."""
        return self.equity - self.initial

    @property
    def backing(self) -> Money:
        """What there is to lose."""
        return self.equity

    @property
    def for_bucket(self) -> Money:
        """What an isolated position may take."""
        return self.available

    @property
    def withdrawable(self) -> Money:
        """What may leave: available margin, but unrealised gains are not money yet."""
        return max(0, self.wallet + min(0, self.unrealised) - self.initial)


def find_room(pool: Pool, marks: Marks) -> None:
    """Find out what notional the pool's wallet carries besides all it has, at the least: its room.

    Only where that is simple: each position has margin of its own, at a leverage that every tier
    allows.  What it takes of the wallet is initial margin less unrealised PnL.  No position is
    exposed to more than what it holds and all its orders, and a unit of margin carries its leverage
    of that, or what the steepest tier's rates let it.

    Room is what is left then, times the least that a unit carries.  So an order cannot take more of
    it than its value, nor a trade more than `taken_by`: whoever makes them takes that off, and the
    room needs not be found anew.
    """
    pool.room, pool.room_at = NO_ROOM, marks.changes
    pool.is_plain = not pool.is_unified and not pool.is_house and pool.portfolio is None
    left, least = pool.wallet.balance, i64(RATE_ONE)
    for position in pool.listed:
        instrument, carried = position.instrument, position.carried
        if (
            position.isolated
            or position.opposite is not None
            or position.leverage > instrument.tiers.leverage_least
            or carried == 0
        ):
            pool.is_plain = False
            return
        least = min(least, carried)
        worth = instrument.worth(marks.of(position), position.size)
        exposed = magnitude(worth) + position.buy_value + position.sell_value
        rounding = room_rounding(instrument, position.size)
        left -= (exposed + rounding) // int(carried) + 1 + rounding + position.cost - worth
    if pool.is_plain:
        pool.room = max(-ROOM_MAX, min(times(left, int(least)), ROOM_MAX - 1))


def taken_by(position: Position, size: i64, value: Money, fee: Money, *, buy: bool) -> i64:
    """What a trade of `size` for `value` (both unsigned) takes of a pool's room at the most.

    The wallet less the position's cost falls by the value and the fee, whatever is realised; what
    is held is worth no less than before and the lots together, and exposed to no more.
    """
    instrument = position.instrument
    if size >= instrument.lots_short or value >= WIDE or not -WIDE < fee < WIDE:
        return ROOM_MAX
    paid: i64 = value
    charged: i64 = fee
    worth, rounding = size * instrument.lot_worth, ROOM_ROUNDING + 2 * size
    loss = paid - worth if buy != instrument.is_inverse else worth - paid
    loss = max(0, loss + charged) + rounding
    if (loss >> 30) * position.carried >= NARROW:
        return ROOM_MAX  # their product is more than 61 bits, which leave room to add two of WIDE
    return max(paid, worth) + rounding + loss * position.carried


def room_rounding(instrument: Instrument, size: i64) -> Money:
    """What roundings can add up to in a bound; an inverse contract may round each lot's value."""
    return ROOM_ROUNDING + (magnitude(size) if instrument.is_inverse else 0)


def available_with(
    pool: Pool, wallet: Money, marks: Marks, changing: Position, imagined: Held
) -> Money:
    """What `PoolMargin.available` would be if one position and its orders were as imagined.

    Where each position has margin of its own, and no tier counts two of them.  The position's PnL
    is the present one: what a trade gains or loses is in `wallet`.
    """
    left = wallet
    for position in pool.listed:
        if position.isolated:
            left -= order_margin(position)
            continue
        mark = marks.of(position)
        left += unrealised_pnl(position, mark)
        left -= initial_margin(imagined if position is changing else position, mark)
    return left


def bankruptcy_price(
    position: Position, mark: MarkPrice, backing: Money, *, keeps_fee: bool = False
) -> Ticks:
    """The price at which closing the position uses up `backing`, its equity at the mark.

    Rounded in the venue's favour (up for a long, down for a short), so that a close at the
    returned price never leaves a debt; at least one tick.  `keeps_fee`: and leaves the closing fee.
    """
    instrument = position.instrument
    worth = instrument.worth(mark, position.size) - backing
    if keeps_fee:
        worth += instrument.entry_fee(magnitude(position.cost))
        fee = instrument.fee_at_mark
        worth = ceil_div(worth * RATE_ONE, RATE_ONE - fee if worth > 0 else RATE_ONE + fee)
    return instrument.price_of(worth, position.size)


def fillable_price(
    position: Position,
    mark: MarkPrice,
    equity: Money,
    maintenance: Money,
    adjustment: Rate,
    spread: Rate,
) -> MarkPrice:
    """The worst price at which a liquidation order trades, rounded towards the mark.

    It moves away from the mark as equity falls below maintenance margin, both of the whole
    account, and by `spread` of the position's own maintenance margin at most:
    worth - clamp(adjustment * (1 - equity / maintenance), 0, 1) * spread * margin (dYdX v4).
    """
    instrument = position.instrument
    far = min(max(adjustment * (maintenance - equity), 0), maintenance * RATE_ONE)
    moved = maintenance_margin(position, mark) * spread * far
    worth = instrument.worth(mark, position.size) - moved // max(1, maintenance * RATE_ONE**2)
    return instrument.price_of(worth, position.size, instrument.subticks)


def liquidation_price(
    legs: list[Position],
    mark: MarkPrice,
    equity: Money,
    maintenance: Money,
    *,
    equality_fails: bool = False,
    reserve: Callable[[MarkPrice], Money] | None = None,
    portfolio: Callable[[MarkPrice], Money] | None = None,
) -> MarkPrice | None:
    """The first mark at which liquidation starts, with every other mark held still.

    `legs` are what moves with this mark: one position, or a cross long and short side by side.
    `equity` and `maintenance` are those of what stands behind them (the cross pool, or the
    position itself).  Found on the engine's own arithmetic, so that it agrees with it to the last
    mark unit under any tiers and rounding.  None: no price liquidates.  `reserve`: what would be
    added at a mark rather than liquidate.  `portfolio`: maintenance margin of everything at a mark,
    where it is no sum.
    """
    spare_equity = equity - sum(unrealised_pnl(leg, mark) for leg in legs)
    spare_maintenance = maintenance - sum(maintenance_margin(leg, mark) for leg in legs)
    line = 1 if equality_fails else 0

    def spare(price: MarkPrice) -> Money:
        """What is left beyond the line where liquidation starts; below zero it does."""
        found = spare_equity + sum(unrealised_pnl(leg, price) for leg in legs)
        if portfolio is not None:
            needed = portfolio(price)
        else:
            needed = spare_maintenance + sum(maintenance_margin(leg, price) for leg in legs)
        left = found - needed - line
        return left + reserve(price) if reserve is not None else left

    # A hedge that is nearly even can fail on both sides: margin grows with the price.  A single
    # long can where it grows faster than the long gains; else there is nothing to search for.
    if sum(leg.size for leg in legs) > 0:
        below = failing_below(spare, mark)
        may_rise = len(legs) > 1 or portfolio is not None or legs[0].instrument.outgrows()
        return failing_above(spare, mark) if below is None and may_rise else below
    above = failing_above(spare, mark)
    return failing_below(spare, mark) if above is None else above


def failing_below(spare: Callable[[MarkPrice], Money], mark: MarkPrice) -> MarkPrice | None:
    """The highest price that fails, where prices fail up to some point; None where 1 does not.

    A price fails where its `spare` is below zero.  Where the mark fails already, it may lie above
    it; where every price fails, it is the mark.
    """
    if spare(1) >= 0:
        return None
    low, high = 1, mark
    while spare(high) < 0:
        low, high = high, high * 2
        if high > NEVER:
            return mark
    return last_failing(spare, low, high)


def failing_above(spare: Callable[[MarkPrice], Money], mark: MarkPrice) -> MarkPrice | None:
    """The lowest price that fails, where prices fail from some point on; None where none does.

    Where the mark fails already, it may lie below it; where every price fails, it is the mark.
    """
    low, high = mark, mark
    while spare(high) >= 0:
        low, high = high, high * 2
        if high > NEVER:
            return None
    if low == high:
        low = 1
        if spare(low) < 0:
            return mark
    return last_failing(spare, high, low)


def last_failing(
    spare: Callable[[MarkPrice], Money], failing: MarkPrice, safe: MarkPrice
) -> MarkPrice:
    """Between a price that fails and one that is safe, above or below it: the last that fails.

    What is spare runs nearly straight, in steps of a money unit, so one looks a step to each side
    of where a straight line would cross zero, and only then at the middle of what remains.
    """
    lacking, left = spare(failing), spare(safe)
    while abs(safe - failing) > 1:
        span = safe - failing
        step = abs(span) // (left - lacking) + 1
        aim = failing + span * lacking // (lacking - left)
        for price in (aim - step, aim + step, failing + span // 2):
            if not min(failing, safe) < price < max(failing, safe):
                continue
            found = spare(price)
            if found < 0:
                failing, lacking = price, found
            else:
                safe, left = price, found
    return failing

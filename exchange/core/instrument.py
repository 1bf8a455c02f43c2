"""A contract in exact integers: its grids, what a price is worth, and the margin it asks."""

from fractions import Fraction
from typing import Final

from mypy_extensions import i64

from exchange.core.grid import Grid, grid_of, underlying
from exchange.core.options import Option
from exchange.core.policies import Breach, ClosingFee, MarginPrice, OrderFees, TierCounts
from exchange.core.rules import ContractKind, InstrumentRules, MarginRules, Rulebook, Tier
from exchange.core.tiers import Tiers
from exchange.core.units import (
    GRID_MAX,
    NARROW,
    RATE_ONE,
    SHORT,
    WIDE,
    Lots,
    MarkPrice,
    Money,
    Nanos,
    Rate,
    Ticks,
    UnitError,
    ceil_div,
    decimal,
    exact,
    magnitude,
    moment,
    on_grid,
    rate,
    share,
    times,
)

COLLATERALISED: Final = (Tier(floor="0", maintenance="1", leverage_max=1),)
"""The tier of a contract with a highest price."""
MARK_UNIT: Final = "0.00000001"
PRICE_MAX: Final = 10**18
"""Stands for a price that is never reached."""


class Instrument:
    """A contract, an option, or a spot market.

    Linear and spot: one tick on one lot is worth `multiplier` units of money, and a trade's value
    is exact.
    Inverse: one lot at a price of one tick is worth `multiplier` units, and a trade's value is
    that over the price, rounded down to a unit, the same for both sides.

    Mark prices are finer: `subticks` mark units make a tick, and a value at a mark is rounded
    against the account.
    """

    size_min: i64
    size_max: i64
    """Bounds of an order."""

    def __init__(
        self,
        index: int,
        rules: InstrumentRules,
        tiers: tuple[Tier, ...],
        margin: MarginRules = MarginRules(),  # noqa: B008 (frozen)
        taker: Rate = 0,
    ) -> None:
        what = rules.symbol
        # First what each order and trade asks for, so that it comes from memory together.  What is
        # set before a method is called, compiled code need not test at each read.
        self.bounds_orders = self.weighs_orders = self.is_inverse = self.is_spot = False
        self.size_min, self.size_max, self.crowded_to = 1, GRID_MAX, 0
        self._ticks_short = self._marks_short = self._per_tick = self._per_mark = i64(0)
        # What a lot is worth at the present mark, unsigned: of fewer lots than the second it is
        # less than WIDE; there are none where it is not even of one.
        self.lot_worth = self.lots_short = i64(0)
        self.index, self.rules = index, rules
        self.symbol: str = rules.symbol
        self.settle: str = rules.settle
        self._read_kind(rules)
        self.base: str = rules.base
        """Of a spot market: the asset that changes hands for `settle`; empty for a contract."""
        self.tick_size = _positive(rules.tick_size, f"{what} tick_size")
        self.lot_size = _positive(rules.lot_size, f"{what} lot_size")
        self.money_unit = _positive(rules.money_unit, f"{what} money_unit")
        self.mark_unit = _positive(rules.mark_unit or MARK_UNIT, f"{what} mark_unit")
        per_tick = 1 / self.tick_size if self.is_inverse else self.tick_size
        self.multiplier = _whole(
            per_tick * self.lot_size / self.money_unit,
            f"{what}: a tick on a lot is worth",
            f"units of {rules.settle} ({rules.money_unit})",
        )
        self.base_units = self._base_units()
        """Units of the base asset in a lot of a spot market; 0 for a contract."""
        self.expires_at: Nanos = moment(rules.expiry, f"{what} expiry") if rules.expiry else 0
        """When a dated future ends; 0: never."""
        self.subticks = _whole(self.tick_size / self.mark_unit, f"{what}: a tick is", "mark units")
        self.per_mark, self.mark_parts = Fraction(self.multiplier, self.subticks).as_integer_ratio()
        """A mark unit on a lot is worth one over the other (linear and spot): in lowest terms,
        so that what is multiplied by them stays short."""
        self._read_short()
        self.cap: MarkPrice = self._highest(rules)
        """The highest mark; 0 where there is none, as of most."""
        self._read_sizes(rules)
        self.tiers = Tiers(
            tiers, self.money_unit, self.lot_size, margin.tier_input, margin.rate_growth
        )
        self.counts_both_sides = margin.tier_counts is TierCounts.BOTH_SIDES
        """Whether a long and a short side by side tell each other's tier."""
        if self.counts_both_sides and self.tiers.growth:
            raise UnitError("rate_growth does not go with tiers that count both sides")
        self.priced_at_entry = margin.maintenance_price is MarginPrice.ENTRY
        self.fee_at_mark: Rate = taker if margin.closing_fee is ClosingFee.MARK else 0
        self.fee_at_entry: Rate = taker if margin.closing_fee is ClosingFee.ENTRY else 0
        self.fee_in_bucket = margin.fee_in_isolated_margin
        self._read_order_cost(margin, taker)
        self.underlying = underlying(rules)
        self.grid: Grid | None = None
        """What portfolio margin expects of it; None where there is none."""
        self.days_left = 0
        """To expiry, that begun included, and a year at most; 0 without expiry."""
        self.edge: Money = 0
        """What a position needs above its maintenance margin to be safe."""
        self.crowded_from, self.crowded_to = self._crowd_bounds(margin)
        self.carried: i64 = self._carried()
        """What a unit of margin carries of notional at the least, whatever the tier; 0 where margin
        is no rate of the notional at the mark, or not of that alone."""
        self.crowding: Rate = 0
        """How far open interest has come from the bound where the initial rate begins to rise to
        the one where it reaches one."""

    def _read_kind(self, rules: InstrumentRules) -> None:
        self.is_option = rules.right is not None
        self.option: Option | None = None
        """What its worth hangs on; None of all else."""
        self.is_inverse = rules.kind is ContractKind.INVERSE and not self.is_option
        """An option's own price is what it is worth, in either kind."""
        self.by_lot = self.is_inverse and rules.whole_value_per_lot
        """Whether each lot has a value in whole units of money."""
        self.is_spot = rules.kind is ContractKind.SPOT

    def _read_short(self) -> None:
        """The same in 64 bits, and up to which products of a price and a size they do."""
        is_short = not self.is_inverse and self.multiplier < NARROW and self.mark_parts < SHORT
        self._per_tick = self.multiplier if is_short else 1
        self._per_mark = self.per_mark if is_short else 1
        self._mark_parts: i64 = self.mark_parts if is_short else 1
        self._ticks_short = SHORT // self.multiplier if is_short else 0
        self._marks_short = SHORT // self.per_mark if is_short else 0

    def _highest(self, rules: InstrumentRules) -> MarkPrice:
        if not rules.price_max:
            return 0
        if rules.kind is not ContractKind.LINEAR or self.is_option:
            kind = "an option" if self.is_option else rules.kind
            raise UnitError(f"{self.symbol} price_max was of {kind}, expected a linear contract")
        ticks = on_grid(rules.price_max, self.tick_size, f"{self.symbol} price_max")
        if not 1 < ticks <= GRID_MAX:
            raise UnitError(
                f"{self.symbol} price_max was {rules.price_max}, expected two ticks or more"
            )
        return ticks * self.subticks

    def _read_sizes(self, rules: InstrumentRules) -> None:
        what = self.symbol
        if rules.size_max:
            size_max = on_grid(rules.size_max, self.lot_size, f"{what} size_max")
            self.size_max = min(size_max, GRID_MAX)
        self.market_size_max: Lots = (
            on_grid(rules.market_size_max, self.lot_size, f"{what} market_size_max")
            if rules.market_size_max
            else self.size_max
        )
        if rules.size_min:
            size_min = on_grid(rules.size_min, self.lot_size, f"{what} size_min")
            self.size_min = min(size_min, GRID_MAX + 1)
        self.notional_min: Money = (
            on_grid(rules.notional_min, self.money_unit, f"{what} notional_min")
            if rules.notional_min
            else 0
        )
        self.bounds_orders = self.cap > 0 or self.notional_min > 0
        """Whether an order may be refused for its price, or for what it is worth."""

    def _read_order_cost(self, margin: MarginRules, taker: Rate) -> None:
        self.raises_sells = margin.sell_order_over_last != ""
        """Whether a sell is reckoned at another price than its own where that is lower."""
        self.sell_over_last: Rate = rate(margin.sell_order_over_last or "0", "sell_order_over_last")
        self.charges_open_loss = margin.order_open_loss and not self.cap
        by_price = self.raises_sells or self.charges_open_loss or self.cap > 0
        self.weighs_orders = by_price and not self.is_spot
        """Whether what an order costs hangs on prices of when it is placed."""
        # What is fully collateralised has nothing besides: a fill may not take its fee of that.
        keeps_fee = margin.order_fees is not OrderFees.NONE or self.cap > 0
        keeps_both = margin.order_fees is OrderFees.OPEN_AND_CLOSE and not self.cap
        self.fee_to_open: Rate = taker if keeps_fee and not self.is_spot else 0
        self.fee_to_close: Rate = taker if keeps_both and not self.is_spot else 0
        self.charges_orders = self.charges_open_loss or self.fee_to_open > 0
        """Whether an order may cost more than its part of the leverage."""

    def _crowd_bounds(self, margin: MarginRules) -> tuple[Money, Money]:
        """Bounds of open interest; zeros where it does not matter."""
        if not margin.open_interest_lower:
            return 0, 0
        lower = on_grid(margin.open_interest_lower, self.money_unit, "open_interest_lower")
        upper = on_grid(margin.open_interest_upper, self.money_unit, "open_interest_upper")
        if not 0 <= lower < upper:
            raise UnitError(f"open_interest_lower was {lower} units, expected less than {upper}")
        return lower, upper

    def _carried(self) -> int:
        by_entry = self.priced_at_entry or self.fee_at_entry > 0
        by_orders = self.weighs_orders or self.charges_orders or self.crowded_to > 0
        if self.is_spot or self.is_option or by_entry or by_orders or self.tiers.growth:
            return 0
        steepest = max(self.tiers.rates[-1] + self.fee_at_mark, *self.tiers.initial_schedule.rates)
        return RATE_ONE // max(steepest, 1)

    def note_mark(self, mark: MarkPrice) -> None:
        """Know what a lot is worth from now on."""
        worth = magnitude(self.worth(mark, 1))
        self.lot_worth = worth if worth < WIDE else 0
        self.lots_short = min(WIDE // max(1, worth), GRID_MAX)

    def crowd(self, mark: MarkPrice, open_interest: Lots) -> None:
        """Let the initial rate rise with open interest."""
        if self.crowded_to:
            above = self.notional(mark, open_interest) - self.crowded_from if mark else 0
            reach = self.crowded_to - self.crowded_from
            self.crowding = min(max(above, 0), reach) * RATE_ONE // reach

    # ------------------------------------------------------------------------- margin

    def measure(self, mark: MarkPrice, size: Lots, cost: Money) -> int:
        """What tells the tier of a position of `size` (signed)."""
        priced = magnitude(cost) if self.priced_at_entry else self.notional(mark, size)
        return self.tiers.measure(priced, magnitude(size))

    def maintenance(self, mark: MarkPrice, size: Lots, cost: Money, beside: int = 0) -> Money:
        """What must stand behind a position of `size` (signed); the closing fee included.

        `beside`: the measure of what tells its tier besides itself.
        """
        if self.cap:
            return self.full_loss(mark, size)
        return self.margin_of(self.notional(mark, size), size, cost, beside) if size else 0

    def full_loss(self, mark: MarkPrice, size: Lots) -> Money:
        """What `size` (signed) can lose from a mark on, where there is a highest one.

        With what its PnL is there, rounding and all, it comes to the same at every mark.
        """
        least = 0 if size > 0 else size * self.multiplier * (self.cap // self.subticks)
        return self.worth(mark, size) - least

    def at_stake(self, mark: MarkPrice, size: Lots) -> Money:
        """What initial margin is a part of: the notional, or all that can be lost."""
        return self.full_loss(mark, size) if self.cap else self.notional(mark, size)

    def margin_of(self, held: Money, size: Lots, cost: Money, beside: int = 0) -> Money:
        """The same, of a position whose notional is `held`."""
        priced = magnitude(cost) if self.priced_at_entry else held
        margin = self.tiers.maintenance(priced, magnitude(size), beside)
        if self.fee_at_mark:
            margin += share(held, self.fee_at_mark)
        return margin + self.entry_fee(magnitude(cost)) if self.fee_at_entry else margin

    def initial(self, value: Money, lots: Lots, leverage: int, beside: int = 0) -> Money:
        """What opening `value` takes: its part of the leverage, or the tiers' own rate if more."""
        least = self.tiers.initial(value, lots, beside)
        if self.crowding:
            least += ceil_div((value - least) * self.crowding, RATE_ONE)
        return max(ceil_div(value, leverage), least)

    def isolated_margin(self, value: Money, lots: Lots, leverage: int) -> Money:
        """What a bucket is filled with when `value` is opened."""
        margin = self.initial(value, lots, leverage)
        return margin + self.entry_fee(value) if self.fee_in_bucket else margin

    def entry_fee(self, cost: Money) -> Money:
        """The closing fee, where it is reckoned on the entry value."""
        return share(cost, self.fee_at_entry)

    def order_fees(self, value: Money, lots: Lots, leverage: int, *, buy: bool) -> Money:
        """What orders that open `lots` keep for fees, rounded up; see `policies.OrderFees`.

        `value` is what margin is reckoned on; where there is a highest price a sell trades for the
        rest of that.

        An inverse contract is worth the more money the lower its price.
        """
        if self.cap and not buy:
            value = lots * self.multiplier * (self.cap // self.subticks) - value
        worse = -1 if buy != self.is_inverse else 1
        rates = self.fee_to_open * leverage + self.fee_to_close * (leverage + worse)
        return ceil_div(value * rates, leverage * RATE_ONE)

    # -------------------------------------------------------------------------- worth

    def _base_units(self) -> int:
        rules = self.rules
        if self.is_spot == (rules.base in {"", rules.settle}):
            expected = f"an asset besides {rules.settle}" if self.is_spot else "none but for spot"
            raise UnitError(f"{self.symbol} base was {rules.base!r}, expected {expected}")
        if not self.is_spot:
            return 0
        if rules.expiry:
            raise UnitError(f"{self.symbol} expiry was {rules.expiry!r}, expected none for spot")
        unit = _positive(rules.base_unit, f"{self.symbol} base_unit")
        return on_grid(rules.lot_size, unit, f"{self.symbol} lot_size")

    def value(self, price: i64, size: i64) -> Money:
        """What trading `size` (signed) at a price adds to a position's cost.

        The two sides of a trade add the same amount, with opposite signs.  For an inverse contract
        the sign is turned: a long owes less coin the higher the price.
        """
        if 0 < price < NARROW and -NARROW < size < NARROW:
            ticks = price * size
            if -self._ticks_short < ticks < self._ticks_short:
                return ticks * self._per_tick
        return self._long_value(price, size)

    def _long_value(self, price: i64, size: i64) -> Money:
        """The same, where 64 bits may not hold it."""
        ticks, lots = int(price), int(size)
        if not self.is_inverse:
            return ticks * lots * self.multiplier
        worth = magnitude(lots) * self.multiplier // ticks
        if self.by_lot:
            worth = magnitude(lots) * ((2 * self.multiplier + ticks) // (2 * ticks))
        return -worth if lots > 0 else worth

    def notional(self, mark: MarkPrice, size: Lots) -> Money:
        """The absolute value of `size` at a mark, rounded up to a unit; of nothing, 0."""
        if size == 0:
            return 0
        if self.by_lot:
            return magnitude(size) * ceil_div(self.multiplier * self.subticks, mark)
        if self.is_inverse:
            return ceil_div(magnitude(size) * self.multiplier * self.subticks, mark)
        return -self.worth(mark, -magnitude(size))

    def worth(self, mark: MarkPrice, size: i64) -> Money:
        """What `size` (signed) would be worth in a position's cost, closed at a mark."""
        if mark < WIDE and -NARROW < size < NARROW:
            price: i64 = mark
            if -NARROW < (price >> 31) * size < NARROW:
                units = price * size
                if -self._marks_short < units < self._marks_short:
                    return units * self._per_mark // self._mark_parts
        return self._long_worth(mark, size)

    def _long_worth(self, mark: MarkPrice, size: Lots) -> Money:
        if size == 0:
            return 0
        if self.by_lot:
            lot = self.multiplier * self.subticks
            return magnitude(size) * (-lot // mark if size > 0 else lot // mark)
        if self.is_inverse:
            return -size * self.multiplier * self.subticks // mark
        return mark * size * self.per_mark // self.mark_parts

    def unrealised_pnl(self, mark: MarkPrice, size: Lots, cost: Money) -> Money:
        """What closing at a mark would add, rounded down to a unit."""
        return self.worth(mark, size) - cost

    def loss_after(self, mark: MarkPrice, size: Lots, move: Rate) -> Money:
        """What `size` (signed) loses when the mark moves by a part of itself, rounded up.

        `by_lot`'s roundings are left out of it.
        """
        lots = -size * self.multiplier * move
        if self.is_inverse:
            return ceil_div(lots * self.subticks, mark * (RATE_ONE + move))
        return ceil_div(lots * mark, self.subticks * RATE_ONE)

    def price_of(self, worth: Money, size: Lots, parts: int = 1) -> Ticks:
        """The price at which `size` is worth at least `worth`: the last tick that is, from 1.

        Where no price is, the worst for the position that can be written: PRICE_MAX.  The price
        is in `parts` of a tick: with `subticks` of them, in mark units.
        """
        if not self.is_inverse:
            ticks = size * self.multiplier
            return max(1, ceil_div(worth * parts, ticks) if size > 0 else worth * parts // ticks)
        lots = magnitude(size) * self.multiplier * parts
        if self.by_lot:
            return self._price_by_lot(worth, size, self.multiplier * parts)
        if size > 0:
            # The part of a unit that a trade's value drops is the long's: it owes the less.
            return min(lots // (1 - worth) + 1, PRICE_MAX) if worth <= 0 else PRICE_MAX
        return max(1, lots // worth) if worth > 0 else PRICE_MAX

    def _price_by_lot(self, worth: Money, size: Lots, multiplier: int) -> Ticks:
        """See `price_of`.  What a lot's value loses to rounding is against the position."""
        if size > 0:
            each = -worth // size
            return min(ceil_div(multiplier, each), PRICE_MAX) if each > 0 else PRICE_MAX
        each = ceil_div(worth, -size)
        return max(1, multiplier // each) if each > 0 else PRICE_MAX

    def average_price(self, value: Money, lots: Lots) -> MarkPrice:
        """The price of `lots` that were traded for `value`, rounded down to a mark unit."""
        if self.is_inverse:
            return lots * self.multiplier * self.subticks // value
        return value * self.subticks // (lots * self.multiplier)

    def payment(self, price: MarkPrice, size: Lots, rate: Rate) -> tuple[int, int]:
        """A rate of the value of `size` (signed) at a price, as an exact fraction of money."""
        lots = size * self.multiplier * rate
        if self.is_inverse:
            return lots * self.subticks, price * RATE_ONE
        return lots * price, self.subticks * RATE_ONE

    def lots_worth(self, mark: MarkPrice, notional: Money) -> Lots:
        """The most lots whose notional at a mark is no more than `notional`."""
        if self.by_lot:
            return notional // ceil_div(self.multiplier * self.subticks, mark)
        if self.is_inverse:
            return notional * mark // (self.multiplier * self.subticks)
        return notional * self.subticks // (mark * self.multiplier)

    def safe_until(self, mark: MarkPrice, size: Lots, slack: Money) -> MarkPrice:
        """A mark that costs a position of `size` no more than `slack`, margin included.

        The highest maintenance rate is added to the cost where the notional grows: a rising mark
        for a linear short, a falling one for an inverse long.
        """
        lots = times(magnitude(size), self.multiplier)
        if not self.is_inverse:
            if size > 0:
                return max(0, mark - times(slack, self.subticks) // lots)
            whole = RATE_ONE + self.steepest(mark, size)
            # Its part of RATE_ONE / whole, in steps of which none needs numbers beyond 64 bits.
            bare = times(slack, self.subticks) // lots
            far = mark + bare // whole * RATE_ONE + times(bare % whole, RATE_ONE) // whole
            return min(far, 2 * mark) if self.tiers.growth else far
        if self.by_lot:
            slack = max(0, slack - 3 * magnitude(size))  # roundings of value and margin, lot by lot
        lots *= self.subticks
        if size > 0:
            whole = RATE_ONE + self.steepest(mark, size)
            near = min(mark, ceil_div(lots * whole, lots * whole // mark + slack * RATE_ONE))
            return max(near, ceil_div(mark, 2)) if self.tiers.growth else near
        left = lots // mark - slack
        return max(mark, lots // (left + 1)) if left >= 0 else PRICE_MAX * self.subticks

    def worth_until(self, mark: MarkPrice, size: Lots, slack: Money) -> MarkPrice:
        """A mark up to which a position of `size` loses no more than `slack`, margin aside."""
        lots = abs(size) * self.multiplier
        if self.by_lot:
            slack = max(0, slack - 3 * abs(size))
        if not self.is_inverse:
            step = slack * self.subticks // lots
            return max(0, mark - step) if size > 0 else mark + step
        lots *= self.subticks
        if size > 0:
            return min(mark, ceil_div(lots, lots // mark + slack))
        left = ceil_div(lots, mark) - slack
        return max(mark, lots // left) if left > 0 else PRICE_MAX * self.subticks

    def outgrows(self) -> bool:
        """Whether maintenance margin may ever grow faster than what a position is worth."""
        return self.tiers.growth > 0 or self.tiers.rates[-1] + self.fee_at_mark >= RATE_ONE

    def steepest(self, mark: MarkPrice, size: Lots) -> Rate:
        """The most that maintenance margin grows with notional, until that has doubled."""
        if self.cap:
            return RATE_ONE
        if self.priced_at_entry:
            return self.fee_at_mark
        growth = self.tiers.growth
        return self.fee_at_mark + self.tiers.steepest(self.notional(mark, size) if growth else 0)

    def price(self, text: str) -> Ticks:
        """Read a price; one off its tick is refused."""
        return on_grid(text, self.tick_size, f"{self.symbol} price")

    def size(self, text: str) -> Lots:
        """Read a size; one off its lot is refused."""
        return on_grid(text, self.lot_size, f"{self.symbol} size")

    def mark(self, text: str) -> MarkPrice:
        """Read a mark or index price."""
        return on_grid(text, self.mark_unit, f"{self.symbol} mark price")

    def money(self, text: str) -> Money:
        """Read an amount of the settlement asset."""
        return on_grid(text, self.money_unit, f"{self.settle} amount")

    def price_text(self, price: Ticks) -> str:
        """A price as people write it."""
        return decimal(price * self.tick_size)

    def size_text(self, size: Lots) -> str:
        """A size as people write it."""
        return decimal(size * self.lot_size)

    def mark_text(self, mark: MarkPrice) -> str:
        """A mark or index price as people write it."""
        return decimal(mark * self.mark_unit)

    def money_text(self, amount: Money) -> str:
        """An amount of the settlement asset as people write it."""
        return decimal(amount * self.money_unit)


def instrument_under(rulebook: Rulebook, index: int, rules: InstrumentRules) -> Instrument:
    """A contract with the tiers and the margin formula that a rulebook gives it.

    Raises UnitError where its numbers do not fit together.
    """
    tiers = rulebook.instrument_tiers.get(rules.symbol, rulebook.tiers)
    tiers = COLLATERALISED if rules.price_max else tiers
    taker = rate(rulebook.fees.taker, "fees.taker")
    made = Instrument(index, rules, tiers, rulebook.margin, taker)
    if rulebook.portfolio.grid is not None and not made.is_spot and not made.cap:
        made.grid = grid_of(rulebook.portfolio, made.underlying, made.tiers.rates[-1])
        if made.grid is not None and made.grid.by_tiers and made.tiers.growth:
            raise UnitError("rate_growth does not go with a grid by tiers")
    made.edge = 1 if rulebook.liquidation.trigger is Breach.AT_OR_BELOW else 0
    return made


def option_on(source: Instrument, made: Instrument) -> Option:
    """The terms of an option on another instrument.  Raises UnitError where they do not fit."""
    rules, what = made.rules, made.symbol
    assert rules.right is not None, "an option has a right"
    is_inverse = rules.kind is ContractKind.INVERSE
    if made.is_spot or source.is_option or source.is_inverse is not is_inverse:
        kinds = f"{rules.kind} on {source.rules.kind}{' option' if source.is_option else ''}"
        raise UnitError(f"{what} was {kinds}, expected linear on linear or spot, or both inverse")
    for name, own, other in (
        ("settle", made.settle, source.settle),
        ("mark_unit", decimal(made.mark_unit), decimal(source.mark_unit)),
    ):
        if own != other:
            raise UnitError(f"{what} {name} was {own}, expected {other} as of {source.symbol}")
    if not made.expires_at:
        raise UnitError(f"{what} expiry was empty, expected when the option ends")
    if 0 < source.expires_at < made.expires_at:
        until = source.rules.expiry
        raise UnitError(
            f"{what} expiry was {rules.expiry}, expected {until} at most, as of its own"
        )
    if source.grid is None or not source.grid.lists_options:
        raise UnitError(f"{what} was an option on {source.underlying}: the rulebook has none on it")
    strike = made.mark(rules.strike or "0")
    if strike <= 0:
        raise UnitError(f"{what} strike was {rules.strike!r}, expected more than 0")
    coin = on_grid("1", made.mark_unit, f"{what} mark_unit") if is_inverse else 0
    option = Option(source.index, strike, rules.right, coin, source.grid)
    option.volatility = rate(rules.volatility or "0", f"{what} volatility")
    if option.volatility <= 0:
        raise UnitError(f"{what} volatility was {rules.volatility!r}, expected more than 0")
    return option


def _positive(text: str, what: str) -> Fraction:
    value = exact(text, what)
    if value <= 0:
        raise UnitError(f"{what} was {text}, expected more than 0")
    return value


def _whole(value: Fraction, what: str, unit: str) -> int:
    if value.denominator != 1:
        raise UnitError(f"{what} {decimal(value)} {unit}, expected a whole number")
    return value.numerator

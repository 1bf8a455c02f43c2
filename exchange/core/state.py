"""What the venue knows: markets, accounts, money, and the events of the command in hand."""

from typing import Final

from mypy_extensions import i64

from exchange.core.accounts import STALE, Account, Held, Pool, Position, SpotPosition, Touched
from exchange.core.alarms import Alarm, Alarms, Due
from exchange.core.attached import Attached
from exchange.core.average import TimeAverage
from exchange.core.book import HISTORY_OWNER, NONE, Book, Order
from exchange.core.collateral import Collateral, UnifiedMargin, Whole, stand_together
from exchange.core.funding_rate import Funding
from exchange.core.grid import YEAR_DAYS, Terms
from exchange.core.instrument import Instrument, instrument_under, option_on
from exchange.core.ledger import FUND, Funds, Ledger, Purse, Reason, transfer
from exchange.core.lines import Lines
from exchange.core.liquidation_fee import LiquidationFee
from exchange.core.margin import CrossMargin, Marks, PoolMargin, available_with, find_room
from exchange.core.mark import MarkModel
from exchange.core.messages import (
    HISTORY,
    HOUSE,
    Event,
    Phase,
    PositionSide,
    PriceSource,
    QuoteChanged,
)
from exchange.core.monitor import Monitor, Watch
from exchange.core.pace import Pace
from exchange.core.policies import Amount
from exchange.core.queues import Queue
from exchange.core.ranking import Rankings
from exchange.core.reserves import Reserves
from exchange.core.rules import InstrumentRules, Rulebook
from exchange.core.triggers import Triggers, Waiting
from exchange.core.units import (
    RATE_ONE,
    SECOND,
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
    on_grid,
    rate,
)
from exchange.core.worn import Worn

DAY: Final = 86_400 * SECOND
QUEUE_POWER_MAX: Final = 10
VENUE_ACCOUNTS: Final = frozenset(
    {
        "outside",
        "fees",
        FUND,
        "open positions",
        "uncovered loss",
        "rounding",
        "conversion",
        "interest",
        HISTORY,
        HOUSE,
    }
)
"""Names that no trader can have."""


class Single:
    """An order of history's that the record tells by itself."""

    def __init__(self, number: int, price: Ticks, size: Lots, *, buy: bool) -> None:
        self.number = number
        self.price = price
        self.size = size
        """As the record has it; clients may have taken some of it here."""
        self.buy = buy
        self.row = NONE
        """Where it was put in the book; it rests there still if its number does."""


class Market:
    """One instrument: its book, its prices, and history's position in it."""

    def __init__(
        self, instrument: Instrument, funds: Funds, model: MarkModel, funding: Funding
    ) -> None:
        self.instrument = instrument
        self.funds = funds
        self.insurance = funds.insurance
        """The fund that stands behind this contract."""
        self.fraction_above: Money = 0
        self.whole_below: Money = 0
        self.clip: Lots = 0
        self.model = model
        self.funding = funding
        self.book = Book()
        self.is_public = True
        """Whether anybody asked for quotes and for history's trades; if not, none are made."""
        self.phase = Phase.TRADING
        """What holds: the most restrictive of what was told, for it or the venue, and the rule."""
        self.told = Phase.TRADING
        self.ruled = Phase.TRADING
        """By the rule about stale marks."""
        self.mark_at: Nanos = 0
        self.is_watched = False
        """Whether an alarm is set for its mark's becoming stale."""
        self.withheld: dict[tuple[bool, Ticks], Lots] = {}
        """What history would show in a halted market, were it not a trade, by (is a bid, price)."""
        self.on_last: Triggers | None = None
        self.on_mark: Triggers | None = None
        self.on_index: Triggers | None = None
        """What waits for the last price, the mark and the index; None while nothing ever has."""
        self.average: TimeAverage | None = None
        """Of the index before expiry; None without one."""
        self.options: list[Market] = []
        """Those on this instrument."""
        self.last_price: Ticks = 0
        self.top: tuple[Ticks, Lots, Ticks, Lots] = (0, 0, 0, 0)
        """Best quotes as last published."""
        self.changes_seen: i64 = 0
        """`Book.changes` when they were last looked at."""
        self.holders: dict[int, Position] = {}
        """Positions that are not flat, by `Position.holder`."""
        self.open_interest: i64 = 0
        """The sum of all long positions, history's included."""
        self.history_size: i64 = 0
        self.history_cost: Money = 0
        self.worn = Worn()
        self.single: dict[int, Single] = {}
        """History's orders, where they are told one by one, by the record's number."""
        self.worn_orders: dict[int, Lots] = {}
        """What recorded trades took from these since the last update."""

    def triggers(self, source: PriceSource) -> Triggers:
        """What waits for one price, made if need be."""
        if source is PriceSource.LAST:
            self.on_last = self.on_last or Triggers()
            return self.on_last
        if source is PriceSource.MARK:
            self.on_mark = self.on_mark or Triggers()
            return self.on_mark
        self.on_index = self.on_index or Triggers()
        return self.on_index

    def last_mark(self) -> MarkPrice | None:
        """The last traded price in mark units."""
        return self.last_price * self.instrument.subticks if self.last_price else None


class State:
    """Everything that commands change, under one rulebook."""

    orders_made: i64
    """How many had an id of their own; ids count up from 1."""
    spare: Order | None
    """The first of those that have left the book and were told a limit and a size alone, for
    `Order.again`: memory asked for anew takes more time than many a check."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.maker_rate, self.taker_rate = (
            _fee_rate(rulebook.fees.maker, "fees.maker"),
            _fee_rate(rulebook.fees.taker, "fees.taker"),
        )
        self.liquidation_fee = LiquidationFee(rulebook.liquidation)
        self.band: Rate = rate(rulebook.limits.market_band, "limits.market_band")
        self.price_band: Rate = rate(rulebook.limits.price_band, "limits.price_band")
        self.orders_max, self.self_trade = rulebook.limits.orders_max, rulebook.limits.self_trade
        self.settlement_rate: Rate = rate(rulebook.settlement.fee, "settlement.fee")
        self.stale_mark: Nanos = _nanos(rulebook.halt.stale_mark_seconds, "stale_mark_seconds")
        self.phase = Phase.TRADING
        """What was told for the whole venue."""
        self.settlement_window = _nanos(rulebook.settlement.window_seconds, "window_seconds")
        rules = rulebook.liquidation
        self.lines = Lines(rulebook)
        self.portfolio = Terms(rulebook.portfolio)
        self.collateral = Collateral(rulebook.collateral, equality_fails=self.lines.equality_fails)
        self.deviation: Rate = rate(rules.deleveraging.deviation_max, "deviation_max")
        self.fraction: Rate = rate(rules.fraction, "liquidation.fraction")
        self.pace = Pace(rules)
        self.adjustment: Rate = rate(rules.bankruptcy_adjustment, "bankruptcy_adjustment")
        self.spread: Rate = rate(rules.spread_to_maintenance, "spread_to_maintenance")
        self.cooldown, self.round_pause = (
            _nanos(rules.cooldown_seconds, "cooldown_seconds"),
            _nanos(rules.round_seconds, "round_seconds"),
        )
        self.queue = _queue(rulebook)
        MarkModel(rulebook.mark)  # what does not fit is found before anything is listed
        self.now, self.orders_made, self.spare = 0, 0, None
        self.ledger = Ledger()
        self.reserves = Reserves(rulebook)
        self.marks = Marks()
        self.monitor = Monitor()
        self.alarms = Alarms()
        self.markets: list[Market] = []
        self.market_of: dict[str, Market] = {}
        # Those of which anybody is told what changes in the book.
        self.followed: list[Market] = []
        self.funds: dict[str, Funds] = {}
        self.units: dict[str, str] = {}
        """The smallest unit of each asset, as its first instrument gave it."""
        self.accounts: list[Account] = [Account(HISTORY_OWNER, HISTORY)]
        self.account_of: dict[str, Account] = {}
        self.house_account: Account | None = None
        self.events: list[Event] = []
        self.quoted: set[str] | None = None
        """Whose QuoteChanged are made; None: every instrument's."""
        self.is_heard = True
        """Whether anybody takes them; if not, those of orders and trades are not even made."""
        self.touched = Touched()
        self.rankings: Rankings | None = None
        """Queues for deleveraging; None while the command in hand has asked for none."""
        self.fired: list[Waiting] = []
        """What has been triggered, and is to be placed in turn."""

    def list_instrument(self, rules: InstrumentRules) -> Market:
        """Open a market.  Raises UnitError where the rules do not fit together."""
        instrument = instrument_under(self.rulebook, len(self.markets), rules)
        if 0 < instrument.expires_at <= self.now:
            raise UnitError(f"{rules.symbol} expiry was {rules.expiry}, which has passed")
        source = self._source_of(instrument)
        assets = {rules.settle: rules.money_unit}
        if instrument.is_spot:
            assets[rules.base] = rules.base_unit
        openings = {asset: self._opening(asset, unit) for asset, unit in assets.items()}
        priced = self.collateral.price_of(rules)
        own_opening = self._opening(rules.settle, rules.money_unit, rules.symbol)
        clip = self._clip(instrument)
        funding = Funding(self.rulebook.funding, instrument)
        above, money_unit = self.rulebook.liquidation.fraction_above, instrument.money_unit
        fraction_above = on_grid(above, money_unit, "liquidation.fraction_above")
        for asset, unit in assets.items():
            self._open_asset(asset, unit, openings[asset])
        funds = self.funds[rules.settle]
        model = MarkModel(self.rulebook.mark)
        market = Market(instrument, funds, model, funding)
        market.clip, market.fraction_above = clip, fraction_above
        below = self.rulebook.liquidation.shortage_whole_below
        market.whole_below = on_grid(below, money_unit, "liquidation.shortage_whole_below")
        if self.reserves.per_contract and not instrument.is_spot:
            market.insurance = self.ledger.open(FUND, rules.settle, rules.symbol)
            self._endow(funds, market.insurance, own_opening)
        market.phase = self.phase
        self.markets.append(market)
        self.market_of[rules.symbol] = market
        self.follow(market, public=True)
        self.marks.add()
        if priced is not None:
            self.collateral.markets[priced.asset] = instrument
        self._list_prices()
        self.monitor.watches.append(Watch())
        if source is not None and instrument.option is not None:
            source.options.append(market)
            self.marks.options.append(instrument)
            instrument.option.pass_to(instrument.expires_at - self.now)
            mark = instrument.option.mark(self.marks.prices[source.instrument.index])
            self.marks.set(instrument.index, mark)
            market.model.index, market.model.index_at = source.model.index, source.model.index_at
        if priced is not None:
            # Whoever holds the asset has to be watched from the first mark on.
            self._touch_unified()
        if instrument.expires_at:
            opens = instrument.expires_at - self.settlement_window
            market.average = TimeAverage(opens, instrument.expires_at)
            if market.model.index:
                market.average.note(self.now, market.model.index)
            self.alarms.set(Due(instrument.expires_at, Alarm.EXPIRY, instrument.index))
            self.count_days(instrument)
        return market

    def _source_of(self, instrument: Instrument) -> Market | None:
        """The market that an option is on; the option gets its terms from it."""
        rules = instrument.rules
        if not instrument.is_option:
            if rules.strike or rules.on or rules.volatility:
                raise UnitError(
                    f"{rules.symbol} right was empty, expected call or put of an option"
                )
            return None
        source = self.market_of.get(rules.on)
        if source is None:
            raise UnitError(f"{rules.symbol} on was {rules.on!r}, expected a listed instrument")
        if self.collateral.currency:
            raise UnitError(f"{rules.symbol} was an option, which unified accounts do not hold")
        instrument.option = option_on(source.instrument, instrument)
        instrument.grid, instrument.underlying = (
            instrument.option.grid,
            source.instrument.underlying,
        )
        return source

    def count_days(self, instrument: Instrument) -> None:
        """Tell what is dated how many days it has left, where portfolio margin asks for it."""
        if instrument.grid is None or not (instrument.grid.basis or instrument.is_option):
            return
        days = ceil_div(instrument.expires_at - self.now, DAY)
        if not instrument.is_option:
            days = min(YEAR_DAYS, days)
        left = instrument.days_left = days
        if left > 1:
            until = instrument.expires_at - (left - 1) * DAY
            self.alarms.set(Due(until, Alarm.DAY, instrument.index))

    def _list_prices(self) -> None:
        """Let what prices an asset do so, as soon as the asset has a unit."""
        for asset, instrument in self.collateral.markets.items():
            if asset in self.units:
                self.collateral.assets[asset].list(instrument, exact(self.units[asset], asset))

    def _touch_unified(self) -> None:
        """Look at every unified account again."""
        for account in self.accounts:
            if account.is_unified:
                self.touch(account.pools[self.collateral.currency])

    def _opening(self, asset: str, unit: str, symbol: str = "") -> Money:
        """What an insurance fund begins with: as said for the contract, else for its asset."""
        openings = self.rulebook.insurance_fund
        text = openings.get(symbol, openings.get(asset, "0"))
        return on_grid(text, exact(unit, f"{asset} unit"), f"insurance_fund.{asset}")

    def _open_asset(self, asset: str, unit: str, opening: Money) -> None:
        """The venue's own accounts in an asset, opened with its first instrument."""
        if asset in self.funds:
            return
        funds = Funds(self.ledger, asset)
        self.funds[asset] = funds
        self.units[asset] = unit
        if asset in self.collateral.assets:
            self.collateral.assets[asset].open(exact(unit, asset))
        if not self.reserves.per_contract:
            self._endow(funds, funds.insurance, opening)

    def _endow(self, funds: Funds, fund: Purse, opening: Money) -> None:
        transfer(funds.outside, fund, opening, Reason.DEPOSIT)
        self.reserves.note(fund, self.now)

    def _clip(self, instrument: Instrument) -> Lots:
        """The size of one liquidation step, where it is a fixed one."""
        rules, portfolio = self.rulebook.liquidation, self.rulebook.portfolio
        is_clipped = Amount.CLIP in {rules.amount, portfolio.amount}
        if not is_clipped or instrument.is_spot:
            return 0
        clip = on_grid(rules.clip, instrument.lot_size, "liquidation.clip")
        if clip < 1:
            raise UnitError(f"liquidation.clip was {rules.clip}, expected a lot or more")
        return clip

    def money_one(self, instrument: Instrument) -> Money:
        """One whole unit of a settlement asset, or its smallest if that is more."""
        return int(max(1, 1 // instrument.money_unit))

    def open_account(self, name: str) -> Account:
        """Admit a trader."""
        account = Account(len(self.accounts), name)
        self.accounts.append(account)
        self.account_of[name] = account
        if self.collateral.currency and not self.collateral.optional:
            self.unify(account)
        return account

    def unify(self, account: Account) -> None:
        """Let the account's assets stand together."""
        self.pool(account, self.collateral.currency)
        stand_together(self.collateral, account)

    def pool(self, account: Account, asset: str) -> Pool:
        """The account's pool of one asset, opened if need be."""
        pool = account.pools.get(asset)
        if pool is None:
            is_house = account is self.house_account
            own = self.funds[asset].insurance if is_house else None
            wallet = self.ledger.open(account.name, asset) if own is None else own
            pool = Pool(account, asset, wallet)
            pool.is_house = is_house
            account.pools[asset] = pool
            if account.is_unified:
                stand_together(self.collateral, account)
        return pool

    def house(self) -> Account:
        """The venue's own account, opened when it is first needed."""
        if self.house_account is None:
            self.house_account = Account(len(self.accounts), HOUSE)
            self.accounts.append(self.house_account)
        return self.house_account

    def position(
        self, account: Account, instrument: Instrument, side: PositionSide = PositionSide.NET
    ) -> Position:
        """The account's position in an instrument, flat and in cross margin at first."""
        if instrument.is_spot:
            return self._spot_position(account, instrument)
        pool = self.pool(account, instrument.settle)
        position = pool.position(instrument.symbol, side)
        if position is None:
            symbol = instrument.symbol
            part = symbol if side is PositionSide.NET else f"{symbol} {side}"
            bucket = self.ledger.open(account.name, instrument.settle, part)
            leverage = self.leverage_default(instrument)
            position = Position(pool, instrument, side, bucket, leverage)
            pool.add(position)
        return position

    def _spot_position(self, account: Account, instrument: Instrument) -> SpotPosition:
        position = account.spot.get(instrument.symbol)
        if position is None:
            name, symbol = account.name, instrument.symbol
            position = SpotPosition(
                self,
                self.pool(account, instrument.settle),
                self.pool(account, instrument.base),
                instrument,
                self.ledger.open(name, instrument.settle, f"{symbol} buys"),
                self.ledger.open(name, instrument.base, f"{symbol} sells"),
            )
            account.spot[instrument.symbol] = position
        return position

    def money_text(self, asset: str, amount: Money) -> str:
        """An amount of an asset as people write it."""
        return decimal(amount * exact(self.units[asset], asset))

    def minimum_equity(self, asset: str) -> Money:
        """What portfolio margin in an asset begins with."""
        text = self.rulebook.portfolio.minimum_equity.get(asset, "0")
        return on_grid(text, exact(self.units[asset], asset), f"minimum_equity.{asset}")

    def leverage_default(self, instrument: Instrument) -> int:
        """The leverage of those who never chose one."""
        return min(self.rulebook.leverage_default, instrument.tiers.leverages[0])

    def mark_of(self, position: Position) -> MarkPrice:
        """The mark that a position is measured at."""
        return self.marks.prices[position.instrument.index]

    def reference(self, market: Market) -> MarkPrice:
        """What orders' prices are measured against: the mark, or else the last price; or 0."""
        mark = self.marks.prices[market.instrument.index]
        return mark or market.last_price * market.instrument.subticks

    def cross(self, pool: Pool) -> CrossMargin:
        """What stands behind the pool's cross positions at the present marks; its own money."""
        return CrossMargin(pool, pool.wallet.balance, self.marks)

    def margin(
        self,
        pool: Pool,
        more: Money = 0,
        marks: Marks | None = None,
        instead: Held | None = None,
    ) -> PoolMargin:
        """The same, and what can be opened or withdrawn.

        As if `more` were in the wallet, or marks were others; a portfolio's as if `instead` were
        held in place of its like.  Of a unified account it is the whole account's, in the pool's
        asset.
        """
        marks = marks or self.marks
        if pool.is_unified:
            return UnifiedMargin(self.collateral, pool, marks, more, instead)
        return PoolMargin(pool, pool.wallet.balance + more, marks, instead)

    def has_to_spare(self, pool: Pool, more: i64) -> bool:
        """Whether the wallet covers all that the pool has, and `more` of notional besides.

        By `margin.find_room`, found anew before it is denied: what went since may have left enough.
        """
        if pool.room_at == self.marks.changes:
            if pool.room >= more:
                return True
            if not pool.is_plain:
                return False
        find_room(pool, self.marks)
        return pool.room >= more

    def left_with(self, position: Position, imagined: Held, more: Money) -> Money:
        """See `available_with`: with `more` in the wallet."""
        wallet = position.pool.wallet.balance + more
        return available_with(position.pool, wallet, self.marks, position, imagined)

    def whole(self, lead: Pool, marks: Marks | None = None, instead: Held | None = None) -> Whole:
        """A unified account, by the pool that leads it; `instead`: see `margin`."""
        return Whole(self.collateral, lead, marks or self.marks, instead=instead)

    def touch(self, pool: Pool) -> None:
        """Note that a pool must be looked at before the command is done; with those beside it."""
        pool.room_at = STALE
        self.look_at(pool)

    def look_at(self, pool: Pool) -> None:
        """The same, where its room is right already."""
        pool = pool.lead
        if self.rankings is not None:
            self.rankings.changes.append(pool)
        if not pool.touched:
            self.touched.add(pool)

    def next_order_id(self) -> i64:
        """The id of an order that is made now."""
        self.orders_made += 1
        return self.orders_made

    def drop(self, account: Account, order: Order) -> None:
        """Forget an order of an account that has left the book with `order.size` still open."""
        account.orders.remove(order)
        if order.attached is not None:
            self.untie(account, order.order_id, order.attached)
        elif order.cost is None and not (order.reduce_only or order.post_only):
            order.behind, self.spare = self.spare, order

    def tie(self, account: Account, order_id: int, attached: Attached) -> None:
        """Put an order that rests or waits into its group, and set its end."""
        if attached.group:
            account.groups.setdefault(attached.group, {})[order_id] = None
        if attached.expires_at:
            attached.due = Due(attached.expires_at, Alarm.ORDER, order_id, account.index)
            self.alarms.set(attached.due)

    def untie(self, account: Account, order_id: int, attached: Attached) -> None:
        """Undo that, as the order rests or waits no longer."""
        if attached.group:
            members = account.groups[attached.group]
            del members[order_id]
            if not members:
                del account.groups[attached.group]
        if attached.due is not None:
            self.alarms.drop(attached.due)
            attached.due = None

    def emit(self, event: Event) -> None:
        """Say what happened."""
        self.events.append(event)

    def follow(self, market: Market, *, public: bool) -> None:
        """Make quotes and history's trades of a market from now on, or no longer."""
        market.is_public = public
        market.changes_seen = market.book.changes
        self.followed = [m for m in self.markets if m.is_public or m.book.tape is not None]

    def publish(self, market: Market) -> None:
        """Say what has changed in a book since it was last looked at."""
        changes = market.book.changes
        if changes != market.changes_seen:
            market.changes_seen = changes
            if market.is_public:
                self._publish_quote(market)
            if market.book.tape is not None:
                market.book.tape.publish()

    def _publish_quote(self, market: Market) -> None:
        """Say so if the best quotes are no longer those last published."""
        symbol = market.instrument.symbol
        if self.quoted is not None and symbol not in self.quoted:
            return
        top = market.book.top()
        if top != market.top:
            market.top = top
            bid, bid_size, ask, ask_size = top
            self.events.append(
                QuoteChanged(
                    at=self.now,
                    symbol=symbol,
                    bid=bid,
                    bid_size=bid_size,
                    ask=ask,
                    ask_size=ask_size,
                )
            )


def _queue(rulebook: Rulebook) -> Queue:
    """How history leaves its levels.  Raises UnitError where a number is out of bounds."""
    power = rulebook.history.queue_power
    if not 1 <= power <= QUEUE_POWER_MAX:
        raise UnitError(f"history.queue_power was {power}, expected 1 to {QUEUE_POWER_MAX}")
    return Queue(rulebook.history.queue, power)


def _fee_rate(text: str, what: str) -> Rate:
    found = rate(text, what)
    if magnitude(found) > RATE_ONE:
        raise UnitError(f"{what} was {text}, expected -1 to 1")
    return found


def _nanos(seconds: str, what: str) -> Nanos:
    return int(exact(seconds, what) * SECOND)

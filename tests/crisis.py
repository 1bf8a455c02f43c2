"""A crisis under a shipped rulebook: traders with too much leverage, thin books, gaps, poor funds.

Contracts are as large as the rulebook's tiers are, so that positions span them; everything else is
in round numbers of lots.  The same random source gives the same crisis.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from random import Random
from typing import Any

from msgspec.structs import replace

from exchange import Rulebook, Venue, load_rulebook
from exchange.core.messages import (
    HISTORY,
    AdjustMargin,
    AmendOrder,
    BlockTrade,
    CancelAll,
    CancelOrder,
    Command,
    Deposit,
    ListInstrument,
    MarginMode,
    OpenAccount,
    PassTime,
    PlaceOrder,
    PositionMode,
    PositionSide,
    PublishBook,
    RecordedTrade,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Side,
    TimeInForce,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    Withdraw,
)
from exchange.core.rules import ContractKind, InstrumentRules
from exchange.core.units import SECOND, Nanos

TRADERS = ("ann", "bob", "cat", "dan", "eve", "fay")
IDLE = "ivy"
"""Has money, and never trades."""
FAIR = 1000
"""Where every price begins, in ticks."""
SUBTICKS = 10
LOTS = 20
"""A usual position; it is worth what the first risk tier holds, or as said here."""
WORTH = {"textbook": 20_000, "deribit": 100, "dydx_v4": 2_000_000, "okx": 8_000_000}
HEDGING = 0.3
"""How many traders hold longs and shorts side by side, where the venue lets them."""
UNITS = {"USD": 10_000, "COIN": 1_000_000}
"""Units of money in one of each asset."""


def rulebook_of(name: str, fund: int = 1) -> Rulebook:
    """A shipped rulebook with a fund of so many lots' worth, and clips of a few lots."""
    shipped = load_rulebook(name)
    lot = worth(shipped) // LOTS
    rules = replace(shipped.liquidation, clip="5", fraction_above=str(10 * lot))
    funds = {"USD": str(fund * lot), "COIN": str(fund * lot)}
    return replace(shipped, liquidation=rules, insurance_fund=funds)


def worth(rulebook: Rulebook) -> int:
    """What the usual position is worth, in the settlement asset."""
    if rulebook.name in WORTH:
        return WORTH[rulebook.name]
    return int(Fraction(rulebook.tiers[1].floor))


def contracts(rulebook: Rulebook) -> tuple[InstrumentRules, ...]:
    """Two linear contracts and an inverse one, of which a lot is worth the same at FAIR."""
    tick = Fraction(worth(rulebook), LOTS * FAIR)
    linear = InstrumentRules(
        symbol="BTC",
        settle="USD",
        tick_size=str(tick),
        lot_size="1",
        mark_unit=str(tick / SUBTICKS),
        money_unit="0.0001",
    )
    tick = Fraction(LOTS, worth(rulebook) * FAIR)
    inverse = replace(
        linear,
        symbol="XBT",
        kind=ContractKind.INVERSE,
        settle="COIN",
        tick_size=str(tick),
        mark_unit=str(tick / SUBTICKS),
        money_unit="0.000001",
    )
    return linear, replace(linear, symbol="ETH"), inverse


class Crisis:
    """Commands for a venue, one after the other, in view of where it stands."""

    def __init__(self, random: Random, rulebook: Rulebook) -> None:
        self.random = random
        self.rulebook = rulebook
        self.instruments = contracts(rulebook)
        self.symbols = [rules.symbol for rules in self.instruments]
        self.settle = {rules.symbol: rules.settle for rules in self.instruments}
        self.lot = worth(rulebook) // LOTS
        self.hedges: set[str] = set()
        self.at: Nanos = 0
        self.draw: Draw = DRAW

    def commands(self, venue: Venue, count: int) -> Iterator[Command]:
        """The opening, and `count` commands more.  Apply each before taking the next."""
        yield from self.opening()
        kinds, weights = list(self.draw), list(self.draw.values())
        for _ in range(count):
            self.at += self.random.choice((0, SECOND // 10, SECOND))
            (draw,) = self.random.choices(kinds, weights)
            yield draw(self, venue)

    def opening(self) -> Iterator[Command]:
        """Instruments with marks and books, traders with money; some hedge, some isolate."""
        for rules in self.instruments:
            yield ListInstrument(at=0, rules=rules)
            yield UpdateMarkPrice(at=0, symbol=rules.symbol, price=FAIR * SUBTICKS)
            yield UpdateIndexPrice(at=0, symbol=rules.symbol, price=FAIR * SUBTICKS)
            yield PublishBook(at=0, symbol=rules.symbol, levels=True, orders=True)
        for name in (*TRADERS, IDLE):
            yield OpenAccount(at=0, account=name)
            for asset in UNITS:
                amount = self.money(asset, self.random.choice((0.1, 0.3, 1, 4, 8)))
                yield Deposit(at=0, account=name, asset=asset, amount=amount)
        for name in TRADERS:
            if self.rulebook.hedge_mode and self.random.random() < HEDGING:
                self.hedges.add(name)
                yield SetPositionMode(at=0, account=name, mode=PositionMode.HEDGE)
            for symbol in self.symbols:
                for side in self.sides(name):
                    terms = {"account": name, "symbol": symbol, "position_side": side}
                    leverage = self.rulebook.tiers[0].leverage_max // self.random.choice((1, 2, 5))
                    yield SetLeverage(at=0, leverage=max(1, leverage), **terms)  # type: ignore[arg-type]
                    if self.random.random() < 0.3:
                        yield SetMarginMode(at=0, mode=MarginMode.ISOLATED, **terms)  # type: ignore[arg-type]
        for name in sorted(self.hedges):
            yield from self.uneven_hedge(name)

    def uneven_hedge(self, name: str) -> Iterator[Command]:
        """More of one side than of the other, with little behind them: it can fail with both."""
        for symbol in self.random.sample(self.symbols, 1):
            sides = [Side.BUY, Side.SELL]
            self.random.shuffle(sides)
            for side, size in zip(sides, (2 * LOTS, LOTS // 2), strict=True):
                yield BlockTrade(
                    at=0,
                    symbol=symbol,
                    account=name,
                    position_side=PositionSide.LONG if side is Side.BUY else PositionSide.SHORT,
                    counterparty=HISTORY,
                    side=side,
                    size=size,
                    price=FAIR,
                )

    # ------------------------------------------------------------------------- drawing

    def money(self, asset: str, lots: float) -> int:
        """The worth of so many lots, more or less, in units."""
        amount = lots * self.lot * UNITS[asset] * self.random.uniform(0.7, 1.4)
        return max(1, int(amount))

    def sides(self, name: str) -> tuple[PositionSide, ...]:
        if name in self.hedges:
            return PositionSide.LONG, PositionSide.SHORT
        return (PositionSide.NET,)

    def side_of(self, name: str, side: Side | None = None) -> PositionSide:
        """Any side of a trader's; of one who hedges, mostly the one that a trade would open."""
        if name == HISTORY:
            return PositionSide.NET
        sides = self.sides(name)
        if side is not None and len(sides) > 1 and self.random.random() < 0.8:
            return PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
        return self.random.choice(sides)

    def symbol(self) -> str:
        return self.random.choice(self.symbols)

    def tick(self, venue: Venue, symbol: str, reach: float) -> int:
        """A price not far from the mark."""
        mark = venue.mark_price(symbol) or FAIR * SUBTICKS
        return max(1, round(mark / SUBTICKS * self.random.uniform(1 - reach, 1 + reach)))

    # ------------------------------------------------------------------------ commands

    def block(self, venue: Venue) -> Command:
        """Two traders, or one and the rest of the market, come to hold opposite positions."""
        symbol = self.symbol()
        name, other = self.random.sample((*TRADERS, HISTORY), 2)
        side = self.random.choice(list(Side))
        return BlockTrade(
            at=self.at,
            symbol=symbol,
            account=name,
            position_side=self.side_of(name, side),
            counterparty=other,
            counterparty_side=self.side_of(other, Side.SELL if side is Side.BUY else Side.BUY),
            side=side,
            size=self.random.choice((1, 5, LOTS, 2 * LOTS, 3 * LOTS, 6 * LOTS)),
            price=self.tick(venue, symbol, 0.002),
        )

    def place(self, venue: Venue) -> Command:
        name, symbol = self.random.choice(TRADERS), self.symbol()
        price = self.random.choice((None, *[self.tick(venue, symbol, 0.02)] * 4))
        return PlaceOrder(
            at=self.at,
            account=name,
            symbol=symbol,
            side=self.random.choice(list(Side)),
            size=self.random.randint(1, LOTS),
            price=price,
            time_in_force=self.random.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC)),
            reduce_only=self.random.random() < 0.1,
            position_side=self.side_of(name),
        )

    def amend(self, venue: Venue) -> Command:
        name = self.random.choice(TRADERS)
        orders = venue.account_view(name, self.random.choice(list(UNITS))).orders
        if not orders:
            return self.place(venue)
        order = self.random.choice(orders)
        if self.random.random() < 0.5:
            return CancelOrder(at=self.at, account=name, order_id=order.order_id)
        size = self.random.choice((None, max(1, order.open_size - 1), order.open_size + 2))
        price = self.random.choice((None, None, self.tick(venue, order.symbol, 0.02)))
        return AmendOrder(at=self.at, account=name, order_id=order.order_id, size=size, price=price)

    def cancel(self, venue: Venue) -> Command:
        return CancelAll(at=self.at, account=self.random.choice(TRADERS))

    def depth(self, venue: Venue) -> Command:
        """A few levels around the mark, some of them far away; or none at all."""
        symbol = self.symbol()
        middle = self.tick(venue, symbol, 0.01)
        spread, most = self.random.choice(((3, 30), (20, 10), (60, 4), (200, 4)))
        choose = self.random.randint
        count = self.random.choice((0, 3, 3, 3))
        bids = {max(1, middle - choose(1, spread)): choose(1, most) for _ in range(count)}
        asks = {middle + choose(0, spread): choose(1, most) for _ in range(count)}
        rows = tuple(bids.items()), tuple(asks.items())
        return UpdateDepth(at=self.at, symbol=symbol, bids=rows[0], asks=rows[1], snapshot=True)

    def print_trade(self, venue: Venue) -> Command:
        symbol = self.symbol()
        return RecordedTrade(
            at=self.at,
            symbol=symbol,
            side=self.random.choice(list(Side)),
            price=self.tick(venue, symbol, 0.02),
            size=self.random.randint(1, LOTS),
        )

    def mark(self, venue: Venue) -> Command:
        """Mostly a step, now and then a gap that leaves accounts behind it."""
        symbol = self.symbol()
        before = venue.mark_price(symbol) or FAIR * SUBTICKS
        reach = self.random.choice((0.002, 0.005, 0.01, 0.02, 0.02, 0.05, 0.3))
        home = (FAIR * SUBTICKS - before) / 10
        price = round(before * self.random.uniform(1 - reach, 1 + reach) + home)
        return UpdateMarkPrice(at=self.at, symbol=symbol, price=max(1, price))

    def index(self, venue: Venue) -> Command:
        symbol = self.symbol()
        price = self.tick(venue, symbol, 0.02) * SUBTICKS
        return UpdateIndexPrice(at=self.at, symbol=symbol, price=price)

    def funding(self, venue: Venue) -> Command:
        """A rate of up to a hundredth, due at once."""
        rate = self.random.randint(-1_000_000, 1_000_000)
        next_at = self.at + self.random.randint(1, 3) * SECOND
        return UpdateFundingRate(
            at=self.at, symbol=self.symbol(), rate=rate, next_at=next_at, interval=9 * SECOND
        )

    def pass_time(self, venue: Venue) -> Command:
        self.at += self.random.choice((1, 1, 2, 40)) * SECOND
        return PassTime(at=self.at)

    def deposit(self, venue: Venue) -> Command:
        name, asset = self.random.choice(TRADERS), self.random.choice(list(UNITS))
        amount = self.money(asset, self.random.choice((0.02, 0.1, 0.5)))
        return Deposit(at=self.at, account=name, asset=asset, amount=amount)

    def withdraw(self, venue: Venue) -> Command:
        """All that may leave."""
        name, asset = self.random.choice(TRADERS), self.random.choice(list(UNITS))
        free = venue.account_view(name, asset).withdrawable
        return Withdraw(at=self.at, account=name, asset=asset, amount=max(1, free))

    def terms(self, venue: Venue) -> Command:
        name = self.random.choice(TRADERS)
        mode = self.random.choice((MarginMode.CROSS, MarginMode.ISOLATED))
        return SetMarginMode(
            at=self.at,
            account=name,
            symbol=self.symbol(),
            position_side=self.side_of(name),
            mode=mode,
        )

    def adjust(self, venue: Venue) -> Command:
        name, symbol = self.random.choice(TRADERS), self.symbol()
        amount = self.money(self.settle[symbol], 0.05) * self.random.choice((-1, 1))
        return AdjustMargin(
            at=self.at,
            account=name,
            symbol=symbol,
            position_side=self.side_of(name),
            amount=amount,
        )


Draw = Mapping[Callable[[Any, Venue], Command], int]

DRAW: Draw = {
    Crisis.block: 16,
    Crisis.place: 16,
    Crisis.amend: 8,
    Crisis.cancel: 1,
    Crisis.depth: 16,
    Crisis.print_trade: 4,
    Crisis.mark: 24,
    Crisis.index: 2,
    Crisis.funding: 2,
    Crisis.pass_time: 6,
    Crisis.deposit: 4,
    Crisis.withdraw: 4,
    Crisis.terms: 3,
    Crisis.adjust: 3,
}
"""How often each is drawn."""

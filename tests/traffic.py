"""Traffic: everything that can be sent to a venue, drawn at random, good and bad.

Numbers are small and traders poor, so that orders meet and accounts fail.  The same random source
gives the same commands.  `python -m tests.traffic SEED COMMANDS` prints where they lead.
"""

import sys
from collections.abc import Callable, Iterator
from random import Random

import msgspec

from exchange.core.grid import AMOUNTS
from exchange.core.halts import HALTS
from exchange.core.messages import (
    HISTORY,
    AccountMode,
    AdjustMargin,
    AmendOrder,
    Batch,
    BlockTrade,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    Command,
    ComputeMarkPrice,
    Deposit,
    Exit,
    Instructions,
    ListInstrument,
    MarginMode,
    OpenAccount,
    OrderView,
    PassTime,
    Phase,
    PlaceOrder,
    PositionMode,
    PositionSide,
    PriceSource,
    PublishBook,
    RecordedTrade,
    SetAccountMode,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPhase,
    SetPositionMode,
    SettleInstrument,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
    Withdraw,
)
from exchange.core.policies import (
    Amount,
    AutoMargin,
    Averaging,
    Backing,
    Breach,
    Cancel,
    ClosingFee,
    DeleveragingPrice,
    FeeCap,
    FundingMethod,
    FundingPrice,
    FundingRounding,
    FundScope,
    Gains,
    Haircut,
    Leftover,
    Limit,
    MarginPrice,
    OrderFees,
    Premium,
    Rank,
    Repay,
    Select,
    SelfTrade,
    Socialise,
    SpotHedge,
    TierCounts,
    TierInput,
    Unfilled,
)
from exchange.core.rules import (
    CollateralAsset,
    CollateralRules,
    CollateralTier,
    ContractKind,
    CreditRules,
    DeleveragingRules,
    Fees,
    FundingRules,
    GridRules,
    HaltRules,
    InstrumentRules,
    LimitRules,
    LiquidationRules,
    MarginRules,
    PortfolioRules,
    Rulebook,
    SwitchRules,
    Tier,
)
from exchange.core.units import SECOND, Nanos
from exchange.core.venue import Venue
from tests.holdings import orders, sizes

TRADERS = ("ann", "bob", "cat", "dan", "eve")
HOUR: Nanos = 3600 * SECOND
SLOW = "1800"
"""Seconds between two payments of funding, where an hour is not too many of them."""
MILLI: Nanos = SECOND // 1000
SUBTICKS = 100
FAIR = 100
"""Where every price begins, in ticks."""

TIERS = (
    (Tier(floor="0", maintenance="0.05", leverage_max=20),),
    (Tier(floor="0", maintenance="0.1", leverage_max=50),),
    (
        Tier(floor="0", maintenance="0.01", leverage_max=50),
        Tier(floor="500", maintenance="0.05", leverage_max=20),
        Tier(floor="2000", maintenance="0.2", leverage_max=5),
    ),
)


def rulebook_of(random: Random) -> Rulebook:
    """A rulebook with every choice of the liquidation waterfall drawn."""
    return Rulebook(
        name="traffic",
        title="Traffic",
        fees=Fees(
            maker=random.choice(("0", "0.0002", "-0.0001")), taker=random.choice(("0", "0.001"))
        ),
        tiers=random.choice(TIERS),
        margin=margin_of(random),
        switching=switching_of(random),
        collateral=collateral_of(random),
        funding=funding_of(random),
        liquidation=liquidation_of(random),
        limits=LimitRules(
            market_band="0.2",
            price_band=random.choice(("0", "0.3")),
            self_trade=random.choice(list(SelfTrade)),
            orders_max=20,
        ),
        insurance_fund={"USD": random.choice(("0", "50", "5000")), "COIN": "0"},
        leverage_default=10,
        halt=HaltRules(stale_mark_seconds=random.choice(("0", "0.5"))),
        portfolio=portfolio_of(random),
    )


def collateral_of(random: Random) -> CollateralRules:
    """None in a third of the rulebooks; else two assets behind everything, for who wants it."""
    if random.random() < 0.3:
        return CollateralRules()
    tiers = tuple(
        CollateralTier(floor=floor, ratio=ratio)
        for floor, ratio in (("0", "0.9"), ("5", "0.8"), ("15", "0"))
    )
    coin = CollateralAsset(
        market=random.choice(("COIN-SPOT", "BTC")),
        ratio=random.choice(("1", "0.95", "0.5")),
        tiers=tiers if random.random() < 0.5 else (),
        borrow_limit=random.choice(("", "0", "2")),
        interest=random.choice(("0", "0.01")),
        conversion_fee=random.choice(("", "0.02")),
    )
    return CollateralRules(
        currency="USD",
        optional=random.random() < 0.7,
        unrealised=random.choice(list(Gains)),
        haircut=random.choice(list(Haircut)),
        borrow_limit=random.choice(("", "0", "300")),
        interest=random.choice(("0", "0.001")),
        borrow_maintenance=random.choice(("0", "0.05")),
        borrow_initial=random.choice(("", "0.2")),
        conversion_fee=random.choice(("0", "0.005")),
        repay=random.choice(list(Repay)),
        assets={"COIN": coin},
    )


def switching_of(random: Random) -> SwitchRules:
    """Mostly what most venues allow, else each rule drawn."""
    if random.random() < 0.5:
        return SwitchRules()
    drawn = {name: random.random() < 0.5 for name in SwitchRules.__struct_fields__}
    return SwitchRules(**drawn)


def portfolio_of(random: Random) -> PortfolioRules:
    """Mostly offered, with every charge in the grid now and then."""
    grid = GridRules(
        moves=random.choice((("0.15",), ("0.05", "0.1"), ("0.03", "0.06", "0.09"))),
        extreme_move=random.choice(("0", "0.3")),
        extreme_share="0.35",
        basis=random.choice(("0", "0.05", "0.2")),
        offset=random.choice(("0", "0.01")),
        minimum=random.choice(("0", "0.02")),
        by_tiers=random.random() < 0.3,
        spot=random.choice(("0", "0.01")),
    )
    return PortfolioRules(
        unified=random.random() < 0.7,
        spot=random.choice(list(SpotHedge)),
        grid=grid if random.random() < 0.8 else None,
        credits=(CreditRules(first="BTC", second="ETH", rate="0.4"),),
        initial_factor=random.choice(("1", "1.3")),
        with_positions=random.random() < 0.8,
        with_orders=random.random() < 0.5,
        minimum_equity={"USD": random.choice(("0", "100"))},
        select=random.choice((Select.MOST_MARGIN_FREED, random.choice(list(Select)))),
        amount=random.choice(AMOUNTS),
    )


def margin_of(random: Random) -> MarginRules:
    """Mostly the plain formula, else one with every choice drawn."""
    auto_margin = random.choice(list(AutoMargin))
    if random.random() < 0.5:
        return MarginRules(auto_margin=auto_margin)
    return MarginRules(
        auto_margin=auto_margin,
        auto_margin_up_to_value=random.random() < 0.3,
        maintenance_price=random.choice(list(MarginPrice)),
        closing_fee=random.choice(list(ClosingFee)),
        fee_in_isolated_margin=random.random() < 0.5,
        tier_input=random.choice(list(TierInput)),
        tier_counts=random.choice(list(TierCounts)),
        order_open_loss=random.random() < 0.3,
        sell_order_over_last=random.choice(("", "", "0.01")),
        order_fees=random.choice(list(OrderFees)),
        open_interest_lower=random.choice(("", "500")),
        open_interest_upper="5000",
    )


def funding_of(random: Random) -> FundingRules:
    """Told or computed, paid every few seconds or every half hour."""
    slow = random.random() < 0.5
    return FundingRules(
        method=random.choice(list(FundingMethod)),
        interval_seconds=SLOW if slow else "2",
        sample_seconds="300" if slow else "0.5",
        premium=random.choice(list(Premium)),
        averaging=random.choice(list(Averaging)),
        impact_notional=random.choice(("0", "2000")),
        interest_quote=random.choice(("0", "0.3")),
        clamp_lower="-0.001",
        clamp_upper=random.choice(("", "0.001")),
        cap_upper=random.choice(("", "0.01")),
        price=random.choice(list(FundingPrice)),
        rounding=random.choice(list(FundingRounding)),
    )


def liquidation_of(random: Random) -> LiquidationRules:
    """Half of them close all in one go, the others in rounds."""
    return LiquidationRules(
        trigger=random.choice(list(Breach)),
        exit_buffer=random.choice(("0", "0", "0.1")),
        cancel=random.choice(list(Cancel)),
        select=random.choice(list(Select)),
        amount=random.choice(list(Amount)),
        fraction="0.3",
        fraction_above=random.choice(("0", "500")),
        cooldown_seconds=random.choice(("0", "0.2")),
        clip="3",
        round_seconds=random.choice(("0", "0", "0.05")),
        limit=random.choice(list(Limit)),
        fill_or_kill=random.random() < 0.2,
        takeover_whole=random.random() < 0.2,
        backing=random.choice(list(Backing)),
        bankruptcy_keeps_fee=random.random() < 0.3,
        fee=random.choice(("0", "0.005", "0.03")),
        fee_cap=random.choice((FeeCap.EQUITY, FeeCap.LEFTOVER)),
        leftover=random.choice(list(Leftover)),
        fund_in_book=random.random() < 0.6,
        fund_limit=random.choice((None, *Limit)),
        unfilled=random.choice(list(Unfilled)),
        backstop=random.choice(("0", "0", "0.6")),
        deleveraging=DeleveragingRules(
            rank=random.choice(list(Rank)),
            price=random.choice(list(DeleveragingPrice)),
            deviation_max=random.choice(("0", "0.05")),
            cancels_orders=random.random() < 0.5,
        ),
        socialise=random.choice(list(Socialise)),
        fund_scope=random.choice(list(FundScope)),
        fund_drawdown_max=random.choice(("1", "1", "0.3")),
        fund_window_seconds="2",
    )


def instruments(expiry: str) -> tuple[InstrumentRules, ...]:
    """Two linear contracts, an inverse one, a dated future and a spot market."""
    linear = InstrumentRules(
        symbol="BTC", settle="USD", tick_size="1", lot_size="1", mark_unit="0.01", money_unit="0.01"
    )
    coin = "0.000001"
    return (
        linear,
        msgspec.structs.replace(linear, symbol="ETH"),
        msgspec.structs.replace(linear, symbol="BTC-DATED", expiry=expiry),
        msgspec.structs.replace(
            linear, symbol="BTC-COIN", kind=ContractKind.INVERSE, settle="COIN", money_unit=coin
        ),
        msgspec.structs.replace(
            linear,
            symbol="ETH-COIN",
            kind=ContractKind.INVERSE,
            settle="COIN",
            money_unit=coin,
            whole_value_per_lot=True,
        ),
        msgspec.structs.replace(
            linear, symbol="COIN-SPOT", kind=ContractKind.SPOT, base="COIN", base_unit=coin
        ),
    )


class Traffic:
    """Commands for a venue, one after the other, in view of where it stands."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rulebook = rulebook_of(random)
        expiry = f"1970-01-01T00:00:{random.randint(3, 12):02}"
        self.instruments = instruments(expiry)
        self.symbols = [rules.symbol for rules in self.instruments]
        self.at: Nanos = 0

    # ---------------------------------------------------------------------- the session

    def commands(self, venue: Venue, count: int) -> Iterator[Command]:
        """The opening, and `count` commands more.  Apply each before taking the next."""
        yield from self.opening()
        kinds, weights = list(DRAW), [weight for weight, _ in DRAW.values()]
        for _ in range(count):
            self.at += self.random.choice((0, 1, MILLI, 30 * MILLI))
            (kind,) = self.random.choices(kinds, weights)
            command = DRAW[kind][1](self, venue)
            yield self.spoiled(command) if self.random.random() < 0.04 else command

    def opening(self) -> Iterator[Command]:
        """Instruments with marks, and traders with money, some of them in hedge mode."""
        for rules in self.instruments:
            yield ListInstrument(at=self.at, rules=rules)
            yield UpdateMarkPrice(at=self.at, symbol=rules.symbol, price=FAIR * SUBTICKS)
            yield UpdateIndexPrice(at=self.at, symbol=rules.symbol, price=FAIR * SUBTICKS)
        for name in TRADERS:
            yield OpenAccount(at=self.at, account=name)
            dollars = self.random.choice((0, 1000_00, 3000_00, 3000_00))
            yield Deposit(
                at=self.at, account=name, asset="USD", amount=self.random.randint(0, dollars)
            )
            yield Deposit(
                at=self.at, account=name, asset="COIN", amount=self.random.randint(0, 20_000000)
            )
            if self.random.random() < 0.3:
                yield SetPositionMode(at=self.at, account=name, mode=PositionMode.HEDGE)
            yield from self.modes(name)

    def modes(self, name: str) -> Iterator[Command]:
        """Portfolio margin or a unified account for some, and margin that is added by itself."""
        drawn = self.random.random()
        if self.rulebook.portfolio.grid is not None and drawn < 0.4:
            for symbol in ("BTC", "BTC-COIN"):
                mode = MarginMode.PORTFOLIO
                yield SetMarginMode(at=self.at, account=name, symbol=symbol, mode=mode)
        elif self.rulebook.collateral.currency and drawn < 0.8:
            yield SetAccountMode(at=self.at, account=name, mode=AccountMode.UNIFIED)
            if self.rulebook.portfolio.unified and drawn > 0.6:
                mode = MarginMode.PORTFOLIO
                yield SetMarginMode(at=self.at, account=name, symbol="BTC", mode=mode)
        for symbol in ("BTC", "ETH"):
            if self.random.random() < 0.2:
                mode = MarginMode.ISOLATED
                yield SetMarginMode(at=self.at, account=name, symbol=symbol, mode=mode)
                yield SetAutoMargin(at=self.at, account=name, symbol=symbol, on=True)

    def spoiled(self, command: Command) -> Command:
        """The same command with a field that nothing fits."""
        fields = [name for name in command.__struct_fields__ if name in NONSENSE]
        name = self.random.choice(fields)
        return msgspec.structs.replace(command, **{name: self.random.choice(NONSENSE[name])})

    # ------------------------------------------------------------------------- drawing

    def name(self) -> str:
        return self.random.choice(TRADERS)

    def symbol(self) -> str:
        return self.random.choice(self.symbols)

    def side(self) -> Side:
        return self.random.choice(list(Side))

    def held(self, venue: Venue, name: str, symbol: str) -> tuple[PositionSide, int]:
        """A side that the account may name, and what it holds there."""
        sides = [PositionSide.NET]
        if venue._state.account_of[name].hedges and not symbol.endswith("SPOT"):
            sides = [PositionSide.LONG, PositionSide.SHORT]
        side = self.random.choice(sides)
        settle = venue.instruments[symbol].settle
        return side, sizes(venue, name, settle).get((symbol, side), 0)

    def tick(self, venue: Venue, symbol: str, reach: float = 0.1) -> int:
        """A price not far from the mark."""
        mark = (venue.mark_price(symbol) or FAIR * SUBTICKS) / SUBTICKS
        return max(1, round(mark * self.random.uniform(1 - reach, 1 + reach)))

    def some_order(self, venue: Venue, name: str) -> OrderView | None:
        found = [order for asset in ("USD", "COIN") for order in orders(venue, name, asset)]
        return self.random.choice(found) if found else None

    # ------------------------------------------------------------------------ commands

    def place(self, venue: Venue) -> Command:
        name, symbol = self.name(), self.symbol()
        position_side, held = self.held(venue, name, symbol)
        side, size = self.side(), self.random.randint(1, 20)
        closes = held != 0 and self.random.random() < 0.3
        if closes:
            side, size = (Side.SELL if held > 0 else Side.BUY), self.random.randint(1, abs(held))
        price = self.random.choice((None, *[self.tick(venue, symbol, 0.06)] * 4))
        lasting = self.random.choice((TimeInForce.GTC, TimeInForce.GTC, *TimeInForce))
        rests = price is not None and lasting in (TimeInForce.GTC, TimeInForce.GTD)
        told = None
        if lasting is TimeInForce.GTD or self.random.random() < 0.3:
            told = self.instructions(venue, symbol, side, size, lasting)
            size = 0 if told.close_position else size
        return PlaceOrder(
            at=self.at,
            account=name,
            ref=self.random.choice((0, 0, 0, self.random.randint(1, 9))),
            symbol=symbol,
            side=side,
            size=size,
            price=price,
            time_in_force=lasting,
            post_only=self.random.random() < (0.2 if rests else 0.02),
            reduce_only=self.random.random() < (0.6 if closes else 0.02),
            position_side=position_side,
            self_trade=self.random.choice((None, *SelfTrade)),
            instructions=told,
        )

    def instructions(
        self, venue: Venue, symbol: str, side: Side, size: int, lasting: TimeInForce
    ) -> Instructions:
        """What few orders are told; mostly it makes sense."""
        chance = self.random.random
        opens = {}
        if chance() < 0.4:
            up, down = self.tick(venue, symbol) + 5, max(1, self.tick(venue, symbol) - 5)
            gain, loss = (up, down) if side is Side.BUY else (down, up)
            stop = Trigger(kind=TriggerKind.STOP, price=loss, by=self.source())
            trail = Trigger(kind=TriggerKind.TRAILING_STOP, callback=5, by=self.source())
            take = Trigger(kind=TriggerKind.TAKE_PROFIT, price=gain, by=self.source())
            opens = {
                "take_profit": Exit(trigger=take, price=self.random.choice((None, gain))),
                "stop_loss": Exit(trigger=self.random.choice((stop, trail))),
            }
            del opens[self.random.choice(("take_profit", "stop_loss"))]
        triggers = chance() < 0.5
        return Instructions(
            trigger=self.trigger(venue, symbol, side) if triggers else None,
            close_position=triggers and chance() < 0.1,
            display_size=self.random.randint(1, size) if chance() < 0.4 else 0,
            expires_at=self.at + self.random.randint(0, 3) * SECOND
            if lasting is TimeInForce.GTD
            else 0,
            reprice=chance() < 0.1,
            group=self.random.choice((0, 1, 2)),
            **opens,
        )

    def source(self) -> PriceSource:
        return self.random.choice(list(PriceSource))

    def trigger(self, venue: Venue, symbol: str, side: Side) -> Trigger:
        """One that the price has not reached, as a rule."""
        kind, away = self.random.choice(list(TriggerKind)), self.random.randint(-1, 8)
        price = (venue.mark_price(symbol) or FAIR * SUBTICKS) // SUBTICKS
        rises = (side is Side.BUY) == (kind is TriggerKind.STOP)
        price = max(1, price + away if rises else price - away)
        if kind is not TriggerKind.TRAILING_STOP:
            return Trigger(kind=kind, price=price, by=self.source())
        price = self.random.choice((0, price))
        if self.random.random() < 0.5:
            return Trigger(kind=kind, price=price, by=self.source(), callback=2)
        return Trigger(kind=kind, price=price, by=self.source(), callback_rate=3_000_000)

    def amend(self, venue: Venue) -> Command:
        name = self.name()
        order = self.some_order(venue, name)
        if order is None:
            return self.place(venue)
        return AmendOrder(
            at=self.at,
            account=name,
            order_id=order.order_id,
            size=self.random.choice((None, order.open_size, self.random.randint(1, 20))),
            price=self.random.choice((None, self.tick(venue, order.symbol, 0.05))),
            display_size=self.random.choice((None, None, None, 2)),
            expires_at=self.random.choice((None, None, None, self.at + SECOND)),
        )

    def amend_waiting(self, venue: Venue) -> Command:
        name = self.name()
        waiting = venue.account_view(name, "USD").waiting
        if not waiting:
            return self.place(venue)
        order = self.random.choice(waiting)
        trigger = self.trigger(venue, order.symbol, order.side)
        return AmendOrder(
            at=self.at,
            account=name,
            order_id=order.order_id,
            size=self.random.choice((None, self.random.randint(1, 20))),
            trigger=self.random.choice((None, trigger)),
        )

    def batch(self, venue: Venue) -> Command:
        name = self.name()
        items = []
        for _ in range(self.random.randint(0, 5)):
            draw = self.random.choice((Traffic.place, Traffic.amend, Traffic.cancel))
            item = draw(self, venue)
            if isinstance(item, PlaceOrder | AmendOrder | CancelOrder):
                items.append(msgspec.structs.replace(item, account=name))
        return Batch(at=self.at, account=name, items=tuple(items))

    def countdown(self, venue: Venue) -> Command:
        timeout = self.random.choice((0, 100 * MILLI, SECOND))
        return CancelAllAfter(at=self.at, account=self.name(), timeout=timeout)

    def cancel(self, venue: Venue) -> Command:
        name = self.name()
        order = self.some_order(venue, name)
        if order is None:
            return CancelAll(at=self.at, account=name)
        if order.ref:
            return CancelOrder(at=self.at, account=name, order_ref=order.ref)
        return CancelOrder(at=self.at, account=name, order_id=order.order_id)

    def cancel_all(self, venue: Venue) -> Command:
        symbol = self.random.choice(("", self.symbol()))
        return CancelAll(at=self.at, account=self.name(), symbol=symbol)

    def deposit(self, venue: Venue) -> Command:
        asset, most = self.random.choice((("USD", 500_00), ("COIN", 5_000000)))
        amount = self.random.randint(1, most)
        return Deposit(at=self.at, account=self.name(), asset=asset, amount=amount)

    def withdraw(self, venue: Venue) -> Command:
        name, asset = self.name(), self.random.choice(("USD", "COIN"))
        view = venue.account_view(name, asset)
        amount = max(1, self.random.choice((view.available_margin, view.wallet // 2)))
        return Withdraw(at=self.at, account=name, asset=asset, amount=amount)

    def position_mode(self, venue: Venue) -> Command:
        mode = self.random.choice(list(PositionMode))
        return SetPositionMode(at=self.at, account=self.name(), mode=mode)

    def leverage(self, venue: Venue) -> Command:
        name, symbol = self.name(), self.symbol()
        side, _ = self.held(venue, name, symbol)
        leverage = self.random.choice((1, 2, 5, 10, 20, 50))
        return SetLeverage(
            at=self.at, account=name, symbol=symbol, position_side=side, leverage=leverage
        )

    def margin_mode(self, venue: Venue) -> Command:
        name, symbol = self.name(), self.symbol()
        side, _ = self.held(venue, name, symbol)
        mode = self.random.choice(list(MarginMode))
        return SetMarginMode(at=self.at, account=name, symbol=symbol, position_side=side, mode=mode)

    def adjust(self, venue: Venue) -> Command:
        name = self.name()
        symbol, side = self.symbol(), PositionSide.NET
        for position in venue.account_view(name, "USD").positions:
            if position.mode is MarginMode.ISOLATED:
                symbol, side = position.symbol, position.position_side
        amount = self.random.randint(-100_00, 100_00) or 1
        return AdjustMargin(
            at=self.at, account=name, symbol=symbol, position_side=side, amount=amount
        )

    def auto_margin(self, venue: Venue) -> Command:
        name = self.name()
        symbol, side = self.symbol(), PositionSide.NET
        for position in venue.account_view(name, "USD").positions:
            if position.mode is MarginMode.ISOLATED:
                symbol, side = position.symbol, position.position_side
        on = self.random.random() < 0.8
        return SetAutoMargin(at=self.at, account=name, symbol=symbol, position_side=side, on=on)

    def account_mode(self, venue: Venue) -> Command:
        mode = self.random.choice((AccountMode.UNIFIED, AccountMode.UNIFIED, AccountMode.SINGLE))
        return SetAccountMode(at=self.at, account=self.name(), mode=mode)

    def block(self, venue: Venue) -> Command:
        symbol = self.symbol()
        name, other = self.random.sample((*TRADERS, HISTORY), 2)
        sides = [
            PositionSide.NET if party == HISTORY else self.held(venue, party, symbol)[0]
            for party in (name, other)
        ]
        return BlockTrade(
            at=self.at,
            symbol=symbol,
            account=name,
            position_side=sides[0],
            counterparty=other,
            counterparty_side=sides[1],
            side=self.side(),
            size=self.random.randint(1, 40),
            price=self.tick(venue, symbol, 0.03),
        )

    def mark(self, venue: Venue) -> Command:
        """Mostly a step, now and then a gap that leaves accounts behind it."""
        symbol = self.symbol()
        before = venue.mark_price(symbol) or FAIR * SUBTICKS
        reach = self.random.choice((0.01, 0.05, 0.2, 0.4))
        home = 0.02 * (FAIR * SUBTICKS - before)
        price = round(before * self.random.uniform(1 - reach, 1 + reach) + home)
        return UpdateMarkPrice(at=self.at, symbol=symbol, price=max(1, price))

    def index(self, venue: Venue) -> Command:
        symbol = self.symbol()
        price = self.tick(venue, symbol, 0.02) * SUBTICKS + self.random.randint(0, 99)
        return UpdateIndexPrice(at=self.at, symbol=symbol, price=price)

    def funding(self, venue: Venue) -> Command:
        return UpdateFundingRate(
            at=self.at,
            symbol=self.symbol(),
            rate=self.random.randint(-100_000, 100_000),
            next_at=self.at + self.random.randint(1, 10) * SECOND,
            interval=8 * SECOND,
        )

    def compute(self, venue: Venue) -> Command:
        return ComputeMarkPrice(at=self.at, symbol=self.symbol())

    def phase(self, venue: Venue) -> Command:
        """Halts are short: mostly trading goes on again."""
        symbol = self.random.choice(("", self.symbol(), self.symbol()))
        halted = any(m.phase in HALTS[1:] for m in venue._state.markets)
        if halted and self.random.random() < 0.8:
            stopped = [m for m in venue._state.markets if m.told is not Phase.TRADING]
            symbol = self.random.choice(["", *[m.instrument.symbol for m in stopped]])
            return SetPhase(at=self.at, symbol=symbol, phase=Phase.TRADING)
        return SetPhase(at=self.at, symbol=symbol, phase=self.random.choice(list(Phase)))

    def publish(self, venue: Venue) -> Command:
        levels, orders = self.random.choice(((True, True), (True, False), (False, False)))
        return PublishBook(at=self.at, symbol=self.symbol(), levels=levels, orders=orders)

    def settle(self, venue: Venue) -> Command:
        """The dated future only, and late: the others go on."""
        if self.at < 2 * SECOND:
            return self.pass_time(venue)
        price = self.tick(venue, "BTC-DATED", 0.1) * SUBTICKS
        return SettleInstrument(at=self.at, symbol="BTC-DATED", price=price)

    def pass_time(self, venue: Venue) -> Command:
        """Now and then an hour, where that is not too many intervals of funding."""
        slow = self.rulebook.funding.interval_seconds == SLOW
        jumps = slow and self.random.random() < 0.5
        self.at += HOUR if jumps else self.random.randint(0, 300) * MILLI
        return PassTime(at=self.at)

    def depth(self, venue: Venue) -> Command:
        symbol = self.symbol()
        middle = self.tick(venue, symbol, 0.03)
        bids = {middle - self.random.randint(1, 8): self.random.randint(0, 30) for _ in range(4)}
        asks = {middle + self.random.randint(0, 8): self.random.randint(0, 30) for _ in range(4)}
        return UpdateDepth(
            at=self.at,
            symbol=symbol,
            bids=tuple((price, size) for price, size in bids.items() if price > 0),
            asks=tuple(asks.items()),
            snapshot=self.random.random() < 0.7,
        )

    def single_orders(self, venue: Venue) -> Command:
        symbol = self.symbol()
        middle = self.tick(venue, symbol, 0.03)
        bids = {self.random.randint(1, 9): middle - self.random.randint(1, 8) for _ in range(3)}
        asks = {self.random.randint(10, 19): middle + self.random.randint(0, 8) for _ in range(3)}
        sizes = self.random.choices(range(20), k=6)
        return UpdateOrders(
            at=self.at,
            symbol=symbol,
            bids=tuple((n, max(price, 1), sizes.pop()) for n, price in bids.items()),
            asks=tuple((n, price, sizes.pop()) for n, price in asks.items()),
            snapshot=self.random.random() < 0.1,
        )

    def print_trade(self, venue: Venue) -> Command:
        symbol = self.symbol()
        return RecordedTrade(
            at=self.at,
            symbol=symbol,
            side=self.side(),
            price=self.tick(venue, symbol, 0.04),
            size=self.random.randint(1, 30),
        )

    def list_again(self, venue: Venue) -> Command:
        rules = self.random.choice(self.instruments)
        return ListInstrument(at=self.at, rules=rules)

    def open_again(self, venue: Venue) -> Command:
        name = self.random.choice((*TRADERS, f"late {len(venue.account_names())}"))
        return OpenAccount(at=self.at, account=name)


AMENDMENTS = (Traffic.amend, Traffic.amend, Traffic.amend_waiting)

DRAW: dict[type[Command], tuple[int, Callable[[Traffic, Venue], Command]]] = {
    PlaceOrder: (300, Traffic.place),
    AmendOrder: (60, lambda it, venue: it.random.choice(AMENDMENTS)(it, venue)),
    CancelAllAfter: (5, Traffic.countdown),
    Batch: (20, Traffic.batch),
    CancelOrder: (40, Traffic.cancel),
    CancelAll: (10, Traffic.cancel_all),
    Deposit: (20, Traffic.deposit),
    Withdraw: (20, Traffic.withdraw),
    SetPositionMode: (5, Traffic.position_mode),
    SetLeverage: (20, Traffic.leverage),
    SetMarginMode: (40, Traffic.margin_mode),
    AdjustMargin: (20, Traffic.adjust),
    SetAutoMargin: (20, Traffic.auto_margin),
    SetAccountMode: (20, Traffic.account_mode),
    BlockTrade: (60, Traffic.block),
    UpdateMarkPrice: (150, Traffic.mark),
    UpdateIndexPrice: (20, Traffic.index),
    UpdateFundingRate: (5, Traffic.funding),
    ComputeMarkPrice: (20, Traffic.compute),
    SettleInstrument: (3, Traffic.settle),
    SetPhase: (15, Traffic.phase),
    PublishBook: (5, Traffic.publish),
    PassTime: (10, Traffic.pass_time),
    UpdateDepth: (60, Traffic.depth),
    UpdateOrders: (30, Traffic.single_orders),
    RecordedTrade: (40, Traffic.print_trade),
    ListInstrument: (2, Traffic.list_again),
    OpenAccount: (2, Traffic.open_again),
}
"""How often each command is drawn, and how."""

NONSENSE: dict[str, tuple[object, ...]] = {
    "at": (0,),
    "account": ("nobody", HISTORY, ""),
    "counterparty": ("nobody",),
    "symbol": ("NONE",),
    "asset": ("NONE",),
    "size": (0, -1, 10**12),
    "price": (0, -5),
    "amount": (0, -1, 10**15),
    "leverage": (0, -1, 10**6),
    "timeout": (-1,),
    "items": ((),),
    "trigger": (Trigger(kind=TriggerKind.STOP),),
    "order_id": (10**9,),
    "position_side": tuple(PositionSide),
}
"""What nothing fits, by field.  Every command has one of them: its time."""


def main() -> None:
    """Print the digest that a seed leads to."""
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    traffic = Traffic(Random(seed))
    venue = Venue(traffic.rulebook)
    events = 0
    for command in traffic.commands(venue, count):
        events += len(venue.apply(command))
    print(f"{venue.digest()} after {events} events")  # noqa: T201


if __name__ == "__main__":
    main()

"""The venue liquidates as the naive model does: whom, what first, how much, at what price.

Accounts in cross, isolated and hedge mode hold linear and inverse contracts; marks move and gap;
the book is thin.  After every command both tell the same story and have the same money left.
"""

import os
from fractions import Fraction
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import load_rulebook
from exchange.core.messages import (
    HISTORY,
    BlockTrade,
    Command,
    CommandRejected,
    Deposit,
    Event,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStarted,
    ListInstrument,
    LossUncovered,
    MarginMode,
    OpenAccount,
    OrderFilled,
    PositionDeleveraged,
    PositionMode,
    PositionSide,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Side,
    TradeKind,
    UpdateDepth,
    UpdateMarkPrice,
)
from exchange.core.rules import (
    Amount,
    Backing,
    Breach,
    ClosingFee,
    ContractKind,
    DeleveragingPrice,
    DeleveragingRules,
    FeeCap,
    FundScope,
    Leftover,
    Limit,
    LimitRules,
    LiquidationRules,
    MarginPrice,
    MarginRules,
    Rank,
    Select,
    Socialise,
    Tier,
    TierCounts,
    TierInput,
    Unfilled,
)
from exchange.core.selection import SELECTION
from exchange.core.venue import Venue
from exchange.rulebook import shipped
from tests.models.naive_contract import Contract, Held
from tests.models.naive_margin import NaiveMargin, Scope, Told
from tests.stage import contract, rulebook

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "25"))
NAMES = ("ann", "bob", "cat", "dan", "eve")
SUBTICKS = 100
UNITS = {"USD": 100, "COIN": 1_000_000}
"""Units of money in one of each asset."""

FLAT = (Tier(floor="0", maintenance="0.07", leverage_max=50),)
RISING = (
    Tier(floor="0", maintenance="0.01", leverage_max=50),
    Tier(floor="600", maintenance="0.05", leverage_max=50),
    Tier(floor="2000", maintenance="0.2", leverage_max=50),
)
RISING_COIN = tuple(
    msgspec.structs.replace(tier, floor=floor)
    for tier, floor in zip(RISING, ("0", "0.06", "0.2"), strict=True)
)


RISING_LOTS = tuple(
    msgspec.structs.replace(tier, floor=floor)
    for tier, floor in zip(RISING, ("0", "6", "20"), strict=True)
)

AMOUNTS = (
    Amount.WHOLE_POSITION,
    Amount.DOWN_ONE_TIER,
    Amount.DOWN_TWO_TIERS,
    Amount.TO_LOWEST_TIER,
    Amount.JUST_ENOUGH,
    Amount.FRACTION,
    Amount.CLIP,
)
RANKS = [rank for rank in Rank if rank is not Rank.PSEUDO_RANDOM]
TAKER = "0.002"
BAND = "0.1"


def liquidation_of(random: Random) -> LiquidationRules:
    """Half of them the usual choices; of the others, all that the model knows."""
    usual = LiquidationRules(
        select=random.choice(list(SELECTION)),
        amount=random.choice(AMOUNTS),
        fee=random.choice(("0", "0.01", "0.03", "0.3")),
        fraction="0.3",
        fraction_above=random.choice(("0", "600")),
        clip="4",
    )
    if random.random() < 0.5:
        return usual
    return msgspec.structs.replace(
        usual,
        trigger=random.choice(list(Breach)),
        exit_buffer=random.choice(("0", "0.1", "0.37")),
        limit=random.choice(list(Limit)),
        bankruptcy_adjustment=random.choice(("1", "0.7")),
        spread_to_maintenance=random.choice(("0.1", "1.5")),
        fill_or_kill=random.random() < 0.2,
        fee_cap=random.choice(list(FeeCap)),
        fee_cap_share=random.choice(("1", "0.95", "0.1")),
        backing=random.choice(list(Backing)),
        leftover=random.choice(list(Leftover)),
        fund_in_book=random.random() < 0.7,
        bankruptcy_keeps_fee=random.random() < 0.3,
        fund_limit=random.choice((None, *Limit)),
        deleveraging=DeleveragingRules(
            rank=random.choice(RANKS),
            price=random.choice(list(DeleveragingPrice)),
            deviation_max=random.choice(("0", "0.05")),
        ),
    )


def formula_of(random: Random) -> MarginRules:
    """Half of them the usual formula, the others any."""
    if random.random() < 0.5:
        return MarginRules()
    return MarginRules(
        maintenance_price=random.choice(list(MarginPrice)),
        closing_fee=random.choice(list(ClosingFee)),
        tier_input=random.choice(list(TierInput)),
        tier_counts=random.choice(list(TierCounts)),
    )


def shipped_rules(name: str) -> tuple[MarginRules, LiquidationRules]:
    """A rulebook's own choices, but for what takes time, chance or the venue's own account."""
    rules = load_rulebook(name)
    liquidation, ranked = rules.liquidation, rules.liquidation.deleveraging
    if ranked.rank is Rank.PSEUDO_RANDOM:
        ranked = msgspec.structs.replace(ranked, rank=Rank.LEVERAGED_RETURN)
    select = liquidation.select if liquidation.select in SELECTION else Select.MOST_MARGIN_FREED
    formula = msgspec.structs.replace(
        rules.margin,
        rate_growth="0",
        open_interest_lower="",
        open_interest_upper="",
        fee_in_isolated_margin=False,
    )
    return formula, msgspec.structs.replace(
        liquidation,
        select=select,
        deleveraging=ranked,
        unfilled=Unfilled.ADL,
        takeover_whole=False,
        backstop="0",
        socialise=Socialise.NONE,
        fund_scope=FundScope.SHARED,
        fund_drawdown_max="1",
        round_seconds="0",
        cooldown_seconds="0",
        fraction_above="600",
        clip="4",
    )


class Twins:
    """A venue and the model, told the same."""

    def __init__(self, random: Random, name: str = "") -> None:
        """`name`: under a shipped rulebook's margin and liquidation; else any are drawn."""
        self.random = random
        formula, liquidation = (
            shipped_rules(name) if name else (formula_of(random), liquidation_of(random))
        )
        ladders = (RISING_LOTS, RISING_LOTS) if by_size(formula) else (RISING, RISING_COIN)
        tiers, coin_tiers = random.choice(((FLAT, FLAT), ladders))
        fund = random.choice(("0", "20", "3000"))
        rules = rulebook(
            tiers=tiers,
            fund=fund,
            taker=TAKER,
            margin=formula,
            limits=LimitRules(market_band=BAND),
            instrument_tiers={"XBT": coin_tiers},
        )
        self.venue = Venue(msgspec.structs.replace(rules, liquidation=liquidation))
        funds = {"USD": int(fund) * 100, "COIN": 0}
        self.model = NaiveMargin(liquidation, Fraction(BAND), funds, UNITS)
        self.contracts = {
            symbol: Contract(
                symbol,
                asset,
                UNITS[asset],
                _tiers(rows, 1 if by_size(formula) else UNITS[asset]),
                formula,
                Fraction(TAKER),
                inverse=asset == "COIN",
            )
            for symbol, asset, rows in (
                ("BTC", "USD", tiers),
                ("ETH", "USD", tiers),
                ("XBT", "COIN", coin_tiers),
            )
        }
        self.held: dict[tuple[str, str, PositionSide], Held] = {}
        self.hedges: set[str] = set()
        self._open()

    def _open(self) -> None:
        inverse = contract("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.000001")
        for listed in (contract("BTC"), contract("ETH"), inverse):
            self.do(ListInstrument(at=0, rules=listed))
            self.mark(listed.symbol, 100 * SUBTICKS)
        for name in NAMES:
            self.do(OpenAccount(at=0, account=name))
            self.model.names.append(name)
            for asset, most in (("USD", 400_00), ("COIN", 150_000)):
                amount = self.random.randint(1, most)
                self.do(Deposit(at=0, account=name, asset=asset, amount=amount))
                self.model.wallets[name, asset] = amount
            if self.random.random() < 0.3:
                self.do(SetPositionMode(at=0, account=name, mode=PositionMode.HEDGE))
                self.hedges.add(name)

    def do(self, command: Command) -> list[Event]:
        events = self.venue.apply(command)
        self.venue.check()
        return events

    # ------------------------------------------------------------------------- actions

    def act(self) -> None:
        """Something happens, to both, and they agree afterwards."""
        symbol = self.random.choice(list(self.contracts))
        action = self.random.choice((self.trade, self.trade, self.show, self.terms, self.gap))
        action(symbol)
        self.compare()

    def gap(self, symbol: str) -> None:
        reach = self.random.choice((0.02, 0.02, 0.06, 0.06, 0.06, 0.3, 0.8))
        mark = self.contracts[symbol].mark * SUBTICKS
        home = 1 + (100 - float(self.contracts[symbol].mark)) / 1000
        self.mark(
            symbol, max(1, round(float(mark) * home * self.random.uniform(1 - reach, 1 + reach)))
        )

    def mark(self, symbol: str, price: int) -> None:
        events = self.do(UpdateMarkPrice(at=0, symbol=symbol, price=price))
        told = self.model.move_mark(self.contracts[symbol], Fraction(price, SUBTICKS))
        assert _story(events) == told

    def show(self, symbol: str) -> None:
        """A few levels around the mark, some of them far away."""
        held = self.contracts[symbol]
        middle = max(20, round(held.mark))
        bids = {middle - self.random.randint(1, 19): self.random.randint(1, 8) for _ in range(3)}
        asks = {middle + self.random.randint(0, 19): self.random.randint(1, 8) for _ in range(3)}
        rows = tuple(bids.items()), tuple(asks.items())
        self.do(UpdateDepth(at=0, symbol=symbol, bids=rows[0], asks=rows[1], snapshot=True))
        held.bids, held.asks = bids, asks

    def terms(self, symbol: str) -> None:
        """A flat position changes its margin mode or leverage."""
        name = self.random.choice(NAMES)
        side = self.side(name)
        held = self.position(name, symbol, side)
        if held.size:
            return
        leverage = self.random.choice((2, 5, 10, 20))
        isolated = self.random.random() < 0.5
        mode = MarginMode.ISOLATED if isolated else MarginMode.CROSS
        terms = {"at": 0, "account": name, "symbol": symbol, "position_side": side}
        self.do(SetLeverage(**terms, leverage=leverage))  # type: ignore[arg-type]
        self.do(SetMarginMode(**terms, mode=mode))  # type: ignore[arg-type]
        held.leverage, held.isolated = leverage, isolated

    def trade(self, symbol: str) -> None:
        """A block trade near the mark, if the venue lets both sides have it."""
        name, other = self.random.sample((*NAMES, HISTORY), 2)
        sides = self.side(name), self.side(other)
        buys = self.random.random() < 0.5
        size = self.random.randint(1, 25)
        price = max(1, round(self.contracts[symbol].mark) + self.random.randint(-2, 2))
        events = self.do(
            BlockTrade(
                at=0,
                symbol=symbol,
                account=name,
                position_side=sides[0],
                counterparty=other,
                counterparty_side=sides[1],
                side=Side.BUY if buys else Side.SELL,
                size=size,
                price=price,
            )
        )
        if isinstance(events[0], CommandRejected):
            return
        self.model.told, self.model.waiting = [], []
        for party, side, lots in ((name, sides[0], size), (other, sides[1], -size)):
            if party != HISTORY:
                held = self.position(party, symbol, side)
                self.model.trade(held, lots if buys else -lots, price)
        assert _story(events) == self.model.settle()

    def side(self, name: str) -> PositionSide:
        if name in self.hedges:
            return self.random.choice((PositionSide.LONG, PositionSide.SHORT))
        return PositionSide.NET

    def position(self, name: str, symbol: str, side: PositionSide) -> Held:
        if (name, symbol, side) not in self.held:
            rank = NAMES.index(name) * 3 + ("net", "long", "short").index(side)
            held = Held(name, self.contracts[symbol], str(side), rank)
            self.held[name, symbol, side] = held
            facing = {"long": PositionSide.SHORT, "short": PositionSide.LONG}.get(str(side), side)
            held.opposite = self.held.get((name, symbol, facing)) if facing is not side else None
            if held.opposite is not None:
                held.opposite.opposite = held
            self.model.positions.append(held)
        return self.held[name, symbol, side]

    # ---------------------------------------------------------------------- comparison

    def compare(self) -> None:
        """The same money, positions and margin everywhere."""
        for asset in UNITS:
            balances = self.venue.balances(asset)
            assert balances["insurance fund"] == self.model.funds[asset]
            assert balances["uncovered loss"] == self.model.uncovered[asset]
            for name in NAMES:
                self._compare_account(name, asset)

    def _compare_account(self, name: str, asset: str) -> None:
        view = self.venue.account_view(name, asset)
        cross = Scope(name, asset, None)
        assert view.wallet == self.model.wallets[name, asset]
        assert view.equity == self.model.equity(cross)
        assert view.maintenance_margin == self.model.maintenance(cross)
        assert {
            (p.symbol, str(p.position_side)): (p.size, p.cost, p.bucket, p.maintenance_margin)
            for p in view.positions
        } == {
            (p.contract.symbol, p.side): (p.size, p.cost, p.bucket, p.margin())
            for p in self.model.positions
            if p.size and (p.name, p.contract.asset) == (name, asset)
        }


def _tiers(rows: tuple[Tier, ...], units: int) -> list[tuple[int, Fraction]]:
    return [(int(Fraction(t.floor) * units), Fraction(t.maintenance)) for t in rows]


def by_size(formula: MarginRules) -> bool:
    return formula.tier_input is TierInput.SIZE


def _story(events: list[Event]) -> list[Told]:
    """What the venue tells of liquidations, in the model's words."""
    told: list[Told] = []
    for e in events:
        match e:
            case LiquidationStarted():
                told.append(("started", e.account, e.symbol, e.equity, e.maintenance_margin))
            case LiquidationEnded():
                told.append(("ended", e.account, e.symbol, e.equity, e.maintenance_margin))
            case OrderFilled() if e.kind in (TradeKind.LIQUIDATION, TradeKind.ADL):
                what = e.symbol, str(e.position_side), e.size, e.price, e.realised_pnl
                told.append(("closed", e.account, *what))
            case PositionDeleveraged():
                what = e.symbol, str(e.position_side), e.size, e.price, e.realised_pnl
                told.append(("deleveraged", e.account, *what))
            case LiquidationFeeCharged():
                told.append(("fee", e.account, e.fee))
            case LeftoverTaken():
                told.append(("leftover", e.account, e.amount))
            case InsuranceFundPaid():
                told.append(("fund", e.account, e.amount))
            case LossUncovered():
                told.append(("uncovered", e.account, e.amount))
    return told


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_venue_liquidates_as_the_model_does(seed: int) -> None:
    twins = Twins(Random(seed))
    for _ in range(120):
        twins.act()


@pytest.mark.parametrize("name", shipped())
def test_the_venue_liquidates_as_the_model_does_under_every_rulebook(name: str) -> None:
    for seed in range(max(1, SEEDS // 12)):
        twins = Twins(Random(seed), name)
        for _ in range(120):
            twins.act()


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_the_venue_liquidates_as_the_model_does_in_short_stories(
    random: Random, actions: int
) -> None:
    twins = Twins(random)
    for _ in range(actions):
        twins.act()


def test_the_stories_are_worth_telling() -> None:
    """All of the waterfall happens in them, losses that nobody can pay among it."""
    told: dict[object, int] = {}
    for seed in range(12):
        twins = Twins(Random(seed))
        for _ in range(120):
            twins.model.told = []
            twins.act()
            for what, *_ in twins.model.told:
                told[what] = told.get(what, 0) + 1

    usual = {"started", "ended", "closed", "deleveraged", "fee", "fund"}
    assert set(told) >= usual | {"leftover", "uncovered"}
    assert told["deleveraged"] > 20

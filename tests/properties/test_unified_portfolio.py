"""Unified accounts in portfolio margin against a naive model: figures, and who is liquidated when.

COIN-PERP and COIN-DEC are linear, in dollars, XCOIN inverse and settled in coins, BTC stands beside
them; a coin is priced by its spot market, or by the perpetual contract's mark.
"""

import os
from collections import Counter
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.accounts import Position
from exchange.core.guarding import bounds_of
from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    HISTORY,
    AccountMode,
    BlockTrade,
    CollateralExchanged,
    LiquidationStarted,
    MarginMode,
    MarginModeChanged,
    SetAccountMode,
    SetMarginMode,
    Side,
    UpdateMarkPrice,
)
from exchange.core.policies import Gains, Haircut, SpotHedge
from exchange.core.rules import (
    CollateralAsset,
    CollateralRules,
    CollateralTier,
    GridRules,
    PortfolioRules,
)
from exchange.core.units import MarkPrice
from tests.models import naive_collateral as naive
from tests.models.naive_portfolio import NaiveGrid
from tests.models.naive_unified import Contract, Hedging, standing
from tests.stage import SUBTICKS, Stage, only, rulebook

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "8"))
CENT, MILLI = Fraction(1, 100), Fraction(1, 1000)
ROUNDING = Fraction(3)
"""Dollars that rounding in an account can come to: a thousandth of a coin is ten cents."""
SPOT = {"kind": ContractKind.SPOT, "base": "COIN", "base_unit": "0.001"}
INVERSE = {"kind": ContractKind.INVERSE, "settle": "COIN", "money_unit": "0.001"}
CONTRACTS = ("BTC", "COIN-PERP", "COIN-DEC", "XCOIN")
MARKETS = (*CONTRACTS, "COIN-USD")
DAYS = 364


def grid_of(random: Random) -> GridRules:
    """Every charge now and then."""
    return GridRules(
        moves=random.choice((("0.1",), ("0.04", "0.12"))),
        extreme_move=random.choice(("0", "0.3")),
        extreme_share="0.5",
        basis=random.choice(("0", "0.1")),
        offset=random.choice(("0", "0.02")),
        minimum=random.choice(("0", "0.01")),
        by_tiers=random.random() < 0.3,
        spot=random.choice(("0", "0.02")),
    )


def collateral_of(random: Random) -> CollateralRules:
    """Every way of counting."""
    tiers = tuple(
        CollateralTier(floor=floor, ratio=ratio)
        for floor, ratio in (("0", "0.9"), ("50", "0.7"), ("200", "0"))
    )
    coin = CollateralAsset(
        market=random.choice(("COIN-USD", "COIN-PERP")),
        ratio=random.choice(("1", "0.8", "0.3")),
        tiers=random.choice(((), tiers)),
    )
    return CollateralRules(
        currency="USD",
        assets={"COIN": coin},
        unrealised=random.choice(list(Gains)),
        haircut=random.choice(list(Haircut)),
        borrow_maintenance=random.choice(("0", "0.05")),
        conversion_fee=random.choice(("0", "0.01")),
    )


class World:
    """A stage with such accounts, and what the naive model says of them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rules, self.grid = collateral_of(random), grid_of(random)
        self.spot = random.choice((SpotHedge.IN_FULL, SpotHedge.IN_FULL, *SpotHedge))
        portfolio = PortfolioRules(grid=self.grid, unified=True, spot=self.spot)
        book = rulebook(collateral=self.rules, portfolio=portfolio, fund="1000000")
        self.it = it = Stage(book, symbols="BTC COIN-PERP")
        it.enlist("COIN-DEC", expiry="1970-12-31T00:00:00")
        it.enlist("XCOIN", **INVERSE)
        it.enlist("COIN-USD", **SPOT)
        it.marks(**dict.fromkeys(MARKETS, 100))
        self.names = [f"t{number}" for number in range(5)]
        for name in self.names:
            it.trader(name, deposit=random.choice((0, 500, 5_000)) + 1)
            it.bring(name, "COIN", random.randint(1, 300) * 1000)
            it.do(SetAccountMode(at=it.now(), account=name, mode=AccountMode.UNIFIED))
            mode = MarginMode.PORTFOLIO
            events = it.do(SetMarginMode(at=it.now(), account=name, symbol="BTC", mode=mode))
            assert only(events, MarginModeChanged)

    def trade(self, name: str) -> None:
        """With history, at a price that may cost most of the account, or be refused."""
        symbol, lots = self.random.choice(CONTRACTS), self.random.randint(1, 400)
        mark = (self.it.venue.mark_price(symbol) or 0) // SUBTICKS
        self.it.do(
            BlockTrade(
                at=self.it.now(),
                symbol=symbol,
                account=name,
                counterparty=HISTORY,
                side=self.random.choice((Side.SELL, Side.SELL, Side.BUY)),
                size=lots * (50 if symbol == "XCOIN" else 1),
                price=max(1, mark + self.random.choice((-20, -1, 0, 1, 20))),
            )
        )

    def draw_near(self, name: str) -> None:
        """Leave the account little more than it needs, by a bad trade in BTC there and back."""
        spare = int(self.left(name, {})) - self.random.randint(0, 40)
        mark = (self.it.venue.mark_price("BTC") or 0) // SUBTICKS
        for side, paid in ((Side.BUY, mark + max(0, spare)), (Side.SELL, mark)):
            self.it.do(
                BlockTrade(
                    at=self.it.now(),
                    symbol="BTC",
                    account=name,
                    counterparty=HISTORY,
                    side=side,
                    size=1,
                    price=paid,
                )
            )

    def left(self, name: str, marks: dict[str, MarkPrice]) -> Fraction:
        """Equity less maintenance margin by the naive model, as if at some other marks."""
        equity, needed = self.standing(name, marks)
        return equity - needed

    def standing(self, name: str, marks: dict[str, MarkPrice]) -> tuple[Fraction, Fraction]:
        """Both of them."""
        venue = self.it.venue
        priced = {s: Fraction(marks.get(s, venue.mark_price(s) or 0), SUBTICKS) for s in MARKETS}
        own = self.rules.assets["COIN"]
        tiers = [(Fraction(t.floor), Fraction(t.ratio)) for t in own.tiers]
        haircuts = tuple(tiers) or ((Fraction(0), Fraction(own.ratio)),)
        assets, held = {}, []
        for asset, unit in (("USD", CENT), ("COIN", MILLI)):
            gain = Fraction(0)
            for p in self.positions(name, asset):
                one = contract(p, priced[p.instrument.symbol])
                gain += one.worth(one.mark) - p.cost * unit
                held.append(one)
            dollars = asset == "USD"
            assets[asset] = naive.Asset(
                balance=self.wallet(name, asset) * unit,
                price=Fraction(1) if dollars else priced[own.market],
                tiers=((Fraction(0), Fraction(1)),) if dollars else haircuts,
                unrealised=gain,
            )
        rules = naive.Rules(
            spares_unrealised=self.rules.haircut is Haircut.BALANCE,
            losses_only=self.rules.unrealised is Gains.LOSSES,
            borrowing=Fraction(self.rules.borrow_maintenance),
        )
        grid = NaiveGrid(
            moves=tuple(Fraction(move) for move in self.grid.moves),
            extreme=Fraction(self.grid.extreme_move),
            share=Fraction(self.grid.extreme_share),
            basis=Fraction(self.grid.basis),
            offset=Fraction(self.grid.offset),
            minimum=Fraction(self.grid.minimum),
            rate=Fraction(1, 10) if self.grid.by_tiers else Fraction(0),
        )
        hedging = Hedging(
            counts=self.spot is not SpotHedge.NONE,
            in_full=self.spot is SpotHedge.IN_FULL,
            rate=Fraction(self.grid.spot),
        )
        return standing(rules, grid, hedging, assets, held, "USD")

    def holds(self, name: str) -> bool:
        """Whether it has anything that could fail."""
        assets = ("USD", "COIN")
        return any(self.positions(name, a) or self.wallet(name, a) < 0 for a in assets)

    def positions(self, name: str, asset: str) -> list[Position]:
        """Open ones; views would reckon more about them than is asked for here."""
        pool = self.it.venue._state.account_of[name].pools[asset]
        return [position for position in pool.listed if position.size]

    def wallet(self, name: str, asset: str) -> int:
        return self.it.venue.balances(asset)[name]


def contract(position: Position, mark: Fraction) -> Contract:
    symbol = position.instrument.symbol
    return Contract(
        name=symbol,
        underlying="BTC" if symbol == "BTC" else "COIN",
        size=position.size,
        mark=mark,
        settle="COIN" if symbol == "XCOIN" else "USD",
        inverse=symbol == "XCOIN",
        days=DAYS if symbol == "COIN-DEC" else 0,
    )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_equity_and_margin_are_those_of_the_naive_model(seed: int) -> None:
    world = World(Random(seed))
    for _ in range(40):
        name = world.random.choice(world.names)
        world.trade(name)
        view = world.it.venue.unified_view(name)
        assert view is not None
        equity, needed = world.standing(name, {})
        assert abs(view.equity * CENT - equity) <= ROUNDING
        assert abs(view.maintenance_margin * CENT - needed) <= ROUNDING


WALKED: Counter[str] = Counter()
"""What happened in the sessions below."""


@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_account_is_liquidated_if_and_only_if_it_is_below_its_margin(seed: int) -> None:
    """Whichever mark moves: that of a leg of a hedge, of the coins beside it, or of both."""
    world = World(Random(seed))
    random, venue = world.random, world.it.venue
    for turn in range(120):
        if turn % 3 == 0:
            name = random.choice(world.names)
            world.trade(name)
            world.draw_near(name)
        symbol = random.choice(MARKETS)
        old = venue.mark_price(symbol) or 0
        step = random.choice((-1500, -400, -100, -40, -7, 7, 40, 100, 400, 1500))
        price = max(30 * SUBTICKS, old + step)
        left = {n: world.left(n, {symbol: price}) for n in world.names if world.holds(n)}

        events = world.it.do(UpdateMarkPrice(at=world.it.now(), symbol=symbol, price=price))
        venue.check()

        started = [event.account for event in only(events, LiquidationStarted)]
        # What one is deleveraged for may bring another down, or save it, before anybody looks.
        if started:
            assert left[started[0]] < ROUNDING, "liquidated with enough"
            WALKED["liquidated"] += 1
            WALKED["by its collateral"] += symbol == "COIN-USD"
        else:
            assert all(one > -ROUNDING for one in left.values()), "one was missed"
        assert all(world.left(n, {}) > -ROUNDING for n in world.names if world.holds(n))
        WALKED["repaid"] += len(only(events, CollateralExchanged))
        WALKED["hedged"] += any(hedges(world, name) for name in world.names)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_within_all_bounds_at_once_nobody_fails(seed: int) -> None:
    """Whatever marks move together: in the corners, where they matter most, and between them."""
    world = World(Random(seed))
    state, random = world.it.venue._state, world.random
    for _ in range(8):
        name = random.choice(world.names)
        for _ in range(3):
            world.trade(name)
        if random.random() < 0.5:
            world.draw_near(name)
        bounds = bounds_of(state, state.account_of[name].pools["USD"])
        if not world.holds(name) or world.left(name, {}) < ROUNDING:
            continue
        for _ in range(60):
            marks = {}
            for number, own in bounds.items():
                symbol = state.markets[number].instrument.symbol
                mark = world.it.venue.mark_price(symbol) or 0
                low, high = max(1, own.low), min(own.high, 20 * mark)
                marks[symbol] = random.choice((low, high, mark, random.randint(low, high)))
            assert world.left(name, marks) >= 0, (marks, bounds.keys())
            WALKED["bounded"] += 1


@given(st.randoms(use_true_random=False), st.integers(1, 300))
def test_more_coins_never_leave_less_above_the_margin(random: Random, more: int) -> None:
    """Whatever they hedge, and whatever hedge it is that they take away by paying a debt."""
    world = World(random)
    name = world.names[0]
    for _ in range(4):
        world.trade(name)
    before = world.it.venue.unified_view(name)

    world.it.bring(name, "COIN", more * 100)

    after = world.it.venue.unified_view(name)
    assert before is not None
    assert after is not None
    gained = (after.equity - after.maintenance_margin) - (before.equity - before.maintenance_margin)
    assert gained * CENT >= -ROUNDING


def hedges(world: World, name: str) -> bool:
    view = world.it.venue.unified_view(name)
    return view is not None and any(asset.hedging for asset in view.assets)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nobody_who_is_told_a_price_is_liquidated_before_it(seed: int) -> None:
    """The liquidation price of each position is the first mark that fails, on its nearer side."""
    world = World(Random(seed))
    for name in world.names:
        for _ in range(3):
            world.trade(name)
        for position in world.it.account(name).positions:
            price = position.liquidation_price
            if price is None:
                continue
            inside = price + 1 if price < position.mark_price else price - 1
            assert world.left(name, {position.symbol: price}) < ROUNDING
            assert world.left(name, {position.symbol: inside}) > -ROUNDING


def test_those_sessions_walked_every_path() -> None:
    """After the others, in one process: else they would hold of an empty room."""
    if sum(WALKED.values()) == 0:
        pytest.skip("the sessions ran elsewhere")
    assert all(
        WALKED[path] for path in ("liquidated", "by its collateral", "repaid", "hedged", "bounded")
    )

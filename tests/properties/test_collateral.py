"""Unified accounts against a naive model, and against plain cross margin where they are the same.

BTC and ETH settle in dollars, XBT in coins and is inverse; a coin is priced by its spot market.
"""

import os
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange import Rulebook, Venue
from exchange.core.accounts import Position
from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    HISTORY,
    AccountMode,
    AccountModeChanged,
    AdjustMargin,
    BlockTrade,
    CollateralCounted,
    CollateralExchanged,
    CommandRejected,
    Deposit,
    Event,
    LiquidationStarted,
    SetAccountMode,
    SetMarginMode,
    Side,
    UpdateMarkPrice,
)
from exchange.core.policies import Gains, Haircut
from exchange.core.rules import CollateralAsset, CollateralRules, CollateralTier
from exchange.rulebook import shipped
from tests.crisis import TRADERS, Crisis, rulebook_of
from tests.models import naive_collateral as naive
from tests.stage import SUBTICKS, Stage, only, rulebook

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "6"))
CENT, MILLI = Fraction(1, 100), Fraction(1, 1000)
TENTH = Fraction(1, 10)
MARKETS = ("BTC", "ETH", "XBT", "COIN-USD")
ROUNDING = Fraction(2)
"""Dollars that rounding in an account can come to: a thousandth of a coin is ten cents."""
SPOT = {"kind": ContractKind.SPOT, "base": "COIN", "base_unit": "0.001"}
INVERSE = {"kind": ContractKind.INVERSE, "settle": "COIN", "money_unit": "0.001"}


def collateral(random: Random) -> CollateralRules:
    """Every way of counting."""
    tiers = tuple(
        CollateralTier(floor=floor, ratio=ratio)
        for floor, ratio in (("0", "0.9"), ("50", "0.7"), ("200", "0"))
    )
    coin = CollateralAsset(
        market=random.choice(("COIN-USD", "BTC")),
        ratio=random.choice(("1", "0.8")),
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
    """A stage with unified accounts, and what the naive model says of them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rules = collateral(random)
        self.it = it = Stage(rulebook(collateral=self.rules, fund="1000000"))
        it.enlist("XBT", **INVERSE)
        it.enlist("COIN-USD", **SPOT)
        it.marks(**dict.fromkeys(MARKETS, 100))
        self.names = [f"t{number}" for number in range(5)]
        for name in self.names:
            it.trader(name, deposit=random.choice((0, 500, 5_000)) + 1)
            it.bring(name, "COIN", random.randint(1, 300) * 1000)
            it.do(SetAccountMode(at=it.now(), account=name, mode=AccountMode.UNIFIED))

    def trade(self, name: str) -> None:
        """With history, at a price that may cost most of the account, or be refused."""
        symbol, lots = self.random.choice(("BTC", "ETH", "XBT")), self.random.randint(1, 400)
        mark = (self.it.venue.mark_price(symbol) or 0) // SUBTICKS
        self.it.do(
            BlockTrade(
                at=self.it.now(),
                symbol=symbol,
                account=name,
                counterparty=HISTORY,
                side=self.random.choice(list(Side)),
                size=lots,
                price=max(1, mark + self.random.choice((-20, -1, 0, 1, 20))),
            )
        )

    def left(self, name: str, marks: dict[str, int]) -> Fraction:
        """Equity less maintenance margin by the naive model, as if at some other marks."""
        venue = self.it.venue
        priced = {s: Fraction(marks.get(s, venue.mark_price(s) or 0), SUBTICKS) for s in MARKETS}
        own = self.rules.assets["COIN"]
        tiers = [(Fraction(t.floor), Fraction(t.ratio)) for t in own.tiers]
        haircuts = tuple(tiers) or ((Fraction(0), Fraction(own.ratio)),)
        assets = []
        for asset, unit in (("USD", CENT), ("COIN", MILLI)):
            gain = margin = Fraction(0)
            for p in self.positions(name, asset):
                mark = priced[p.instrument.symbol]
                value = -p.size / mark if asset == "COIN" else p.size * mark
                gain += value - p.cost * unit
                margin += abs(value) * TENTH
            dollars = asset == "USD"
            assets.append(
                naive.Asset(
                    balance=self.wallet(name, asset) * unit,
                    price=Fraction(1) if dollars else priced[own.market],
                    tiers=((Fraction(0), Fraction(1)),) if dollars else haircuts,
                    unrealised=gain,
                    margin=margin,
                )
            )
        rules = naive.Rules(
            spares_unrealised=self.rules.haircut is Haircut.BALANCE,
            losses_only=self.rules.unrealised is Gains.LOSSES,
            borrowing=Fraction(self.rules.borrow_maintenance),
        )
        return naive.equity(rules, assets) - naive.maintenance(rules, assets)

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


@pytest.mark.parametrize("seed", range(SEEDS))
def test_equity_and_margin_are_those_of_the_naive_model(seed: int) -> None:
    world = World(Random(seed))
    for _ in range(40):
        name = world.random.choice(world.names)
        world.trade(name)
        view = world.it.venue.unified_view(name)
        assert view is not None
        found = (view.equity - view.maintenance_margin) * CENT
        assert abs(found - world.left(name, {})) <= ROUNDING


WALKED: Counter[str] = Counter()
"""What happened in the sessions below."""


@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_account_is_liquidated_if_and_only_if_it_is_below_its_margin(seed: int) -> None:
    """Whichever mark moves: that of a position, of collateral, or of both at once."""
    world = World(Random(seed))
    random, venue = world.random, world.it.venue
    for turn in range(120):
        if turn % 3 == 0:
            world.trade(random.choice(world.names))
        symbol = random.choice(MARKETS)
        old = venue.mark_price(symbol) or 0
        price = max(30 * SUBTICKS, old + random.choice((-1500, -400, -40, -1, 1, 40, 400, 1500)))
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
        WALKED["owes"] += any(world.wallet(n, "USD") < 0 for n in world.names)


def test_those_sessions_walked_every_path() -> None:
    """After the others, in one process: else they would hold of an empty room."""
    if sum(WALKED.values()) == 0:
        pytest.skip("the sessions ran elsewhere")
    assert all(WALKED[path] for path in ("liquidated", "by its collateral", "repaid", "owes"))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_of_an_asset_never_counts_for_less(coins: int, more: int, price: int) -> None:
    """In tiers that end at nothing, too."""
    tiers = tuple((Fraction(f), Fraction(r, 10)) for f, r in ((0, 9), (500, 5), (5000, 0)))
    few = naive.Asset(Fraction(coins, 100), Fraction(price, 100), tiers)
    many = few._replace(balance=few.balance + Fraction(more, 100))

    rules = naive.Rules()
    assert naive.equity(rules, [few]) <= naive.equity(rules, [many])


# ----------------------------------------------------------------------------- plain cross


def apart(events: Iterable[Event]) -> list[Event]:
    """Without what only a unified account tells, and without the words of a refusal."""
    return [
        replace(event, detail="") if isinstance(event, CommandRejected) else event
        for event in events
        if not isinstance(event, AccountModeChanged | CollateralCounted)
    ]


@pytest.mark.parametrize("name", shipped())
def test_one_asset_that_counts_in_full_is_plain_cross_margin(name: str) -> None:
    """The same crisis, with every account unified and with none; nothing is isolated."""
    begun = 0
    for seed in range(2):
        book = replace(rulebook_of(name, 2), collateral=CollateralRules())
        begun += same_crisis(book, Random(seed))
    assert begun > 0


def same_crisis(book: Rulebook, random: Random) -> int:
    """Returns how many liquidations were the same."""
    only_dollars = CollateralRules(currency="USD")
    traffic, plain = Crisis(random, book), Venue(book)
    unified, begun = Venue(replace(book, collateral=only_dollars)), 0
    for command in traffic.commands(plain, 150):
        if isinstance(command, SetMarginMode | AdjustMargin):
            continue  # a bucket takes only money that is there
        expected = apart(plain.apply(command))
        found = unified.apply(command)
        if isinstance(command, Deposit) and command.account in TRADERS:
            mode = AccountMode.UNIFIED
            unified.apply(SetAccountMode(at=unified.now, account=command.account, mode=mode))
        assert apart(found) == expected
        begun += len(only(expected, LiquidationStarted))
    return begun

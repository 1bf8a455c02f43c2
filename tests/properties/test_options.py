"""Options in portfolio margin: against a model in floating point, and the monitor beside them."""

import math
import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    HISTORY,
    BlockTrade,
    LiquidationStarted,
    MarginMode,
    PassTime,
    SetMarginMode,
    Side,
    UpdateMarkPrice,
    UpdateVolatility,
)
from exchange.core.rules import (
    Contingency,
    GridRules,
    OptionRight,
    OptionRules,
    PortfolioRules,
)
from exchange.core.units import RATE_ONE, SECOND
from exchange.core.venue import Venue
from tests.stage import SUBTICKS, Stage, only, rulebook

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "6"))
DAY = 86_400 * SECOND
EXPIRY = "1970-02-20T00:00:00"
DAYS = 50
STRIKES = (80, 100, 120)
OPTIONS = {f"{right}{strike}": (right, strike) for right in OptionRight for strike in STRIKES}
SYMBOLS = ("BTC", *OPTIONS)
sizes = st.fixed_dictionaries({symbol: st.integers(-20, 20) for symbol in SYMBOLS})


def stage(options: OptionRules, *moves: str, names: tuple[str, ...] = ("ann",)) -> Stage:
    grid = GridRules(moves=moves, options=options)
    it = Stage(rulebook(portfolio=PortfolioRules(grid=grid)), symbols="BTC")
    it.mark("BTC", 100)
    for symbol, (right, strike) in OPTIONS.items():
        terms: dict[str, object] = {"right": right, "strike": str(strike), "on": "BTC"}
        it.enlist(symbol, expiry=EXPIRY, volatility="0.6", **terms)  # type: ignore[arg-type]
    for name in names:
        it.trader(name, deposit=20_000)
        mode = MarginMode.PORTFOLIO
        it.do(SetMarginMode(at=it.now(), account=name, symbol="BTC", mode=mode))
    return it


def worth(symbol: str, price: float, volatility: float) -> float:
    """By the formula in floating point; of a contract, its price."""
    if symbol not in OPTIONS:
        return price
    right, strike = OPTIONS[symbol]
    deviation = max(volatility, 1e-12) * math.sqrt(DAYS / 365)
    d = math.log(price / strike) / deviation + deviation / 2
    sign = 1 if right is OptionRight.CALL else -1

    def chance(x: float) -> float:
        return math.erfc(-x / math.sqrt(2)) / 2

    return sign * (price * chance(sign * d) - strike * chance(sign * (d - deviation)))


@given(sizes, st.integers(60, 140), st.sampled_from((0.2, 0.4, 0.9)))
def test_the_margin_is_that_of_a_model_in_floating_point(
    held: dict[str, int], price: int, base: float
) -> None:
    it = stage(OptionRules(volatility_base=str(base)), "0.05", "0.15")
    it.mark("BTC", price)
    for symbol, size in held.items():
        if size:
            it.hold("ann", symbol, size, max(1, round(worth(symbol, price, 0.6))))
    shock = base * math.sqrt(30 / DAYS)

    def loss(move: float, sign: int) -> float:
        now = sum(size * worth(s, price, 0.6) for s, size in held.items())
        moved, volatility = price * (1 + move), 0.6 * (1 + sign * shock)
        return now - sum(size * worth(s, moved, volatility) for s, size in held.items())

    moves = (-0.15, -0.05, 0, 0.05, 0.15)
    expected = max(loss(move, sign) for move in moves for sign in (-1, 0, 1))
    found = it.account("ann").maintenance_margin / 100
    assert max(0, expected) == pytest.approx(found, abs=0.01 * len(SYMBOLS))


def crowd(random: Random) -> tuple[Stage, tuple[str, ...]]:
    """Traders with options and contracts against each other, and little to spare."""
    names = tuple(f"t{number}" for number in range(5))
    rules = OptionRules(
        volatility_base="0.4",
        contingency=random.choice(("0", "0.01")),
        counted=random.choice(list(Contingency)),
    )
    it = stage(rules, "0.04", "0.12", names=names)
    for name in names:
        for symbol in SYMBOLS:
            if random.random() < 0.6:
                price = (it.venue.mark_price(symbol) or 0) // SUBTICKS or 1
                it.hold(name, symbol, random.choice((-1, 1)) * random.randint(1, 100), price)
        seen = it.account(name)
        spare = max(0, (seen.equity - seen.maintenance_margin) // 100 - random.randint(0, 60))
        lots = random.randint(1, 5)
        for side, paid in ((Side.BUY, 100 + spare // lots), (Side.SELL, 100)):
            trade = BlockTrade(
                at=it.now(),
                symbol="BTC",
                account=name,
                counterparty=HISTORY,
                side=side,
                size=lots,
                price=paid,
            )
            it.do(trade)
    return it, names


def failed(venue: Venue, marks: dict[str, int], name: str) -> bool:
    """By a look at the account itself, as it would stand."""
    seen = venue.account_view(name, "USD", marks)
    return bool(seen.positions) and seen.equity < seen.maintenance_margin


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_monitor_is_never_late_nor_early(seed: int) -> None:
    """At every mark of the underlying those are liquidated who fail, and nobody else."""
    random = Random(seed)
    it, names = crowd(random)
    venue, begun = it.venue, 0
    for _ in range(80):
        old = venue.mark_price("BTC") or 0
        price = max(SUBTICKS, old + random.choice((-300, -40, -7, -1, 1, 7, 40, 300)))
        expected = {name for name in names if failed(venue, {"BTC": price}, name)}
        # At the same moment: an option is worth less in the next one.
        events = it.do(UpdateMarkPrice(at=venue.now, symbol="BTC", price=price))
        started = {event.account for event in only(events, LiquidationStarted)}
        assert bool(expected) == bool(started)
        assert not any(failed(venue, {}, name) for name in names)
        begun += len(started)
    assert begun, "nobody failed, so that nothing was shown"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nobody_is_overlooked_as_days_pass_and_volatility_moves(seed: int) -> None:
    """The stage checks after every command that all are safe, until nothing is open."""
    random = Random(seed)
    it, names = crowd(random)
    begun = 0
    while it.at < 60 * DAY:
        volatility = random.randint(1, 200) * RATE_ONE // 100
        it.at += random.randint(1, 3 * DAY)
        symbol = random.choice(tuple(OPTIONS))
        events = it.do(PassTime(at=it.at))
        events += it.do(UpdateVolatility(at=it.at, symbol=symbol, volatility=volatility))
        events += it.mark("BTC", random.randint(80, 125))
        begun += len(only(events, LiquidationStarted))
        assert not any(failed(it.venue, {}, name) for name in names)
    assert begun, "nobody failed, so that nothing was shown"

"""Portfolio margin against a naive model, and what must hold of it whatever is held."""

import os
from fractions import Fraction
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.core.messages import (
    HISTORY,
    BlockTrade,
    LiquidationStarted,
    MarginMode,
    SetMarginMode,
    Side,
    UpdateMarkPrice,
)
from exchange.core.rules import CreditRules, GridRules, PortfolioRules
from exchange.core.venue import Venue
from tests.models.naive_portfolio import Holding, NaiveGrid, maintenance
from tests.stage import SUBTICKS, Stage, only, rulebook
from tests.traffic import Traffic

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "8"))
SEEDS_TRIED = 25
"""Of these each is known to liquidate somebody."""
CENT = Fraction(1, 100)
SYMBOLS = ("BTC", "BTC-JUN", "BTC-DEC", "ETH", "ETH-JUN", "SOL")
DAYS = {"BTC-JUN": 181, "ETH-JUN": 181, "BTC-DEC": 364}
EXPIRIES = {181: "1970-07-01T00:00:00", 364: "1970-12-31T00:00:00"}
FREE = GridRules(moves=("0.04", "0.12"))
"""Without anything that a hedge costs."""

rates = st.integers(0, 15).map(lambda percent: Fraction(percent, 100))
grids = st.builds(
    NaiveGrid,
    moves=st.lists(rates, min_size=1, max_size=3).map(tuple),
    extreme=st.sampled_from((Fraction(0), Fraction(3, 10))),
    share=st.just(Fraction(1, 3)),
    basis=rates,
    offset=rates.map(lambda rate: rate / 10),
    minimum=rates.map(lambda rate: rate / 5),
    rate=st.sampled_from((Fraction(0), Fraction(1, 10))),
)
"""The last is the tiers' rate, or nothing."""
credits_ = st.lists(
    st.tuples(
        st.sampled_from(("BTC", "ETH")), st.just("SOL"), st.integers(1, 30).map(Fraction)
    ).map(lambda row: (row[0], row[1], row[2] / 100)),
    max_size=2,
)
sizes = st.fixed_dictionaries({symbol: st.integers(-60, 60) for symbol in SYMBOLS})
prices = st.fixed_dictionaries({symbol: st.integers(50, 200) for symbol in SYMBOLS})


def written(grid: NaiveGrid) -> GridRules:
    return GridRules(
        moves=tuple(str(float(move)) for move in grid.moves),
        extreme_move=str(float(grid.extreme)),
        extreme_share="0.33333333",
        basis=str(float(grid.basis)),
        offset=str(float(grid.offset)),
        minimum=str(float(grid.minimum)),
        by_tiers=grid.rate > 0,
    )


def stage(rules: PortfolioRules, marks: dict[str, int]) -> Stage:
    it = Stage(rulebook(portfolio=rules), symbols="")
    for symbol in SYMBOLS:
        days = DAYS.get(symbol)
        it.enlist(symbol, expiry=EXPIRIES[days] if days else "")
        it.mark(symbol, marks[symbol])
    it.trader("ann", deposit=10**6)
    it.do(SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=MarginMode.PORTFOLIO))
    return it


def take(it: Stage, held: dict[str, int], marks: dict[str, int]) -> int:
    """Let ann trade so much at the marks; returns her maintenance margin in cents."""
    for symbol, size in held.items():
        if size:
            it.hold("ann", symbol, size, marks[symbol])
    found = it.account("ann").maintenance_margin
    assert sum(unit.margin for unit in it.venue.portfolio_view("ann", "USD")) == found
    return found


@given(grids, credits_, sizes, prices)
def test_the_margin_is_that_of_the_naive_model(
    grid: NaiveGrid,
    offered: list[tuple[str, str, Fraction]],
    held: dict[str, int],
    marks: dict[str, int],
) -> None:
    """But for roundings up, of at most a few cents for each position."""
    grid = grid._replace(share=Fraction(33333333, 10**8))
    rules = tuple(
        CreditRules(first=one, second=other, rate=str(float(rate))) for one, other, rate in offered
    )
    it = stage(PortfolioRules(grid=written(grid), credits=rules), marks)

    found = take(it, held, marks) * CENT

    holdings = [
        Holding(symbol[:3], symbol, size, Fraction(marks[symbol]), days=DAYS.get(symbol, 0))
        for symbol, size in held.items()
        if size
    ]
    expected = maintenance(grid, holdings, offered)
    assert expected <= found + CENT * len(SYMBOLS)
    assert found <= expected + 6 * CENT * len(SYMBOLS)


@given(sizes, prices)
def test_it_is_never_more_than_each_position_would_need_alone(
    held: dict[str, int], marks: dict[str, int]
) -> None:
    grid = GridRules(moves=("0.04", "0.12"), basis="0.05", minimum="0.005", offset="0.02")
    credit = CreditRules(first="BTC", second="ETH", rate="0.2")
    it = stage(PortfolioRules(grid=grid, credits=(credit,)), marks)

    together = take(it, held, marks)

    alone = sum(position.maintenance_margin for position in it.account("ann").positions)
    assert together <= alone


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 60), prices)
def test_more_of_a_hedge_never_needs_more(
    held: int, hedged: int, more: int, marks: dict[str, int]
) -> None:
    """As long as it is a hedge, and costs nothing itself."""
    assume((hedged + more) * marks["BTC-JUN"] <= held * marks["BTC"])
    it = stage(PortfolioRules(grid=FREE), marks)
    before = take(it, {"BTC": held, "BTC-JUN": -hedged}, marks)

    after = take(it, {"BTC-JUN": -more}, marks)

    assert after <= before


@given(sizes, prices)
def test_opposite_legs_in_one_contract_cancel(held: dict[str, int], marks: dict[str, int]) -> None:
    it = stage(PortfolioRules(grid=FREE), marks)
    take(it, held, marks)

    assert take(it, {symbol: -size for symbol, size in held.items()}, marks) == 0


@given(sizes, prices)
def test_the_other_way_round_needs_the_same(held: dict[str, int], marks: dict[str, int]) -> None:
    """Linear contracts lose by a rise what they win by a fall."""
    turned = {symbol: -size for symbol, size in held.items()}
    rules = PortfolioRules(grid=GridRules(moves=("0.1",), basis="0.05", offset="0.01"))

    one, other = stage(rules, marks), stage(rules, marks)

    assert abs(take(one, held, marks) - take(other, turned, marks)) <= len(SYMBOLS)


# ----------------------------------------------------------------------------- the monitor


class Crowd(NamedTuple):
    venue: Venue
    names: list[str]
    symbols: list[str]


def crowd(random: Random) -> Crowd:
    """Traders in portfolio margin with hedges that are more or less even, and little to spare."""
    grid = GridRules(
        moves=("0.04", "0.12"),
        extreme_move="0.3",
        extreme_share="0.5",
        basis=random.choice(("0", "0.1")),
        offset=random.choice(("0", "0.02")),
        minimum=random.choice(("0", "0.01")),
        by_tiers=random.random() < 0.3,
    )
    rules = PortfolioRules(
        grid=grid,
        credits=(
            CreditRules(first="BTC", second="ETH", rate="0.3"),
            CreditRules(first="ETH", second="SOL", rate="0.2"),
        ),
    )
    marks = dict.fromkeys(SYMBOLS, 100)
    it = stage(rules, marks)
    names = [f"t{number}" for number in range(6)]
    for name in names:
        it.trader(name, deposit=20_000)
        it.do(SetMarginMode(at=it.now(), account=name, symbol="BTC", mode=MarginMode.PORTFOLIO))
        for symbol in SYMBOLS:
            if random.random() < 0.7:
                it.hold(name, symbol, random.choice((-1, 1)) * random.randint(1, 150), 100)
    return Crowd(it.venue, names, list(SYMBOLS))


def draw_near(crowd: Crowd, random: Random) -> None:
    """Let some have little more than what they need, by trading at a bad price with history."""
    venue, at = crowd.venue, crowd.venue.now + 1
    for name in crowd.names:
        seen = venue.account_view(name, "USD")
        spare = (seen.equity - seen.maintenance_margin) // 100
        lots = random.randint(1, 5)
        price = 100 + max(0, spare - random.randint(0, 60)) // lots
        for side, paid in ((Side.BUY, price), (Side.SELL, 100)):
            venue.apply(
                BlockTrade(
                    at=at,
                    symbol="SOL",
                    account=name,
                    counterparty=HISTORY,
                    side=side,
                    size=lots,
                    price=paid,
                )
            )


def failed(venue: Venue, marks: dict[str, int], name: str) -> bool:
    """By a look at the account itself, as it would stand."""
    seen = venue.account_view(name, "USD", marks)
    return bool(seen.positions) and seen.equity < seen.maintenance_margin


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_monitor_is_never_late_nor_early(seed: int) -> None:
    """At every mark those are liquidated who fail, and nobody else; each mark moves by itself."""
    random = Random(seed)
    one = crowd(random)
    draw_near(one, random)
    venue, begun = one.venue, 0
    for _ in range(150):
        symbol = random.choice(one.symbols)
        old = venue.mark_price(symbol) or 0
        step = random.choice((-300, -40, -7, -1, 1, 7, 40, 300))
        price = max(SUBTICKS, old + step)
        expected = {name for name in one.names if failed(venue, {symbol: price}, name)}

        events = venue.apply(UpdateMarkPrice(at=venue.now + 1, symbol=symbol, price=price))
        venue.check()

        started = {event.account for event in only(events, LiquidationStarted)}
        # Who is deleveraged may come to fail, or be saved, before anybody looks.
        assert bool(expected) == bool(started)
        assert not any(failed(venue, {}, name) for name in one.names)
        begun += len(started)
    assert begun or seed >= SEEDS_TRIED, "nobody failed, so that nothing was shown"


def test_the_traffic_has_portfolios() -> None:
    """Else the properties of the whole venue would say nothing of them."""
    liquidated = 0
    for seed in range(12):
        traffic = Traffic(Random(seed))
        venue = Venue(traffic.rulebook)
        for command in traffic.commands(venue, 300):
            started = only(venue.apply(command), LiquidationStarted)
            liquidated += sum(event.mode is MarginMode.PORTFOLIO for event in started)
    assert liquidated, "no portfolio was liquidated"

"""The market maker earns the spread, and leans against what it has to hold."""

from exchange.core.messages import OrderAccepted, Side
from strategies.gallery.market_maker import MarketMaker
from tests.day import Day
from tests.played import played

TERMS = {
    "symbol": "BTC",
    "size": "10",
    "inventory_max": "20",
    "half_spread_ticks": 2,
    "skew_ticks": 4,
    "requote_ticks": 0,
}


def quotes(day: Day) -> list[tuple[int, int, int]]:
    """What it quoted: (ms, price, size), asks below zero."""
    return [
        (o.at // 1_000_000, o.price or 0, o.size if o.side is Side.BUY else -o.size)
        for o in day.only(OrderAccepted, "maker")
    ]


def test_it_quotes_around_the_middle_of_the_others_and_follows_it() -> None:
    """90 / 110 is quoted 98 / 102; when they bid 99 and ask 115, 105 / 109."""
    day = Day().mark(0, 100).book(0, 90, 110).book(5, 99, 115).client("maker", MarketMaker, **TERMS)

    day.run()

    assert quotes(day) == [(0, 98, 10), (0, 102, -10), (5, 109, -10), (5, 105, 10)]


def test_what_it_bought_low_it_sells_high() -> None:
    """Bought at 98, both quotes lean 2 ticks down, and sold at 100: 20 dollars, no position."""
    day = Day().mark(0, 100).book(0, 90, 110).trade(5, -10, 98).trade(15, 10, 100)
    day.client("maker", MarketMaker, **TERMS)

    day.run()

    assert day.position("maker") == 0
    assert day.account("maker").wallet == (10_000 + 20) * 100


def test_its_inventory_moves_both_quotes_against_itself() -> None:
    """Half full and long: both quotes are 2 of the 4 ticks lower."""
    day = Day().mark(0, 100).book(0, 90, 110).trade(5, -10, 98)
    day.client("maker", MarketMaker, **TERMS)

    day.run()

    assert day.position("maker") == 10
    assert [o.price for o in day.account("maker").orders] == [96, 100]


def test_it_never_holds_more_than_it_said() -> None:
    day = Day().mark(0, 100)
    for ms in range(0, 60, 10):
        day.book(ms, 90, 110).trade(ms + 5, -100, 91)
    day.client("maker", MarketMaker, **TERMS)

    day.run()

    assert day.position("maker") == 20
    assert [o.side for o in day.account("maker").orders] == [Side.SELL]


def test_it_only_makes() -> None:
    """In a market one tick wide its quotes stay behind the touch."""
    day = (
        Day()
        .mark(0, 100)
        .book(0, 100, 101)
        .client("maker", MarketMaker, **(TERMS | {"half_spread_ticks": 0}))
    )

    day.run()

    assert day.fills("maker") == []
    assert [o.price for o in day.account("maker").orders] == [100, 101]


def test_it_earns_the_spread_of_a_quiet_market() -> None:
    run = played("gallery/market-maker")

    assert run.total("maker") > 100_000
    assert max(abs(lots) for lots in run.positions("maker")) <= 2_000
    assert len(run.positions("maker")) > 100

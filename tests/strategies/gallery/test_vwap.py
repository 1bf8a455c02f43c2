"""VWAP: slices by the market's volume, and so near its volume-weighted average price."""

from fractions import Fraction

from exchange.core.messages import Side, Traded
from strategies.gallery.vwap import Vwap
from tests.day import Day
from tests.played import Played, played


def test_the_slices_have_the_profile() -> None:
    day = Day().mark(0, 100)
    for ms in range(0, 6_000, 500):
        day.book(ms, 100, 101)
    terms = {"symbol": "BTC", "side": "buy", "size": "40", "seconds": 3, "wait_seconds": 1}

    day.client("buyer", Vwap, profile=[1, 2, 1], **terms).run()

    assert day.fills("buyer") == [(1_000, 10, 101), (2_000, 20, 101), (3_000, 10, 101)]


def test_it_comes_nearer_to_the_markets_average_than_equal_slices_do() -> None:
    by_volume, equal = played("gallery/vwap"), played("gallery/vwap", profile=(1,) * 10)

    def distance(played: Played) -> Fraction:
        trades = [t for t in played.only(Traded) if t.kind.value == "book"]
        market = Fraction(sum(t.price * t.size for t in trades), sum(t.size for t in trades))
        return abs(played.average_price("seller", Side.SELL) - market)

    assert distance(by_volume) < distance(equal)
    assert by_volume.position("seller") == 0

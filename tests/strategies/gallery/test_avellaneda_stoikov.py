"""Avellaneda and Stoikov: wider where it moves more, and around a price it is indifferent at."""

from fractions import Fraction

import pytest

from strategies.gallery.avellaneda_stoikov import AvellanedaStoikov, edge
from tests.day import Day
from tests.played import Played, played

TERMS = {
    "symbol": "BTC",
    "size": "10",
    "inventory_max": "50",
    "gamma": "0.1",
    "kappa": "0.5",
    "horizon_seconds": 2,
    "window_seconds": 1,
    "requote_ticks": 0,
}


def asks_and_bids(day: Day) -> list[int]:
    return sorted(order.price for order in day.account("maker").orders)


def test_the_edge_is_that_of_the_paper() -> None:
    """ln(1 + 0.1 / 1.5) / 0.1, the figures of its section 3.3."""
    assert float(edge(Fraction(1, 10), Fraction(3, 2))) == pytest.approx(0.64538521, abs=1e-8)


def test_without_movement_it_asks_for_its_edge_only() -> None:
    """ln(1.2) / 0.1 is 1.82: in whole ticks, 98 and 102 around 100."""
    day = Day().mark(0, 100).book(0, 90, 110).client("maker", AvellanedaStoikov, **TERMS).run()

    assert asks_and_bids(day) == [98, 102]


def test_it_quotes_wider_when_the_market_has_moved() -> None:
    """The middle moves by 10 in a second: half of 0.1 x 100 x 2 on top, 11.82 to each side."""
    day = Day().mark(0, 100).book(500, 80, 120).book(1_500, 90, 130).book(2_500, 91, 131)
    day.client("maker", AvellanedaStoikov, **TERMS)

    day.run()

    # From 111 on: 99.18 and 122.82.
    assert asks_and_bids(day) == [99, 123]


def test_what_it_holds_moves_the_price_that_it_is_indifferent_at() -> None:
    """Long one quote's worth at a variance of 100: 0.1 x 100 x 2 = 20 lower."""
    day = Day().mark(0, 100).book(500, 80, 120).trade(600, -10, 97)
    day.book(1_500, 90, 130).book(2_500, 91, 131).client("maker", AvellanedaStoikov, **TERMS)

    day.run()

    assert day.position("maker") == 10
    # 91 instead of 111, less 11.82, and plus 11.82.
    assert asks_and_bids(day) == [79, 103]


def test_it_earns_the_spread_and_holds_less_the_more_it_minds() -> None:
    timid = played("gallery/avellaneda-stoikov")
    bold = played("gallery/avellaneda-stoikov", gamma="0.0001")

    assert timid.total("maker") > 100_000
    assert average_size(timid) * 2 < average_size(bold)


def average_size(played: Played) -> Fraction:
    held = played.positions("maker")
    return Fraction(sum(abs(lots) for lots in held), len(held))

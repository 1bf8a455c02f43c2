"""The capital experiment: the venue's answers against formulas, and what the table must show."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from statistics import correlation, stdev

import pytest

from exchange.core.messages import MarginMode
from exchange.core.units import ceil_div
from tools.experiments.capital import BOOKS, TO_THE_UNIT, Book, Pair, pair_of, random_paths
from tools.experiments.capital_cells import SCENARIO, Asked, Cell, cell, square
from tools.experiments.capital_report import money_table, needs_table
from tools.experiments.prices import Prices, correlated, quantile, straight
from tools.experiments.stakes import Leg, Stake, Wanted, fates, narrowed, rungs, smallest_deposits
from tools.scenario import ScenarioError

HEDGE = BOOKS[2]
BOTH_LONG = BOOKS[-1]
MOVE = Fraction(6, 100)
SHORT = 60
"""Steps of a path here."""
TAKER = Fraction(5, 10_000)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return pair_of(SCENARIO)


def needed(pair: Pair, legs: tuple[Leg, ...], path: Prices) -> int:
    """What the legs need together, by the formula, in units of money.

    Deposit - fees + PnL >= maintenance margin at every mark, and initial margin and fees at first.
    """
    instruments = list(pair.run.instruments.values())
    own = [(instruments[[i.symbol for i in instruments].index(leg.symbol)], leg) for leg in legs]
    places = [instruments.index(instrument) for instrument, _ in own]
    entries = [path[0][p] + (leg.size > 0) for p, (_, leg) in zip(places, own, strict=True)]
    values = [i.value(price, leg.size) for price, (i, leg) in zip(entries, own, strict=True)]
    fees = sum(ceil_div(abs(value) * TAKER.numerator, TAKER.denominator) for value in values)
    begin = fees
    for place, value, (instrument, leg) in zip(places, values, own, strict=True):
        asked = abs(instrument.value(path[0][place] + 1, leg.size))
        begin += ceil_div(abs(value), instrument.tiers.leverage_max(asked))
    worst = 0
    for prices in told(path):
        marks = [prices[p] * i.subticks for p, (i, _) in zip(places, own, strict=True)]
        worst = max(
            worst,
            sum(
                i.maintenance(mark, leg.size, value) - i.unrealised_pnl(mark, leg.size, value)
                for mark, value, (i, leg) in zip(marks, values, own, strict=True)
            ),
        )
    return max(begin, fees + worst)


def told(path: Prices) -> Iterator[tuple[int, ...]]:
    """What the venue hears, mark by mark: the first coin's, then the second one's."""
    yield path[0]
    for before, now in pairwise(path):
        yield now[0], before[1]
        yield now


@pytest.mark.parametrize("book", [BOOKS[0], HEDGE, BOOKS[5], BOTH_LONG], ids=lambda book: book.name)
def test_the_smallest_deposit_is_the_one_of_the_formula(pair: Pair, book: Book) -> None:
    step = pair.leg_notional(0) // TO_THE_UNIT
    legs = pair.held(book)
    for path in random_paths(pair, 3 * MOVE, book, 3, SHORT):
        wanted = [Wanted(legs, MarginMode.CROSS)]
        wanted += [Wanted((leg,), MarginMode.ISOLATED) for leg in legs]

        found = smallest_deposits(pair.market(path), wanted, pair.leg_notional(0), step)

        by_formula = [needed(pair, one.legs, path) for one in wanted]
        assert found == [ceil_div(money, step) * step for money in by_formula]


def test_a_step_less_is_not_enough(pair: Pair) -> None:
    step = pair.leg_notional(0) // TO_THE_UNIT
    legs = pair.held(HEDGE)
    market = pair.market(next(random_paths(pair, MOVE, HEDGE, 1, SHORT)))
    (least,) = smallest_deposits(market, [Wanted(legs, MarginMode.CROSS)], 10 * step, step)

    less, enough = fates(market, [Stake(legs, MarginMode.CROSS, m) for m in (least - step, least)])

    assert (less.survived, enough.survived) == (False, True)


def test_stakes_do_not_touch_each_other(pair: Pair) -> None:
    market = pair.market(next(random_paths(pair, MOVE, HEDGE, 1, SHORT)))
    legs, money = pair.held(HEDGE), pair.notional // 40
    stakes = [Stake(legs, mode, money * n) for mode in MarginMode for n in (1, 2, 3)]

    together = fates(market, stakes)

    assert together == [fates(market, [stake])[0] for stake in stakes]


def test_a_portfolio_needs_its_initial_margin_and_no_more_for_a_half_of_it(pair: Pair) -> None:
    """The grid's worst is 15 % of each leg, 7,500, of which half comes off for the other; x 1.3.

    With 50 of fees, and the tick that a leg is bought above its mark, in steps of 10.
    """
    still: Prices = [pair.start] * 3
    step = pair.leg_notional(0) // TO_THE_UNIT
    wanted = [Wanted(pair.held(HEDGE), MarginMode.PORTFOLIO)]

    (found,) = smallest_deposits(pair.market(still), wanted, pair.leg_notional(0), step)

    assert found * pair.money_unit == 9_750 + 50 + 10


# ------------------------------------------------------------------------- what it shows


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, Fraction], Cell]:
    asked = [Asked(SCENARIO, book, MOVE, 8, SHORT) for book in BOOKS]
    return {(one.book.name, one.book.correlation): cell(one) for one in asked}


def test_there_is_a_figure_under_every_heading(found: dict[tuple[str, Fraction], Cell]) -> None:
    for table in (needs_table(list(found.values())), money_table(list(found.values()))):
        for column in table.columns:
            assert all(map(str, column.cells)), column.header


def test_cross_never_needs_more_than_isolated(found: dict[tuple[str, Fraction], Cell]) -> None:
    needs = [need for one in found.values() for need in one.needs.values()]

    assert all(need.cross <= need.isolated for need in needs)


def test_the_better_the_hedge_the_more_is_saved(found: dict[tuple[str, Fraction], Cell]) -> None:
    saved = [one.needs["median"].saved for one in found.values()]

    assert saved == sorted(saved, reverse=True)


def test_a_good_hedge_saves_more_than_half_and_like_sides_nothing(
    found: dict[tuple[str, Fraction], Cell],
) -> None:
    assert found["hedge", Fraction(95, 100)].needs["95 %"].saved > Fraction(1, 2)
    assert found["both long", Fraction(87, 100)].needs["95 %"].saved < Fraction(1, 20)


def test_pooling_two_longs_can_end_worse(found: dict[tuple[str, Fraction], Cell]) -> None:
    assert found["both long", Fraction(87, 100)].cross_worse > 0


def test_contagion_the_losing_leg_takes_the_other_ones_money(pair: Pair) -> None:
    one = square((SCENARIO, HEDGE, (Fraction(-10, 100), Fraction(0))))

    short_fee = TAKER * pair.leg_notional(1) * pair.money_unit
    assert one.cross_left == 0
    assert one.isolated_left > one.deposit / 2 - 2 * short_fee


def test_a_hedge_that_holds_needs_no_more_than_to_begin_with() -> None:
    one = square((SCENARIO, HEDGE, (Fraction(-10, 100), Fraction(-10, 100))))

    assert one.cross < one.isolated / 5
    assert one.cross_left > one.deposit * Fraction(95, 100)


# ------------------------------------------------------------------------------- pieces


def test_paths_have_the_move_and_the_correlation_that_is_stated() -> None:
    paths = [
        correlated((500_000, 250_000), Fraction(4, 100), Fraction(7, 10), 20, f"test {number}")
        for number in range(800)
    ]

    first, second = ([path[-1][coin] / path[0][coin] - 1 for path in paths] for coin in (0, 1))
    assert stdev(first) == pytest.approx(0.04, rel=0.1)
    assert stdev(second) == pytest.approx(0.04, rel=0.1)
    assert correlation(first, second) == pytest.approx(0.7, abs=3 / sqrt(800))


def test_a_correlation_of_one_is_one_path() -> None:
    path = correlated((500_000, 500_000), Fraction(4, 100), Fraction(1), 50, "test")

    assert all(first == second for first, second in path)


def test_a_seed_is_a_path() -> None:
    one, same, other = (
        correlated((500_000, 250_000), Fraction(4, 100), Fraction(0), 20, seed)
        for seed in ("a", "a", "b")
    )

    assert one == same
    assert one != other


def test_straight_moves_end_where_they_are_said_to() -> None:
    path = straight((1000, 500), (Fraction(-1, 10), Fraction(1, 5)), 50)

    assert (path[0], path[25], path[50]) == ((1000, 500), (950, 550), (900, 600))


def test_a_ladder_narrows_its_bracket() -> None:
    assert rungs(0, 100) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert rungs(7, 9) == [8, 9]
    assert narrowed(0, [10, 20, 30], [False, True, True]) == (10, 20)
    assert narrowed(0, [10, 20, 30], [True, True, True]) == (0, 10)
    assert narrowed(0, [10, 20, 30], [False, False, False]) == (30, 60)


def test_survival_that_more_money_ends_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="not monotone"):
        narrowed(0, [10, 20], [True, False])


def test_quantiles_are_values_that_occurred() -> None:
    assert [quantile([4, 1, 3, 2], Fraction(share, 100)) for share in (50, 51, 95, 100)] == [
        2,
        3,
        4,
        4,
    ]


def test_a_scenario_without_a_pair_is_refused() -> None:
    with pytest.raises(ScenarioError, match="a position in each of two instruments"):
        pair_of("seeds/boundary")

"""The mark price: the median of three, so that no single trade can move it far."""

import pytest

from exchange.core.mark import MarkModel
from exchange.core.messages import (
    ComputeMarkPrice,
    IndexPriceChanged,
    MarkPriceChanged,
    Reject,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.policies import MarkInput
from exchange.core.rules import MarkRules
from exchange.core.units import SECOND, UnitError
from tests.stage import SUBTICKS, Stage, only, rulebook

INDEX = 60_000_00
PERCENT = 1_000_000


def model(samples: int = 3, stale_after: int = 0, **others) -> MarkModel:
    rules = {"basis_samples": samples, "stale_after_seconds": str(stale_after // SECOND)}
    made = MarkModel(MarkRules(**(rules | others)))
    made.index = INDEX
    return made


def test_without_basis_and_trades_the_mark_is_the_index() -> None:
    assert model().price(0, None) == INDEX


def test_the_basis_is_the_middle_of_the_best_quotes_over_the_index() -> None:
    made = model()
    made.sample(60_010, 60_021, SUBTICKS)

    assert made.price(0, None) == INDEX + 15_50
    assert made.price(0, INDEX + 99_00) == INDEX + 15_50


def test_the_basis_is_averaged_over_the_latest_samples() -> None:
    made = model(samples=2)
    made.rate, made.interval, made.next_at = PERCENT, SECOND, SECOND
    for bid in (99_999, 60_010, 60_030):
        made.sample(bid, bid, SUBTICKS)

    assert made.price(0, None) == INDEX + 20_00


def test_a_one_sided_book_says_nothing() -> None:
    made = model()
    made.sample(60_010, 0, SUBTICKS)
    made.sample(0, 60_010, SUBTICKS)

    assert not made.basis


@pytest.mark.parametrize(
    ("now", "price"),
    [
        (0, 60_600_00),  # all of the interval, and 1% of the index, are still to come
        (4 * SECOND, 60_300_00),
        (8 * SECOND, 60_000_00),
        (9 * SECOND, 60_000_00),  # the time has passed, and nothing is to come
    ],
)
def test_funding_still_to_come_moves_the_first_price(now: int, price: int) -> None:
    made = model()
    made.rate, made.interval, made.next_at = PERCENT, 8 * SECOND, 8 * SECOND
    made.sample(61_000, 61_000, SUBTICKS)

    assert made.price(now, 1) == min(price, INDEX + 1_000_00)


def test_no_more_than_a_whole_interval_is_to_come() -> None:
    made = model()
    made.rate, made.interval, made.next_at = PERCENT, SECOND, 100 * SECOND
    made.sample(61_000, 61_000, SUBTICKS)

    assert made.price(0, 99_999_00) == 61_000_00
    assert made.price(0, 60_700_00) == 60_700_00
    assert made.price(0, 1) == 60_600_00


def test_a_single_trade_far_away_changes_nothing() -> None:
    made = model()
    made.sample(60_010, 60_010, SUBTICKS)

    assert made.price(0, 90_000_00) == INDEX + 10_00
    assert made.price(0, 1) == INDEX


@pytest.mark.parametrize(("middle", "mark"), [(60_500, 60_500), (61_000, 60_600), (50_000, 59_400)])
def test_a_premium_beyond_its_bound_is_cut(middle: int, mark: int) -> None:
    made = model(inputs=(MarkInput.INDEX_WITH_BASIS,), premium_max="0.01")
    made.sample(middle, middle, SUBTICKS)

    assert made.price(0, None) == mark * SUBTICKS


def test_an_index_goes_stale() -> None:
    made = model(stale_after=SECOND)

    assert not made.is_stale(SECOND)
    assert made.is_stale(SECOND + 1)
    assert not model().is_stale(10**6 * SECOND), "unless the rulebook says that it never does"
    assert MarkModel(MarkRules()).is_stale(0), "none at all is as good as stale"


def test_the_past_fades_in_a_moving_average() -> None:
    """A sample each second moves it by a quarter of its distance: 16, then 12, then 9."""
    made = model(inputs=(MarkInput.INDEX_WITH_BASIS_EMA,), ema_seconds="3")
    found = []
    for basis in (16, 0, 0):
        made.sample(60_000 + basis, 60_000 + basis, SUBTICKS)
        found.append(made.price(0, None) - INDEX)

    assert found == [16_00, 12_00, 9_00]


def test_the_book_speaks_by_its_median() -> None:
    """Within the quotes the last price, else the nearer quote; without all three, the index."""
    made = model(inputs=(MarkInput.BOOK,))
    made.sample(60_010, 60_020, SUBTICKS)

    assert [made.price(0, p * SUBTICKS) for p in (60_015, 60_001, 60_099)] == [
        60_015_00,
        60_010_00,
        60_020_00,
    ]
    assert made.price(0, None) == INDEX


def test_a_median_needs_an_odd_number() -> None:
    with pytest.raises(UnitError, match=r"mark\.inputs were 2, expected an odd number"):
        model(inputs=(MarkInput.INDEX, MarkInput.LAST))


# ---------------------------------------------------------------------- in the venue


def test_the_clocks_command_makes_the_mark_from_the_book() -> None:
    it = Stage()
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))
    it.show("BTC", bids={101: 1}, asks={103: 1})
    it.do(UpdateFundingRate(at=it.now(), symbol="BTC", rate=5 * PERCENT, next_at=99, interval=1))

    (changed,) = only(it.do(ComputeMarkPrice(at=it.now(), symbol="BTC")), MarkPriceChanged)

    assert changed.price == 102 * SUBTICKS
    assert it.venue.mark_price("BTC") == 102 * SUBTICKS


def test_a_stale_index_makes_no_mark() -> None:
    it = Stage(rulebook(mark=MarkRules(stale_after_seconds="1")))
    it.do(UpdateIndexPrice(at=0, symbol="BTC", price=100 * SUBTICKS))
    it.at = 2 * SECOND

    assert it.refusal(ComputeMarkPrice(at=it.now(), symbol="BTC")) is Reject.NO_INDEX_PRICE
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))
    assert only(it.do(ComputeMarkPrice(at=it.now(), symbol="BTC")), MarkPriceChanged)


def test_what_does_not_change_is_not_told() -> None:
    it = Stage()
    it.mark("BTC", 100)

    assert not it.mark("BTC", 100)
    index = UpdateIndexPrice(at=it.now(), symbol="BTC", price=5)
    assert only(it.do(index), IndexPriceChanged)
    assert not it.do(index)


@pytest.mark.parametrize("price", [0, -1])
def test_a_price_is_more_than_nothing(price: int) -> None:
    it = Stage()

    for kind in (UpdateMarkPrice, UpdateIndexPrice):
        command = kind(at=it.now(), symbol="BTC", price=price)
        assert it.refusal(command) is Reject.PRICE_NOT_POSITIVE


def test_there_is_no_mark_before_the_first() -> None:
    assert Stage().venue.mark_price("BTC") is None

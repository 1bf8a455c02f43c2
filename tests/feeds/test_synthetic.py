"""A synthetic market: through the published figures, and the same for the same seed."""

from fractions import Fraction
from itertools import groupby, pairwise

import pytest
from msgspec.structs import replace

from exchange.core.messages import RecordedTrade, UpdateDepth, UpdateIndexPrice
from feeds.bridge import Minute, bell, seeded
from feeds.synthetic import Follow, Synthetic, SyntheticMarket
from feeds.synthetic_book import BookLaw
from tests.feeds.tape import BTC, instrument, items

MINUTES = (
    Minute(time="00:00", open="100", high="101", low="99", close="100.5", volume="50"),
    Minute(
        time="00:03", open="100.5", high="100.5", low="90", close="92", volume="500", depth="0.1"
    ),
)
MARKET = SyntheticMarket(
    seed=7,
    day="2025-10-10",
    minutes=MINUTES,
    book=BookLaw(depth="20", reach="0.05"),
    trades_per_step="2",
)
MINUTE = 60 * 10**9


def path(market: SyntheticMarket = MARKET):
    return [item for item in items(Synthetic(BTC, market)) if isinstance(item, UpdateIndexPrice)]


def test_one_seed_is_one_market() -> None:
    assert items(Synthetic(BTC, MARKET)) == items(Synthetic(BTC, MARKET))
    assert items(Synthetic(BTC, MARKET)) != items(Synthetic(BTC, replace(MARKET, seed=8)))


def test_a_published_minute_has_its_open_high_low_and_close() -> None:
    prices = path()
    begin = prices[0].at
    for number, minute in ((0, MINUTES[0]), (3, MINUTES[1])):
        at = begin + number * MINUTE
        inside = [item.price for item in prices if at <= item.at < at + MINUTE]

        figures = (inside[0], max(inside), min(inside), inside[-1])
        expected = (minute.open, minute.high, minute.low, minute.close)
        assert [Fraction(figure, 10**8) for figure in figures] == [Fraction(x) for x in expected]


def test_missing_minutes_are_bridged_within_the_range_of_their_neighbours() -> None:
    prices = path()
    times = [item.at for item in prices]

    assert len(times) == 4 * 60
    assert {later - at for at, later in pairwise(times)} == {10**9}
    assert all(90 * 10**8 <= item.price <= 101 * 10**8 for item in prices)


def test_the_book_surrounds_the_index_and_never_crosses() -> None:
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    index = 0
    for item in items(Synthetic(BTC, MARKET)):
        if isinstance(item, UpdateIndexPrice):
            index = item.price
        if isinstance(item, UpdateDepth):
            for side, rows in ((bids, item.bids), (asks, item.asks)):
                side.update(rows)
                for price in [price for price, size in side.items() if not size]:
                    del side[price]
            assert max(bids) < min(asks)
            assert abs(max(bids) * 10**7 - index) <= 2 * 10**7


def test_depth_follows_the_minutes() -> None:
    def held(items_of_a_moment: list) -> int:  # type: ignore[type-arg]
        return sum(size for item in items_of_a_moment for _, size in item.bids)

    market = replace(MARKET, book=BookLaw(depth="20", reach="0.05", refresh="1"))
    depths = [item for item in items(Synthetic(BTC, market)) if isinstance(item, UpdateDepth)]
    moments = [list(group) for _, group in groupby(depths, lambda item: item.at)]

    assert held(moments[-1]) < held(moments[0]) / 5


def test_trades_make_up_their_share_of_the_volume() -> None:
    market = replace(MARKET, minutes=MINUTES[:1], traded_share="0.5")
    traded = sum(
        item.size for item in items(Synthetic(BTC, market)) if isinstance(item, RecordedTrade)
    )

    assert 20_000 < traded < 30_000, "about half of 50, in lots of 0.001"


def test_a_second_market_follows_the_first_with_its_beta() -> None:
    follow = replace(MARKET, follow=Follow(start="4000", beta="2", noise="0"))
    ether = instrument("ETHUSDT", "0.01")

    leader = [item.price for item in path()]
    follower = [
        item.price for item in items(Synthetic(ether, follow)) if isinstance(item, UpdateIndexPrice)
    ]

    expected = [4000 * 10**8 + 4000 * 2 * (price - leader[0]) // 100 for price in leader]
    assert all(abs(one - other) <= 1 for one, other in zip(follower, expected, strict=True))


def test_a_bell_has_mean_0_and_the_stated_deviation() -> None:
    random = seeded(1)
    drawn = [bell(random) for _ in range(20_000)]

    assert abs(sum(drawn)) / 20_000 < 1_500
    assert 64_500 < (sum(x * x for x in drawn) / 20_000) ** 0.5 < 66_500


@pytest.mark.parametrize(
    ("minute", "error"),
    [
        ({"high": "99.9"}, "minute 00:00: open and close must lie between low and high"),
        ({"low": "0", "open": "0"}, "minute 00:00: open and close must lie between low and high"),
        ({"volume": "-1"}, "minute 00:00: volume and depth must be 0 or more"),
        ({"open": "x"}, "minute 00:00 open was 'x', expected a decimal number"),
        ({"time": "25:00"}, "minute was '2025-10-10T25:00', expected a UTC minute such as 21:13"),
        ({"time": "00:00:30"}, "minute was '2025-10-10T00:00:30', expected a whole minute in UTC"),
        ({"time": "00:09"}, "minute 00:03 does not come after minute 00:09"),
    ],
)
def test_figures_that_make_no_market_are_refused(minute: dict[str, str], error: str) -> None:
    minutes = (replace(MINUTES[0], **minute), MINUTES[1])

    with pytest.raises(ValueError, match=error):
        Synthetic(BTC, replace(MARKET, minutes=minutes))

"""Many feeds as one: by time, then turn, then the feeds' own order."""

import pytest

from exchange.core.messages import RecordedTrade, Side, UpdateIndexPrice
from exchange.feed import FeedItem
from feeds import Merge, PricePath, TickFileError
from feeds.source import BATCH
from tests.feeds.tape import items


def trade(at: int, symbol: str = "BTC") -> FeedItem:
    return RecordedTrade(at=at, symbol=symbol, side=Side.BUY, price=1, size=1)


def index(at: int) -> FeedItem:
    return UpdateIndexPrice(at=at, symbol="BTC", price=1)


def test_feeds_are_merged_by_time() -> None:
    merged = Merge(PricePath([trade(1), trade(4)]), PricePath([trade(2), trade(3)]))

    assert [item.at for item in items(merged)] == [1, 2, 3, 4]


def test_at_equal_times_an_index_comes_before_a_trade_of_any_feed() -> None:
    assert items(Merge(PricePath([trade(1)]), PricePath([index(1)]))) == [index(1), trade(1)]


def test_after_that_the_first_feed_goes_first() -> None:
    merged = Merge(PricePath([trade(1, "A"), trade(1, "B")]), PricePath([trade(1, "C")]))

    assert [item.symbol for item in items(merged)] == ["A", "B", "C"]


def test_a_feeds_own_items_never_change_places() -> None:
    own = [trade(1), index(1)]

    assert items(Merge(PricePath(own), PricePath([]))) == own


def test_long_feeds_come_in_batches_and_nothing_is_lost() -> None:
    feeds = [PricePath([trade(at * 3 + n) for at in range(2 * BATCH)]) for n in range(3)]
    merged = Merge(*feeds)

    assert [item.at for item in items(merged)] == list(range(6 * BATCH))
    assert merged.position == merged.size == 6 * BATCH


class Breaking(PricePath):
    """A feed that ends in an error."""

    async def __aiter__(self):
        yield [trade(2)]
        raise TickFileError("torn")


async def test_an_error_of_one_comes_after_everything_before_it() -> None:
    seen: list[int] = []

    async def collect() -> None:
        async for batch in Merge(PricePath([trade(1), trade(3)]), Breaking([])):
            seen.extend(item.at for item in batch)

    with pytest.raises(TickFileError, match="torn"):
        await collect()
    assert seen == [1, 2]


def test_a_path_that_goes_back_in_time_is_refused() -> None:
    with pytest.raises(ValueError, match="steps: item 2 is at 1, before item 1 at 2"):
        PricePath([trade(2), trade(1)])

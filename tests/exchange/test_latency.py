"""What latency does to a client, in fills that can be worked out by hand.

The market of most tests: 100 / 101 from 0 ms, 110 / 111 from 10 ms, 120 / 121 from 20 ms.
"""

import pytest

from exchange.core.messages import OrderFilled, QuoteChanged
from strategies import Strategy
from tests.day import MS, Day, latency


class BuysAtOnce(Strategy):
    """Buys 5 lots at the market when it sees its first quote."""

    async def on_start(self) -> None:
        self.told: list[int] = []
        self.asked = False

    async def on_quote(self, quote: QuoteChanged) -> None:
        if not self.asked:
            self.asked = True
            await self.client.buy("BTC", 5)
            TOLD.append(("answer", self.client.now // MS))

    async def on_fill(self, fill: OrderFilled) -> None:
        TOLD.append(("fill", self.client.now // MS))


TOLD: list[tuple[str, int]] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    TOLD.clear()


def rising() -> Day:
    day = Day().mark(0, 100)
    for ms, bid in ((0, 100), (10, 110), (20, 120), (30, 130)):
        day.book(ms, bid, bid + 1)
    return day


BUYS = [
    # market data, entry: the quote of 0 ms is acted on at 0 + market data, and the order arrives
    # `entry` later, at the price that is there then.
    (0, 0, (0, 5, 101)),
    (9, 0, (9, 5, 101)),
    (0, 9, (9, 5, 101)),
    (4, 5, (9, 5, 101)),
    (0, 12, (12, 5, 111)),
    (6, 6, (12, 5, 111)),
    (12, 9, (21, 5, 121)),
    # At equal times history comes first: the order of 10 ms meets the book of 10 ms.
    (0, 10, (10, 5, 111)),
    (5, 5, (10, 5, 111)),
    (10, 10, (20, 5, 121)),
]


@pytest.mark.parametrize(("market_data", "entry", "fill"), BUYS)
def test_an_order_meets_the_market_of_its_arrival(
    market_data: int, entry: int, fill: tuple[int, int, int]
) -> None:
    day = rising().client("alice", BuysAtOnce)

    day.run(latency=latency(entry=entry, market_data=market_data))

    assert day.fills("alice") == [fill]


def test_the_answer_and_the_fill_come_back_after_the_response_latency() -> None:
    """Sent at 2 ms, filled at 2 + 3, known at 2 + 3 + 4."""
    day = rising().client("alice", BuysAtOnce)

    day.run(latency=latency(market_data=2, entry=3, response=4))

    assert day.fills("alice") == [(5, 5, 101)]
    assert TOLD == [("answer", 9), ("fill", 9)]


def test_without_latency_all_of_it_happens_at_one_moment() -> None:
    rising().client("alice", BuysAtOnce).run()

    assert TOLD == [("answer", 0), ("fill", 0)]


class JoinsTheBid(Strategy):
    """Bids for 30 lots at 100 when it sees its first quote."""

    async def on_start(self) -> None:
        self.asked = False

    async def on_quote(self, quote: QuoteChanged) -> None:
        if not self.asked:
            self.asked = True
            await self.client.buy("BTC", 30, 100, post_only=True)


@pytest.mark.parametrize(
    ("entry", "fills"),
    [
        # Behind 100 lots: 120 are sold, so 20 of them to the client.
        (0, [(20, 20, 100)]),
        # Behind 100 and the 50 that joined at 5 ms: nothing is left for the client.
        (8, []),
    ],
)
def test_who_comes_later_stands_further_back_in_the_queue(
    entry: int, fills: list[tuple[int, int, int]]
) -> None:
    day = Day().mark(0, 100).book(0, 100, 101, size=100).book(5, 100, 101, size=150)
    day.trade(20, -120, 100).client("alice", JoinsTheBid)

    day.run(latency=latency(entry=entry))

    assert day.fills("alice") == fills

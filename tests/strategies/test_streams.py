"""`async for` over what a client hears, beside the hooks."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from exchange.core.messages import LiquidationStarted, MarkPriceChanged, QuoteChanged
from strategies import Strategy, Stream
from strategies import streams as streams_module
from tests.day import MS, Day, latency

SEEN: list[Any] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    SEEN.clear()


def busy_day() -> Day:
    """Every ms a quote, a mark and a trade; 100 to 109."""
    day = Day()
    for ms in range(10):
        day.mark(ms, 100 + ms).book(ms, 100 + ms, 200).trade(ms, 1, 150)
    return day


def run(kind: type[Strategy], day: Day | None = None, **terms: Any) -> Day:
    day = (day or busy_day()).client("alice", kind).run(**terms)
    assert day.why_stopped("alice") == ""
    return day


def test_quotes_can_be_read_in_a_loop() -> None:
    class Reads(Strategy):
        async def on_start(self) -> None:
            async for quote in self.client.quotes("BTC"):
                SEEN.append((self.client.now // MS, quote.bid))
                if len(SEEN) == 3:
                    break
            SEEN.append("done")

    run(Reads, latency=latency(market_data=5))

    assert SEEN == [(5, 100), (6, 101), (7, 102), "done"]


def test_a_slow_reader_sees_the_latest_quote_and_every_trade() -> None:
    class Reads(Strategy):
        async def on_start(self) -> None:
            self.client.spawn(self.trades())
            async for quote in self.client.quotes("BTC"):
                SEEN.append(("quote", quote.bid))
                await self.client.sleep("0.004")

        async def trades(self) -> None:
            async for _ in self.client.trades("BTC"):
                SEEN.append(("trade", self.client.now // MS))
                await self.client.sleep("0.004")

    run(Reads, until=30)

    # It looks at 0, 4, 8 and 12 ms.  The second reader begins when the trade of 0 ms is over.
    assert [seen for seen in SEEN if seen[0] == "quote"] == [
        ("quote", 100),
        ("quote", 104),
        ("quote", 108),
        ("quote", 109),
    ]
    assert [at for what, at in SEEN if what == "trade"] == [1, 5, 9, 13, 17, 21, 25, 29]


async def note(stream: Stream[Any], what: Callable[[Any], object]) -> None:
    """Write down something of everything in a stream."""
    async for one in stream:
        see(what(one))


def see(what: object) -> None:
    SEEN.append(what)


def test_marks_books_fills_and_any_event_can_be_read() -> None:
    class Reads(Strategy):
        async def on_start(self) -> None:
            client = self.client
            client.spawn(note(client.marks("BTC"), lambda mark: mark.price))
            client.spawn(note(client.books("BTC"), lambda book: book.bids[:1]))
            client.spawn(note(client.fills(), lambda fill: f"filled {fill.size}"))
            client.spawn(note(client.events(LiquidationStarted), lambda event: event.account))
            await client.at(2 * MS)
            await client.buy("BTC", 60)

    run(Reads, Day(deposit=1_000).mark(0, 100).book(0, 100, 101).mark(9, 80))

    assert [s for s in SEEN if s in (10_000, ((100, 100),), "filled 60", 8_000, "alice")] == [
        10_000,
        ((100, 100),),
        "filled 60",
        ((100, 100),),
        8_000,
        "alice",
        "filled 60",
    ]


def test_a_stream_that_nobody_holds_any_more_costs_nothing() -> None:
    class Reads(Strategy):
        async def on_start(self) -> None:
            async for _ in self.client.trades("BTC"):
                break
            async for _ in self.client.trades("BTC"):
                await self.client.sleep("0.001")
                gc.collect()
                SEEN.append(len(self.client._streams))

    run(Reads)

    assert SEEN[-1] == 1


def test_a_stream_that_is_not_read_stops_the_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "WAITING_MAX", 5)

    class Forgets(Strategy):
        async def on_start(self) -> None:
            self.trades = self.client.trades("BTC")

    day = busy_day().client("alice", Forgets).run()

    assert "a stream was not read while" in day.why_stopped("alice")


def test_a_stream_has_one_reader() -> None:
    class Twice(Strategy):
        async def on_start(self) -> None:
            self.stream = self.client.trades("BTC")
            self.client.spawn(self.read())
            self.client.spawn(self.read())

        async def read(self) -> None:
            async for _ in self.stream:
                pass

    day = busy_day().client("alice", Twice).run()

    assert "a stream was read by two coroutines, expected one" in day.why_stopped("alice")


def test_a_stream_and_a_hook_both_hear() -> None:
    class Both(Strategy):
        async def on_start(self) -> None:
            await note(self.client.marks("BTC"), lambda mark: ("stream", mark.price))

        async def on_mark(self, mark: MarkPriceChanged) -> None:
            SEEN.append(("hook", mark.price))

    run(Both, Day().mark(0, 100).mark(1, 101).mark(2, 102), until=1)

    assert SEEN == [("stream", 10_000), ("hook", 10_000), ("stream", 10_100), ("hook", 10_100)]


def test_only_what_the_strategy_may_hear_can_be_streamed() -> None:
    class Reads(Strategy):
        async def on_start(self) -> None:
            with pytest.raises(KeyError):
                self.client.quotes("XRP")
            self.client.quotes("BTC")
            SEEN.append("fine")

    run(Reads)

    assert SEEN == ["fine"]


def test_a_view_is_fresh_while_it_is_streamed() -> None:
    class Reads(Strategy):
        async def on_start(self) -> None:
            SEEN.append(self.client.quote("BTC"))
            async for quote in self.client.quotes("BTC"):
                assert self.client.quote("BTC") is quote
                SEEN.append(type(quote))

    run(Reads)

    assert [None, *[QuoteChanged] * 10] == SEEN

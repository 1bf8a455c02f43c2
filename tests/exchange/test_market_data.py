"""Books and bars: made when somebody follows them, at the moment of the events behind them."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import BookView
from exchange.market_data import BOOK_DEPTH
from strategies import Bar, BarSource, Strategy
from tests.day import MS, Day, latency

HEARD: list[tuple[int, object]] = []


class Listener(Strategy):
    """Writes down what it hears, and when."""

    bar_seconds = "0.010"

    async def on_start(self) -> None:
        HEARD.clear()

    async def on_bar(self, bar: Bar) -> None:
        HEARD.append((self.client.now // MS, bar))


class MarkBars(Listener):
    bar_source = BarSource.MARKS


class Books(Strategy):
    async def on_start(self) -> None:
        HEARD.clear()

    async def on_book(self, book: BookView) -> None:
        HEARD.append((self.client.now // MS, book))


def heard(day: Day, kind: type[Strategy], **run: object) -> list[tuple[int, object]]:
    day.client("alice", kind).run(**run)  # type: ignore[arg-type]
    assert day.why_stopped("alice") == ""
    return list(HEARD)


def figures(bar: object) -> tuple[int, ...]:
    assert isinstance(bar, Bar)
    assert bar.length == 10 * MS
    return (bar.begin // MS, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count)


def test_a_bar_has_the_trades_from_its_begin_up_to_its_end() -> None:
    """The trade of 20 ms is the first of the third bar."""
    day = Day().book(0, 90, 110)
    for ms, price, size in ((3, 100, 5), (7, 104, 2), (12, 99, 1), (20, 103, 4), (40, 100, 1)):
        day.trade(ms, size, price)

    bars = heard(day, Listener)

    assert [(at, figures(bar)) for at, bar in bars] == [
        (10, (0, 100, 104, 100, 104, 7, 2)),
        (20, (10, 99, 99, 99, 99, 1, 1)),
        (30, (20, 103, 103, 103, 103, 4, 1)),
        # Nothing happened: the last close, and no volume.
        (40, (30, 103, 103, 103, 103, 0, 0)),
    ]
    assert [bar.turnover for _, bar in bars if isinstance(bar, Bar)] == [708, 99, 412, 0]


def test_bars_may_be_made_of_marks() -> None:
    day = Day().mark(3, 100).mark(7, 98).mark(10, 97).mark(25, 97)

    bars = [figures(bar) for _, bar in heard(day, MarkBars)]

    assert bars == [(0, 10_000, 10_000, 9_800, 9_800, 0, 2), (10, 9_700, 9_700, 9_700, 9_700, 0, 1)]


def test_a_bar_travels_like_all_market_data() -> None:
    day = Day().trade(3, 1, 100).trade(40, 1, 100)

    assert [at for at, _ in heard(day, Listener, latency=latency(market_data=4))] == [14, 24, 34]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 99), st.integers(1, 9)), max_size=30))
def test_bars_tell_every_trade_once(trades: list[tuple[int, int, int]]) -> None:
    day, ms = Day().book(0, 1, 200), 0
    for pause, price, size in trades:
        ms += pause
        day.trade(ms, size, price)

    bars = [bar for _, bar in heard(day, Listener, until=ms + 10)]

    assert all(isinstance(bar, Bar) and bar.low <= bar.open <= bar.high for bar in bars)
    assert sum(bar.volume for bar in bars if isinstance(bar, Bar)) == sum(t[2] for t in trades)
    assert sum(bar.turnover for bar in bars if isinstance(bar, Bar)) == sum(
        price * size for _, price, size in trades
    )


def test_a_book_is_told_as_it_is_and_then_when_it_changes() -> None:
    """The mark changes nothing in it; a trade of history's does."""
    day = Day().book(0, 100, 101, size=7).mark(5, 100).trade(10, -3, 100).book(20, 100, 101, size=4)

    books = [(at, book.bids) for at, book in heard(day, Books) if isinstance(book, BookView)]

    assert books == [(0, ()), (0, ((100, 7),)), (10, ((100, 4),)), (20, ((100, 4),))]


def test_a_clients_own_orders_are_in_the_book_it_sees() -> None:
    class Bids(Books):
        async def on_start(self) -> None:
            await super().on_start()
            await self.client.at(5 * MS)
            await self.client.buy("BTC", 3, 95)

    day = Day().mark(0, 100).book(0, 100, 101).mark(10, 101)

    assert heard(day, Bids)[-1] == (
        5,
        BookView(symbol="BTC", bids=((100, 100), (95, 3)), asks=((101, 100),)),
    )


def test_a_book_is_told_to_a_depth() -> None:
    """The best of 31 levels of bids."""

    class Bids(Books):
        async def on_start(self) -> None:
            await super().on_start()
            await self.client.at(5 * MS)
            for price in range(50, 80):
                await self.client.buy("BTC", 1, price)

    book = heard(Day().mark(0, 100).book(0, 100, 101).mark(10, 101), Bids)[-1][1]

    assert isinstance(book, BookView)
    assert [price for price, _ in book.bids] == [100, *range(79, 79 - BOOK_DEPTH + 1, -1)]


def test_a_length_of_nothing_is_refused() -> None:
    class Nothing(Listener):
        bar_seconds = 0  # type: ignore[assignment]

    day = Day().mark(0, 100).client("alice", Nothing).run()

    assert "bar_seconds was 0, expected more than 0" in day.why_stopped("alice")


def test_who_follows_a_bar_of_another_length_gets_only_that_in_its_hook() -> None:
    lengths: dict[int, int] = {}

    class Two(Listener):
        async def on_start(self) -> None:
            HEARD.clear()
            async for bar in self.client.bars("BTC", "0.020"):
                lengths[bar.begin // MS] = bar.length // MS

    day = Day()
    for ms in range(0, 50, 5):
        day.trade(ms, 1, 100)

    assert {figures(bar)[0] for _, bar in heard(day, Two)} == {0, 10, 20, 30}
    assert lengths == {0: 20, 20: 20}


def test_each_follows_over_a_line_of_its_own() -> None:
    """What two clients follow is made once, and travels to each at its own pace."""
    day = Day().trade(3, 1, 100).trade(30, 1, 100).client("near", Listener)

    day.client("far", Listener).run(latencies={"far": latency(market_data=3)})

    assert [at for at, _ in HEARD] == [10, 13, 20, 23, 30]

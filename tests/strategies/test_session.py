"""A strategy that misbehaves is named and stopped, its orders cancelled; all else goes on."""

import asyncio
import sys
from contextlib import suppress

import pytest

from exchange.core.messages import (
    BookView,
    CancelReason,
    MarkPriceChanged,
    OrderCancelled,
    OrderFilled,
    QuoteChanged,
    Traded,
    UpdateIndexPrice,
)
from exchange.core.rules import LimitRules
from exchange.gateway import News
from strategies import Bar, Session, Strategy, Watchdog
from strategies.session import is_of_the_house
from tests.day import MS, Day, latency
from tests.stage import rulebook

LIMITS = LimitRules(market_band="0.5", commands_per_second=20)


class Bad(Strategy):
    """Holds 3 lots, bids for more, and does something bad at the mark of 5 ms."""

    async def on_start(self) -> None:
        await self.client.at(1 * MS)
        await self.client.buy("BTC", 3)
        await self.client.buy("BTC", 7, 90)

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        if self.client.now == 5 * MS:
            await self.misbehave()

    async def misbehave(self) -> None:
        """For subclasses to say."""


class Good(Strategy):
    """Counts the marks."""

    async def on_start(self) -> None:
        COUNTED.clear()

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        COUNTED.append(mark.price)


COUNTED: list[int] = []


def day_with(kind: type[Strategy]) -> Day:
    """Ten marks, a strategy that misbehaves, and one beside it that does not."""
    day = Day(rulebook(limits=LIMITS))
    for ms in range(10):
        day.mark(ms, 100 + ms).book(ms, 100, 101)
    return day.client("bad", kind).client("good", Good)


class Raises(Bad):
    async def misbehave(self) -> None:
        raise ZeroDivisionError("nothing left")


class RaisesCancelled(Bad):
    async def misbehave(self) -> None:
        raise asyncio.CancelledError


class RaisesSpeechless(Bad):
    async def misbehave(self) -> None:
        class Speechless(Exception):  # noqa: N818
            def __str__(self) -> str:
                raise ValueError

        raise Speechless


class Exits(Bad):
    async def misbehave(self) -> None:
        sys.exit(3)


class Hangs(Bad):
    async def misbehave(self) -> None:
        while True:
            pass


class HangsAndCatches(Bad):
    async def misbehave(self) -> None:
        while True:
            with suppress(Exception):
                sum(range(100))


class HangsAndCatchesAll(Bad):
    async def misbehave(self) -> None:
        while True:
            with suppress(BaseException):
                sum(range(100))


class FloodsWithOrders(Bad):
    async def misbehave(self) -> None:
        while True:
            await self.client.buy("BTC", 1, 50)


class FloodsAndCatches(Bad):
    async def misbehave(self) -> None:
        while True:
            with suppress(Exception):
                await self.client.buy("BTC", 1, 50)


class FloodsWithQuestions(Bad):
    async def misbehave(self) -> None:
        while True:
            await self.client.account_view()


class WaitsForNothing(Bad):
    async def misbehave(self) -> None:
        while True:
            await self.client.sleep(0)


class Multiplies(Bad):
    async def misbehave(self) -> None:
        self.client.spawn(self.misbehave())
        self.client.spawn(self.misbehave())


class AwaitsFuture(Bad):
    async def misbehave(self) -> None:
        await asyncio.sleep(0.001)


class AwaitsNothing(Bad):
    async def misbehave(self) -> None:
        await asyncio.sleep(0)


class AwaitsQueue(Bad):
    async def misbehave(self) -> None:
        await asyncio.Queue().get()


MISBEHAVIOUR = [
    (Raises, "raised ZeroDivisionError: nothing left at "),
    (RaisesCancelled, "raised CancelledError"),
    (RaisesSpeechless, "raised Speechless at "),
    (Exits, "called sys.exit"),
    (Hangs, "hung: it did not come back"),
    (HangsAndCatches, "hung: it did not come back"),
    (HangsAndCatchesAll, "hung: it did not come back"),
    (FloodsWithOrders, "flooding: asked for more than 2,000 things in one second"),
    (FloodsAndCatches, "flooding: asked for more than 2,000 things in one second"),
    (FloodsWithQuestions, "flooding: asked for more than 2,000 things in one second"),
    (WaitsForNothing, "flooding: asked for more than 2,000 things in one second"),
    (Multiplies, "flooding: asked for more than 2,000 things in one second"),
    (AwaitsFuture, "awaited something foreign (Future), expected what the client offers"),
    (AwaitsNothing, "awaited something foreign (NoneType), expected what the client offers"),
    (AwaitsQueue, "awaited something foreign (Future), expected what the client offers"),
]


@pytest.mark.parametrize(("kind", "why"), MISBEHAVIOUR)
def test_it_is_named_and_stopped_its_orders_are_cancelled_and_the_run_goes_on(
    kind: type[Strategy], why: str
) -> None:
    day = day_with(kind)
    if why.startswith("hung"):
        day.patience = 0.3

    day.run()

    assert day.why_stopped("bad").startswith(why)
    assert day.sessions[0].stopped_at == 5 * MS
    assert {(c.at, c.reason) for c in day.only(OrderCancelled, "bad")} == {
        (5 * MS, CancelReason.STRATEGY_STOPPED)
    }
    assert day.account("bad").orders == ()
    assert day.position("bad") == 3
    assert (day.why_stopped("good"), len(COUNTED)) == ("", 10)
    assert day.outcome.last_at == 9 * MS


def test_an_error_is_told_with_the_strategys_own_line() -> None:
    class Wrong(Bad):
        async def misbehave(self) -> None:
            await self.client.buy("BTC", 0.5)  # type: ignore[arg-type]

    why = day_with(Wrong).run().why_stopped("bad")

    assert why.startswith("raised TypeError: size was 0.5, expected whole lots")
    assert f"{__file__}:" in why
    assert why.endswith("in misbehave")


def test_who_raises_while_it_is_made_is_stopped_before_it_begins() -> None:
    class Stillborn(Strategy):
        def __init__(self, *_: object) -> None:
            raise ValueError("no")

    class Ends(Strategy):
        def __init__(self, *_: object) -> None:
            raise StopIteration

    assert "raised ValueError: no" in day_with(Stillborn).run().why_stopped("bad")
    assert "raised StopIteration" in day_with(Ends).run().why_stopped("bad")


def test_who_raises_at_the_end_is_named_too() -> None:
    class Late(Strategy):
        async def on_stop(self) -> None:
            raise ValueError("too late")

    assert "raised ValueError: too late" in day_with(Late).run().why_stopped("bad")


def test_who_will_not_end_is_named_too() -> None:
    class Clings(Strategy):
        async def on_start(self) -> None:
            try:
                await self.client.sleep(1)
            except GeneratorExit:
                await self.client.sleep(1)

    why = day_with(Clings).run().why_stopped("bad")

    assert "coroutine ignored GeneratorExit" in why


def test_ctrl_c_inside_a_strategy_is_the_persons_not_the_strategys() -> None:
    class Interrupted(Bad):
        async def misbehave(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        day_with(Interrupted).run()


def test_a_stopped_strategy_hears_nothing_more() -> None:
    heard: list[int] = []

    class Once(Strategy):
        async def on_mark(self, mark: MarkPriceChanged) -> None:
            heard.append(mark.price)
            self.client.every(0.001, self.wake)
            raise ValueError

        async def wake(self) -> None:
            heard.append(-1)

    day_with(Once).run(latency=latency(response=1))

    assert heard == [100_00]


# --------------------------------------------------------------------------- hooks


def test_a_hook_that_is_not_a_coroutine_or_not_a_hook_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match=r"Plain.on_quote was not a coroutine, expected `async def"):

        class Plain(Strategy):
            def on_quote(self, quote: QuoteChanged) -> None:  # type: ignore[override]
                pass

    with pytest.raises(
        TypeError, match=r"Typo.on_quotes is no hook, expected one of on_start, on_"
    ):

        class Typo(Strategy):
            async def on_quotes(self, quote: QuoteChanged) -> None:
                pass


def delivered(kind: type[Strategy], symbols: frozenset[str] | None = None) -> set[str]:
    """What reaches a strategy of a day on which everything happens."""
    day = Day().mark(0, 100).book(0, 100, 101).trade(1, 5, 101).mark(5_000, 101).book(5_000, 90, 91)
    day.tick(UpdateIndexPrice(at=5_000 * MS, symbol="BTC", price=100_00))
    session = Session("one", "one", kind, kind.takes(), Watchdog(), symbols)
    kinds: set[str] = set()
    hear = session.deliver

    def listen(news: News) -> None:
        kinds.add(type(news).__name__)
        hear(news)

    session.deliver = listen  # type: ignore[method-assign]
    day.sessions.append(session)
    day.run()
    return kinds


def test_only_what_a_strategy_defines_is_delivered() -> None:
    class Marks(Strategy):
        views = (QuoteChanged,)

        async def on_mark(self, mark: MarkPriceChanged) -> None:
            pass

    class Everything(Marks):
        bar_seconds = 2

        async def on_trade(self, trade: Traded) -> None:
            pass

        async def on_book(self, book: BookView) -> None:
            pass

        async def on_bar(self, bar: Bar) -> None:
            pass

    assert delivered(Strategy) == set()
    assert delivered(Marks) == {"QuoteChanged", "MarkPriceChanged"}
    assert delivered(Everything) == {
        "QuoteChanged",
        "MarkPriceChanged",
        "Traded",
        "BookView",
        "Bar",
    }
    assert delivered(Everything, frozenset({"ETH"})) == set()


class Slow(Strategy):
    """Needs 3 ms for each event."""

    async def on_start(self) -> None:
        SEEN.clear()

    async def on_quote(self, quote: QuoteChanged) -> None:
        SEEN.append((self.client.now // MS, "bid", quote.bid))
        await self.client.sleep("0.003")

    async def on_trade(self, trade: Traded) -> None:
        SEEN.append((self.client.now // MS, "trade", trade.size))
        await self.client.sleep("0.003")


SEEN: list[tuple[int, str, int]] = []


def test_a_slow_strategy_sees_the_latest_quote_and_every_trade() -> None:
    """Quotes that are overtaken while it works are never seen; trades wait in line."""
    day = Day()
    for ms in range(6):
        day.book(ms, 100 + ms, 200).trade(ms, 1 + ms, 150)

    day.client("slow", Slow).run(until=30)

    assert SEEN == [
        (0, "bid", 100),
        (3, "trade", 1),
        # The place in line is that of the first quote that waited, the price is the latest.
        (6, "bid", 105),
        (9, "trade", 2),
        (12, "trade", 3),
        (15, "trade", 4),
        (18, "trade", 5),
        (21, "trade", 6),
    ]


def test_views_are_as_fresh_as_what_has_been_heard() -> None:
    """Even a hook that is still working finds the newest quote in the view."""

    class Looks(Strategy):
        async def on_quote(self, quote: QuoteChanged) -> None:
            await self.client.sleep("0.0025")
            latest = self.client.quote("BTC")
            assert latest is not None
            SEEN.append((self.client.now // MS, "view", latest.bid))

    SEEN.clear()
    day = Day()
    for ms in range(4):
        day.book(ms, 100 + ms, 200)

    day.client("looks", Looks).run(until=3)

    assert SEEN == [(2, "view", 102)]


def test_a_strategys_own_fills_reach_it_though_it_defines_no_hook() -> None:
    class Holds(Strategy):
        async def on_start(self) -> None:
            await self.client.at(1 * MS)
            await self.client.buy("BTC", 4)
            await self.client.sleep("0.001")
            SEEN.append((0, "position", self.client.position("BTC")))

    SEEN.clear()
    day = day_with(Holds).run()

    assert SEEN == [(0, "position", 4)]
    assert sum(fill.size for fill in day.only(OrderFilled, "bad")) == 4


# -------------------------------------------------------------------------- timers


def test_a_timer_ticks_at_whole_multiples_and_waits_its_turn() -> None:
    """A tick for which there is no time is not made up for."""

    class Ticks(Strategy):
        timer_seconds = "0.010"

        async def on_start(self) -> None:
            SEEN.clear()

        async def on_timer(self) -> None:
            SEEN.append((self.client.now // MS, "tick", 0))

        async def on_mark(self, mark: MarkPriceChanged) -> None:
            if mark.price == 105 * 100:
                await self.client.sleep("0.030")

    day = Day()
    for ms in range(0, 90, 5):
        day.mark(ms, 100 + ms // 5)

    day.client("ticks", Ticks).run()

    # Busy from 25 to 55: the ticks of 30 and 40 and 50 are one.
    assert [at for at, _, _ in SEEN] == [10, 20, 55, 60, 70, 80]


def test_a_timer_that_never_rests_is_a_flood() -> None:
    class Restless(Strategy):
        timer_seconds = "0.000000001"

        async def on_timer(self) -> None:
            pass

    why = day_with(Restless).run().why_stopped("bad")

    assert why == "flooding: asked for more than 2,000 things in one second"


def test_a_timer_of_nothing_is_refused() -> None:
    class Never(Strategy):
        timer_seconds = 0

        async def on_timer(self) -> None:
            pass

    why = Day().mark(0, 100).client("never", Never).run().why_stopped("never")

    assert why.startswith("raised ValueError: timer_seconds was 0, expected more than 0")


def test_an_error_is_placed_in_the_strategy_whether_or_not_the_house_is_compiled() -> None:
    """Compiled code names its files from the house on, and not from the root of the disk."""
    assert is_of_the_house("exchange/gateway.py")
    assert is_of_the_house("strategies/session.py")
    assert not is_of_the_house("strategies/gallery/quoting.py")

"""The pump: feed, venue and clients in one virtual time."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from exchange.core.messages import (
    InstrumentSettled,
    LiquidationStarted,
    ListInstrument,
    MarkPriceChanged,
    OrderAccepted,
    QuoteChanged,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.latency import Latency
from exchange.runtime import Simulation
from exchange.scheduler import Turn
from strategies import Session, Strategy, Watchdog
from strategies.gallery.market_maker import MarketMaker
from strategies.gallery.trend_follower import TrendFollower
from tests.day import MS, Day, latency
from tests.stage import SUBTICKS, contract

ROOT = Path(__file__).parents[2]

# --------------------------------------------------------------------------- turns

HEARD: list[object] = []


class Listener(Strategy):
    """Writes down what it hears, and when; at 10 ms it also has a timer and an order."""

    async def on_start(self) -> None:
        HEARD.clear()
        await self.client.at(10 * MS)
        HEARD.append(("timer", self.client.now // MS))
        await self.client.buy("BTC", 1)

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        HEARD.append(("mark", self.client.now // MS))

    async def on_quote(self, quote: QuoteChanged) -> None:
        HEARD.append(("quote", self.client.now // MS))


def test_a_client_acts_on_an_instant_only_when_the_venue_has_finished_it() -> None:
    day = Day().mark(10, 100).book(10, 100, 101).book(10, 105, 106).mark(20, 100)

    day.client("alice", Listener).run(until=20)

    assert HEARD[:4] == [("mark", 10), ("quote", 10), ("quote", 10), ("timer", 10)]
    assert day.fills("alice") == [(10, 1, 106)]


class BuysAt(Strategy):
    """Has ten times its deposit of 1,000 in BTC, and buys more of it at 10 ms."""

    async def on_start(self) -> None:
        await self.client.at(5 * MS)
        await self.client.buy("BTC", 80)
        await self.client.at(9 * MS)
        await self.client.buy("BTC", 1)


def test_a_mark_liquidates_before_an_order_of_the_same_instant() -> None:
    """Bought 80 at 101 with 1,000: at a mark of 97 equity is 680, below 10% of 7,760."""
    day = Day(deposit=1_000).mark(0, 100).book(0, 100, 101).mark(10, 97)
    day.client("alice", BuysAt).run(latency=latency(entry=1), until=20)

    kinds = [type(event) for event in day.events if event.at == 10 * MS]

    assert kinds.index(MarkPriceChanged) < kinds.index(LiquidationStarted)
    assert kinds.index(LiquidationStarted) < kinds.index(OrderAccepted)


def test_plans_are_carried_out_before_the_feed_of_the_same_moment() -> None:
    day = Day().mark(10, 100)
    plan = [UpdateMarkPrice(at=10 * MS, symbol="BTC", price=5_000)]

    day.prepared().plan(plan, Turn.MARK)
    day.go()

    assert [mark.price for mark in day.only(MarkPriceChanged)] == [5_000, 10_000]


# ---------------------------------------------------------------------------- time

MOMENTS: list[float] = []


class Sleeper(Strategy):
    """Sleeps a month, wakes at an hour, and does something every day meanwhile."""

    async def on_start(self) -> None:
        MOMENTS.clear()
        self.days = 0
        self.client.every(24 * 3600, self.count)
        await self.client.sleep(3600)
        MOMENTS.append(self.client.now)
        await self.client.sleep("0.5")
        MOMENTS.append(self.client.now)
        await self.client.at(0)
        MOMENTS.append(self.client.now)
        await self.client.at(30 * 24 * 3600 * 1000 * MS)
        MOMENTS.append(self.client.now)

    async def count(self) -> None:
        self.days += 1

    async def on_stop(self) -> None:
        MOMENTS.append(self.days)


def test_sleeping_and_waking_cost_virtual_time_only() -> None:
    """A moment that has passed means now; a month ends on its thirtieth day."""
    day = Day().mark(0, 100).client("alice", Sleeper)

    day.run(until=30 * 24 * 3600 * 1000)

    hour, month = 3600 * 1000 * MS, 30 * 24 * 3600 * 1000 * MS
    half = 500 * MS
    assert [hour, hour + half, hour + half, month, 30] == MOMENTS
    assert day.why_stopped("alice") == ""


def test_a_dated_future_settles_on_time_though_the_feed_is_silent() -> None:
    rules = contract("BTC-S", expiry="1970-01-01T00:00:01")
    day = Day().mark(0, 100)
    day.tick(ListInstrument(at=0, rules=rules))
    day.tick(UpdateIndexPrice(at=10 * MS, symbol="BTC-S", price=110 * SUBTICKS))
    day.mark(5_000, 101).run()
    (settled,) = day.only(InstrumentSettled)
    assert (settled.at, settled.price) == (1_000 * MS, 110 * SUBTICKS)


# ------------------------------------------------------------------------ the run


def walk(seed: int) -> Day:
    """A market of 400 ms that wanders, with a market maker and a trend follower in it."""
    random = Random(seed)
    day, middle = Day(), 1_000
    for ms in range(400):
        middle += random.randrange(-3, 4)
        day.mark(ms, middle).book(ms, middle - 2, middle + 2, size=random.randrange(20, 60))
        size = random.choice((-1, 1)) * random.randrange(5, 80)
        day.trade(ms, size, middle + (2 if size > 0 else -2))
    maker = {"symbol": "BTC", "size": "5", "inventory_max": "20", "half_spread_ticks": 1}
    return day.client("maker", MarketMaker, **maker).client(
        "trend", TrendFollower, symbol="BTC", fast=5, slow=20, margin_percent=10
    )


@pytest.mark.parametrize("travel", [latency(), latency(entry=3, response=2, market_data=1)])
def test_two_runs_have_the_same_digest(travel: Latency) -> None:
    one, other = walk(7).run(latency=travel), walk(7).run(latency=travel)

    assert one.outcome == other.outcome
    assert one.events == other.events
    assert one.fills("maker")
    assert one.fills("trend")


def test_another_market_or_another_latency_has_another_digest() -> None:
    digests = {
        walk(7).run().outcome.digest,
        walk(8).run().outcome.digest,
        walk(7).run(latency=latency(entry=3)).outcome.digest,
    }

    assert len(digests) == 3


def test_the_digest_does_not_depend_on_how_python_hashes(tmp_path: Path) -> None:
    def digest(hash_seed: str) -> str:
        command = [sys.executable, "-m", "tools.cli", "run", "october", "--until", "+240", "--json"]
        ran = subprocess.run(  # noqa: S603 (our own command)
            [*command, "--out", str(tmp_path / hash_seed)],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            check=True,
        )
        return str(json.loads(ran.stdout)["digest"])

    assert digest("0") == digest("1")


def test_the_run_ends_with_its_last_tick_and_what_clients_had_under_way_is_dropped() -> None:
    class Late(Strategy):
        async def on_mark(self, mark: MarkPriceChanged) -> None:
            await self.client.buy("BTC", 1)

    def moments(until: int | None) -> list[int]:
        day = Day().book(0, 100, 101).mark(0, 100).mark(10, 101).client("late", Late)
        day.run(latency=latency(entry=5), until=until)
        return [at for at, _, _ in day.fills("late")]

    assert moments(None) == [5]
    assert moments(15) == [5, 15]


def test_a_run_ends_at_until_though_the_feed_goes_on() -> None:
    day = Day().mark(0, 100).mark(10, 101).mark(11, 102).run(until=10)

    assert [mark.price for mark in day.only(MarkPriceChanged)] == [10_000, 10_100]
    assert (day.outcome.first_at, day.outcome.last_at) == (0, 10 * MS)


def test_stopping_ends_a_run_in_good_order() -> None:
    """The tick in hand is finished, what has happened stays, and clients hear of the end."""
    day = Day()
    for ms in range(100):
        day.mark(ms, 100 + ms)

    class Stops(Strategy):
        async def on_mark(self, mark: MarkPriceChanged) -> None:
            if mark.price == 150_00:
                day.simulation.stop()

        async def on_stop(self) -> None:
            HEARD.append("the end")

    HEARD.clear()
    day.client("alice", Stops).run()

    assert day.outcome.interrupted
    assert day.outcome.last_at == 51 * MS
    assert HEARD == ["the end"]


def test_an_account_has_one_participant() -> None:
    day = Day().client("alice", Strategy)
    other = Session("bob", "alice", Strategy, Strategy.takes(), Watchdog())

    with pytest.raises(ValueError, match="account alice was given to alice and bob, expected one"):
        Simulation(day.venue, participants=[*day.sessions, other])


def test_a_run_can_be_let_pass_piece_by_piece() -> None:
    """Whoever drives it, the events are those of a run in one piece."""
    whole, parts = walk(7).run(latency=latency(entry=3)), walk(7)
    simulation = parts.prepared(latency=latency(entry=3))

    async def drive() -> list[int]:
        moments = []
        for to in range(-50, 1_000, 7):
            await simulation.advance(to * MS)
            moments.append(simulation.now // MS)
        simulation.close()
        return moments

    moments = asyncio.run(drive())

    assert simulation.is_over
    assert parts.events == whole.events
    assert moments == sorted(moments)
    assert 6 in moments, "time passes to the moment that was asked for"


def test_a_run_that_is_not_over_says_so() -> None:
    day = Day().mark(0, 100).mark(10, 101)
    simulation = day.prepared()

    async def drive() -> list[bool]:
        seen = [simulation.is_over]
        for to in (5, 10, 15):
            await simulation.advance(to * MS)
            seen.append(simulation.is_over)
        return seen

    assert asyncio.run(drive()) == [False, False, True, True]

"""Travel times: constant, drawn from a law, or as they were measured."""

from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import QuoteChanged
from exchange.latency import (
    Channel,
    Latency,
    LatencyError,
    LogNormal,
    Quantiles,
    Recorded,
    TravelTime,
    read_measurements,
)
from strategies import Strategy
from tests.day import MS, Day

MEASURED = Recorded(sent=(100, 200, 400), times=(10, 30, 20))


def drawn(time: LogNormal | Quantiles | Recorded, count: int = 1_000) -> list[int]:
    draw = time.drawing(Random(7))
    return [draw(0) for _ in range(count)]


def test_a_log_normal_time_is_half_of_the_time_below_its_median() -> None:
    """And at a spread of ln 2 a sixth of the messages takes more than twice the median."""
    times = drawn(LogNormal(median=1_000_000, spread=Decimal("0.6931")))

    assert sum(time < 1_000_000 for time in times) == pytest.approx(500, abs=50)
    assert sum(time > 2_000_000 for time in times) == pytest.approx(159, abs=40)


def test_a_log_normal_time_is_the_same_on_every_machine() -> None:
    """Pinned: decimal arithmetic has one right answer, unlike a C library's exp."""
    assert drawn(LogNormal(median=1_000_000, spread=Decimal("0.5")), 3) == PINNED


PINNED = [603_140, 303_822, 1_010_582]


def test_without_spread_it_is_constant() -> None:
    assert set(drawn(LogNormal(median=5, spread=Decimal(0)))) == {5}


def test_quantiles_share_the_messages_evenly() -> None:
    """A quarter each below 10, to 20, to 40, and to 1,000."""
    times = drawn(Quantiles(times=(0, 10, 20, 40, 1_000)))

    for least, most in ((0, 10), (10, 20), (20, 40), (40, 1_000)):
        assert sum(least <= time < most for time in times) == pytest.approx(250, abs=40)


@pytest.mark.parametrize(
    ("now", "time"), [(0, 10), (100, 10), (150, 20), (200, 30), (300, 25), (400, 20), (999, 20)]
)
def test_between_two_measurements_a_message_takes_what_lies_between(now: int, time: int) -> None:
    assert MEASURED.drawing(Random(7))(now) == time


TIMES = st.one_of(
    st.integers(0, 100),
    st.just(MEASURED),
    st.just(Quantiles(times=(0, 50, 1_000))),
    st.just(LogNormal(median=50, spread=Decimal(2))),
)


@given(TIMES, st.lists(st.integers(0, 100), min_size=1))
def test_no_message_overtakes_another_and_none_arrives_before_it_is_sent(
    time: TravelTime, pauses: list[int]
) -> None:
    channel, now, last = Channel(time, Random(7)), 0, 0
    for pause in pauses:
        now += pause
        arrival = channel.arrival(now)
        assert arrival >= max(now, last)
        last = arrival


BAD = [
    (lambda: Latency(response=-1), "response was -1 ns, expected 0 or more"),
    (lambda: LogNormal(median=-1, spread=Decimal(1)), "median was -1 ns and spread 1, expected"),
    (lambda: LogNormal(median=1, spread=Decimal("NaN")), "spread NaN, expected"),
    (lambda: Quantiles(times=(5,)), "quantiles were 5 ns, expected two or more"),
    (lambda: Quantiles(times=(5, 4)), "quantiles were 5, 4 ns, expected two or more, none below"),
    (lambda: Recorded(sent=(), times=()), "there were 0 moments"),
    (lambda: Recorded(sent=(2, 2), times=(1, 1)), "expected as many of both, moments that rise"),
]


@pytest.mark.parametrize(("make", "complaint"), BAD)
def test_times_that_cannot_be_are_refused(make: object, complaint: str) -> None:
    with pytest.raises(LatencyError) as caught:
        make()  # type: ignore[operator]

    assert complaint in str(caught.value)


def test_a_file_of_measurements_is_read_by_direction(tmp_path: Path) -> None:
    path = tmp_path / "latency.csv"
    path.write_text("sent,entry,response\n100,10,1\n200,30,2\n400,20,3\n")

    assert read_measurements(path, "entry") == MEASURED
    assert read_measurements(path, "response").times == (1, 2, 3)


BROKEN = [
    ("", ":1: columns were none, expected sent and entry"),
    ("sent,response\n1,2\n", ":1: columns were sent, response, expected sent and entry"),
    ("sent,entry\n", ": there were no measurements, expected one or more"),
    ("sent,entry\n1,2\n2,-3\n", ":3: row was '2,-3', expected whole numbers of ns"),
    ("sent,entry\n1\n", ":2: row was '1', expected whole numbers of ns"),
    ("sent,entry\n2,5\n2,5\n", ":3: sent was 2, expected more than 2"),
]


@pytest.mark.parametrize(("text", "complaint"), BROKEN)
def test_a_broken_file_is_named_with_its_row(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "latency.csv"
    path.write_text(text)

    with pytest.raises(LatencyError) as caught:
        read_measurements(path, "entry")

    assert str(caught.value) == f"{path}{complaint}"


def test_each_account_may_have_a_line_of_its_own() -> None:
    """One client is near the venue and buys at 101; the other is 12 ms away and buys at 111."""

    class Buys(Strategy):
        async def on_start(self) -> None:
            await self.client.at(1 * MS)
            await self.client.buy("BTC", 5)

    day = Day().mark(0, 100).book(0, 100, 101).book(10, 110, 111).mark(20, 100)
    day.client("near", Buys).client("far", Buys)

    day.run(latencies={"far": Latency(entry=12 * MS)})

    assert day.fills("near") == [(1, 5, 101)]
    assert day.fills("far") == [(13, 5, 111)]


def test_drawn_times_are_the_same_in_every_run_and_others_with_another_seed() -> None:
    class Buys(Strategy):
        async def on_quote(self, quote: QuoteChanged) -> None:
            await self.client.buy("BTC", 1)

    def digest(seed: int) -> str:
        day = Day().mark(0, 100)
        for ms in range(0, 100, 10):
            day.book(ms, 100 + ms, 101 + ms)
        law = LogNormal(median=10 * MS, spread=Decimal(1))
        return day.client("alice", Buys).run(latency=Latency(entry=law), seed=seed).outcome.digest

    assert digest(1) == digest(1) != digest(2)

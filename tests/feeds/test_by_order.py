"""Files that tell every order: Databento MBO and LOBSTER, rebuilt to the last place in a queue."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.core.messages import ListInstrument, RecordedTrade, Side, UpdateOrders
from exchange.core.venue import Venue
from exchange.feed import BookCheck
from exchange.rulebook import load
from exchange.runtime import Simulation
from feeds import Carries, OnDefect, TickFileError, describe, measure, open_feed
from feeds.packed import unpacked
from tests.feeds.tape import csv, instrument, items
from tests.shared import SHARED, needs_shared

ESH4 = SHARED / "data/esh4-glbx-mdp3-20231225.mbo.dbn.zst"
FUTURE = instrument("ESH4", "0.25", "50", settle="USD")

databento = pytest.importorskip("databento_dbn", reason="the extra `databento` is not here")


def records(path: Path) -> Iterator[object]:
    decoder = databento.DBNDecoder()
    with path.open("rb") as raw:
        for chunk in unpacked(raw, path):
            decoder.write(chunk)
            yield from (one for one in decoder.decode() if isinstance(one, databento.MBOMsg))


def rebuilt() -> dict[tuple[str, int], list[tuple[int, int]]]:
    """The last book of the file, order by order, from the documentation of MBO alone."""
    orders: dict[int, list] = {}  # type: ignore[type-arg]
    for one in records(ESH4):
        action, number = str(one.action), one.order_id  # type: ignore[attr-defined]
        if action == "A":
            orders[number] = [str(one.side), one.price, one.size]  # type: ignore[attr-defined]
        elif action == "C" and number in orders:
            orders[number][2] -= one.size  # type: ignore[attr-defined]
            if orders[number][2] == 0:
                del orders[number]
        elif action == "M":
            new = [str(one.side), one.price, one.size]  # type: ignore[attr-defined]
            old = orders.get(number)
            if old is None or old[1] != new[1] or new[2] > old[2]:
                orders.pop(number, None)
            orders[number] = new
    queues: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for number, (side, price, size) in orders.items():
        queues.setdefault((side, price // 250_000_000), []).append((number, size))
    return queues


@needs_shared
def test_every_order_of_a_futures_day_ends_in_its_place() -> None:
    """Held against a plain dictionary: 68,792 records, every queue, order by order."""
    feed = open_feed(ESH4, FUTURE)
    venue = Venue(load("general"))
    simulation = Simulation(
        venue, begin=lambda at: [ListInstrument(at=at, rules=FUTURE.rules)], feed=feed
    )
    outcome = asyncio.run(simulation.run())
    book = venue._state.market_of["ESH4"].book

    found = {
        (name, int(book.price(level))): [(book.number(n), book.size(n)) for n in book.queue(level)]
        for name, side in (("B", book.bids), ("A", book.asks))
        for level in book.best_first(side)
    }  # fmt: skip

    assert outcome.rejected == 0
    assert not feed.defects
    assert found == rebuilt()


@needs_shared
def test_a_futures_file_says_what_it_is() -> None:
    kind = describe(ESH4)
    (listing,) = kind.listings

    assert (kind.title, kind.venue, listing.symbol) == ("Databento mbo", "glbx.mdp3", "ESH4")
    assert listing.carries == (Carries.ORDERS, Carries.TRADES)
    assert measure(ESH4, listing)[:2] == ("0.25", "1")


@needs_shared
def test_a_databento_file_that_was_cut_off_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.dbn.zst"
    path.write_bytes(ESH4.read_bytes()[:500_000])
    feed = open_feed(path, FUTURE, on_defect=OnDefect.SKIP)

    assert items(feed)
    assert feed.defects == {"truncated": 1}
    with pytest.raises(TickFileError, match=r"compressed data ends here: the file was cut off"):
        items(open_feed(path, FUTURE))


# ------------------------------------------------------------------------------- LOBSTER

SHARE = instrument("AAPL", "0.01", "1", settle="USD")
MESSAGES = [
    "34200.000000001,1,11,100,5853300,1",
    "34200.000000002,1,12,50,5853300,1",
    "34200.000000003,2,11,40,5853300,1",
    "34200.000000004,4,11,60,5853300,1",
    "34200.000000005,5,0,10,5853500,-1",
    "34200.000000006,4,7,5,5853400,-1",
    "34200.000000007,3,12,50,5853300,1",
]
LEVELS = [
    # ask, size, bid, size: 20 at 585.34 and 10 at 585.20 were there before the first message
    "5853400,20,5853300,100",
    "5853400,20,5853300,150",
    "5853400,20,5853300,110",
    "5853400,20,5853300,50",
    "5853400,20,5853300,50",
    "5853400,15,5853300,50",
    "5853400,15,5852000,10",
]


def pair(folder: Path, messages: list[str], levels: list[str] | None) -> Path:
    name = "AAPL_2012-06-21_34200000_57600000_{}_1.csv"
    if levels is not None:
        csv(folder / name.format("orderbook"), *levels)
    return csv(folder / name.format("message"), *messages)


def test_lobster_orders_keep_their_places_and_trades_are_the_takers(tmp_path: Path) -> None:
    found = items(open_feed(pair(tmp_path, MESSAGES, None), SHARE))

    opening = 1_340_285_400 * 10**9  # 09:30 in New York on 21 June 2012
    assert found[0] == UpdateOrders(
        at=opening + 1, symbol="AAPL", bids=((11, 58533, 100),), asks=(), snapshot=True
    )
    assert [item.bids for item in found if isinstance(item, UpdateOrders)] == [
        ((11, 58533, 100),), ((12, 58533, 50),), ((11, 58533, 60),), ((11, 0, 0),), ((12, 0, 0),)
    ]  # fmt: skip
    trade = next(item for item in found if isinstance(item, RecordedTrade))
    assert (trade.side, trade.price, trade.size) == (Side.SELL, 58533, 60)


def test_lobster_levels_tell_what_was_there_before_and_check_the_book(tmp_path: Path) -> None:
    path = pair(tmp_path, MESSAGES, LEVELS)
    feed = open_feed(path, SHARE)
    simulation = Simulation(
        Venue(load("general")),
        begin=lambda at: [ListInstrument(at=at, rules=SHARE.rules)],
        feed=feed,
    )

    outcome = asyncio.run(simulation.run())

    checks = outcome.book_checks["AAPL"]
    assert describe(path).title == "LOBSTER messages and order book"
    assert (checks.total, checks.agreed) == (7, 7)
    assert feed.notes["events outside the visible book (type 5)"] == 1


def test_a_lobster_order_that_was_never_told_is_noted(tmp_path: Path) -> None:
    feed = open_feed(pair(tmp_path, ["34200.1,3,99,10,5853300,1"], None), SHARE)

    assert not items(feed)
    assert feed.notes["changes of orders that were never told"] == 1


def test_the_levels_alone_are_not_a_feed(tmp_path: Path) -> None:
    path = pair(tmp_path, MESSAGES, LEVELS)
    other = path.with_name(path.name.replace("message", "orderbook"))

    with pytest.raises(TickFileError, match="expected AAPL_2012-06-21_34200000_57600000_message_1"):
        describe(other)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("34200.1,9,1,10,5853300,1", "type was '9', expected 1 to 7"),
        ("34200.1,1,1,-10,5853300,1", "AAPL size was -10, expected more than 0"),
        ("34200.1,1,1,10,5853300,2", "direction was '2', expected 1 or -1"),
        ("34200.1,1,1,10,5853301,1", "AAPL price was 585.3301, expected a multiple of 0.01"),
        ("34200.1,1,1,10,x,1", "figure was 'x', expected a whole number"),
        ("then,1,1,10,5853300,1", "time was 'then', expected seconds with decimals"),
        ("34200.1,1,1,10,5853300", "the row has 5 columns, expected 6"),
    ],
)
def test_bad_messages_are_named(tmp_path: Path, row: str, error: str) -> None:
    with pytest.raises(TickFileError) as stopped:
        items(open_feed(pair(tmp_path, [row], None), SHARE))

    assert f"message_1.csv:1: {error}" in str(stopped.value)


def test_checks_come_after_the_update_they_are_of(tmp_path: Path) -> None:
    found = items(open_feed(pair(tmp_path, MESSAGES[:1], LEVELS[:1]), SHARE))

    assert [type(item) for item in found] == [UpdateOrders, BookCheck]
    assert found[0].asks[0][1:] == (58534, 20)

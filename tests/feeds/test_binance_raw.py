"""A raw Binance recording becomes depth, trades, marks and checks, by the venue's chain rule."""

from pathlib import Path

import pytest

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.feed import BookCheck
from feeds import OnDefect, TickFileError, open_feed
from tests.feeds.tape import BTC, START, Tape, instrument, items, kinds

BIDS = [("100.0", "1.000"), ("99.9", "2.000")]
ASKS = [("100.1", "3.000")]


def tape() -> Tape:
    """A recording that has begun: a snapshot at id 10 and the first update across it."""
    return Tape().snapshot(10, BIDS, ASKS).depth(8, 12, pu=7, bids=[("100.0", "1.500")])


def read(tape: Tape, folder: Path, on_defect: OnDefect = OnDefect.STOP):
    feed = open_feed(tape.save(folder / "tape.jsonl.gz"), BTC, on_defect=on_defect)
    return feed, items(feed)


def refusal(tape: Tape, folder: Path) -> str:
    with pytest.raises(TickFileError) as stopped:
        read(tape, folder)
    return str(stopped.value)


def test_a_snapshot_and_the_updates_after_it_make_the_book(tmp_path: Path) -> None:
    _, (snapshot, update) = read(tape(), tmp_path)

    assert snapshot == UpdateDepth(
        at=START,
        symbol="BTCUSDT",
        bids=((1000, 1000), (999, 2000)),
        asks=((1001, 3000),),
        snapshot=True,
    )
    assert update == UpdateDepth(at=START + 10**9, symbol="BTCUSDT", bids=((1000, 1500),), asks=())


def test_updates_before_the_snapshot_wait_for_it_and_old_ones_are_dropped(tmp_path: Path) -> None:
    early = Tape().depth(1, 5, pu=0, bids=[("1.0", "1")]).depth(6, 12, pu=5, bids=[("99.8", "1")])
    feed, found = read(early.snapshot(10, BIDS, ASKS).depth(13, 15, pu=12), tmp_path)

    assert [item.bids for item in found] == [((1000, 1000), (999, 2000)), ((998, 1000),), ()]
    assert {item.at for item in found[:2]} == {START + 2 * 10**9}, "known only with the snapshot"
    assert feed.notes["depth updates older than the snapshot"] == 1


def test_the_first_update_must_reach_across_the_snapshot(tmp_path: Path) -> None:
    late = Tape().snapshot(10, BIDS, ASKS).depth(12, 14, pu=11)

    assert refusal(late, tmp_path).endswith(
        ":2: depth updates are missing: the book stands at 10, and this update follows 11"
    )


def test_a_futures_update_follows_the_one_it_names(tmp_path: Path) -> None:
    assert len(read(tape().depth(20, 25, pu=12), tmp_path)[1]) == 3
    assert ":3: depth updates are missing" in refusal(tape().depth(20, 25, pu=13), tmp_path)


def test_a_spot_update_begins_one_after_the_last(tmp_path: Path) -> None:
    spot = Tape().snapshot(10, BIDS, ASKS).depth(9, 12, pu=None)

    assert len(read(spot.depth(13, 14, pu=None), tmp_path)[1]) == 3
    assert ":4: depth updates are missing" in refusal(spot.depth(16, 17, pu=None), tmp_path)


def test_after_a_gap_skip_goes_on_from_what_there_is(tmp_path: Path) -> None:
    gapped = tape().depth(20, 25, pu=13, bids=[("99.7", "1")])
    feed, found = read(gapped.depth(26, 27, pu=25), tmp_path, OnDefect.SKIP)

    assert kinds(found) == ["UpdateDepth"] * 4
    assert feed.defects == {"gap": 1}


def test_after_a_gap_repair_waits_for_the_next_snapshot(tmp_path: Path) -> None:
    gapped = tape().depth(20, 25, pu=13).depth(26, 27, pu=25).snapshot(26, BIDS, ASKS)
    feed, found = read(gapped.depth(28, 29, pu=27), tmp_path, OnDefect.REPAIR)

    assert [item.snapshot for item in found] == [True, False, True, False, False]
    assert found[2].at == START + 4 * 10**9
    assert feed.defects == {"gap": 1}


def test_a_repeated_update_is_a_defect(tmp_path: Path) -> None:
    again = tape().depth(13, 15, pu=12).depth(13, 15, pu=12)

    assert ":4: depth update 15 is repeated, the book stands at 15" in refusal(again, tmp_path)
    assert read(again, tmp_path, OnDefect.SKIP)[0].defects == {"repeated": 1}


def test_the_same_line_twice_is_a_defect_whatever_it_is(tmp_path: Path) -> None:
    twice = tape().trade("100.1", "1.000")
    twice.lines.append(twice.lines[-1])

    assert ":4: the row is the one before it again" in refusal(twice, tmp_path)
    _, found = read(twice, tmp_path, OnDefect.SKIP)
    assert kinds(found).count("RecordedTrade") == 1


def test_a_repeated_trade_id_is_a_defect(tmp_path: Path) -> None:
    twice = tape().trade("100.1", "1.000", 5).trade("100.1", "1.000", 5)

    assert ":4: trade 5 is repeated" in refusal(twice, tmp_path)


def test_missing_trade_ids_are_counted_because_they_are_trades_outside_the_book(
    tmp_path: Path,
) -> None:
    feed, _ = read(tape().trade("100.1", "1", 5).trade("100.1", "1", 9), tmp_path)

    assert feed.notes["trade ids that are missing"] == 3


def test_a_recording_without_a_snapshot_is_a_defect(tmp_path: Path) -> None:
    assert refusal(Tape().depth(1, 5, pu=0), tmp_path).endswith(
        ":1: the file ends without a depth snapshot to begin from"
    )


def test_trades_are_the_takers(tmp_path: Path) -> None:
    traded = tape().trade("100.1", "0.250", 1).trade("100.0", "0.100", 2, m=True)
    _, found = read(traded, tmp_path)

    assert found[2:] == [
        RecordedTrade(at=START + 2 * 10**9, symbol="BTCUSDT", side=Side.BUY, price=1001, size=250),
        RecordedTrade(at=START + 3 * 10**9, symbol="BTCUSDT", side=Side.SELL, price=1000, size=100),
    ]


@pytest.mark.parametrize("trade", [{"X": "INSURANCE_FUND"}, {"X": "ADL"}, {"p": "0"}])
def test_trades_outside_the_book_are_left_out_and_counted(tmp_path: Path, trade) -> None:  # type: ignore[no-untyped-def]
    price = trade.pop("p", "100.1")
    feed, found = read(tape().trade(price, "1", **trade), tmp_path)

    assert "RecordedTrade" not in kinds(found)
    assert feed.notes["trades outside the book"] == 1


def test_trades_before_the_book_are_left_out_and_counted(tmp_path: Path) -> None:
    early = Tape().depth(1, 5, pu=0).trade("100.1", "1").snapshot(4, BIDS, ASKS)
    feed, found = read(early, tmp_path)

    assert kinds(found) == ["UpdateDepth", "UpdateDepth"]
    assert feed.notes["trades before the snapshot"] == 1


def test_mark_prices_come_with_index_and_funding(tmp_path: Path) -> None:
    _, found = read(tape().mark("100.05", "100.04000001", "0.00012345"), tmp_path)

    index, funding, mark = found[2:]
    assert index == UpdateIndexPrice(at=START + 2 * 10**9, symbol="BTCUSDT", price=10_004_000_001)
    assert isinstance(funding, UpdateFundingRate)
    assert (funding.rate, funding.interval) == (12_345, 8 * 3600 * 10**9)
    assert mark == UpdateMarkPrice(at=index.at, symbol="BTCUSDT", price=10_005_000_000)


def test_quotes_become_checks_of_the_book_at_their_update_id(tmp_path: Path) -> None:
    quoted = tape().quote(11, "100.0", "1.500", "100.1", "3.000")
    quoted.depth(13, 15, pu=12, asks=[("100.1", "0")])
    _, found = read(quoted.quote(16, "100.0", "1.500", "100.2", "1.000"), tmp_path)

    checks = [item for item in found if isinstance(item, BookCheck)]
    assert [(check.bid, check.bid_size, check.ask, check.ask_size) for check in checks] == [
        (1000, 1500, 1001, 3000),
        (1000, 1500, 1001, 3000),
    ]
    assert kinds(found) == ["UpdateDepth", "UpdateDepth", "BookCheck", "UpdateDepth", "BookCheck"]


def test_a_coin_margined_size_counts_contracts(tmp_path: Path) -> None:
    perpetual = instrument("BTCUSD_PERP", "0.1", "100", inverse=True, settle="BTC")
    coin = Tape("BTCUSD_PERP").snapshot(10, [("100.0", "7")], ASKS[:0])
    coin.depth(8, 12, pu=7, asks=[("100.1", "3")])
    found = items(open_feed(coin.save(tmp_path / "coin.jsonl"), perpetual))

    assert [(item.bids, item.asks) for item in found] == [(((1000, 7),), ()), ((), ((1001, 3),))]


def test_another_symbol_in_the_recording_is_a_defect(tmp_path: Path) -> None:
    other = tape()
    other.symbol = "ETHUSDT"

    assert ":3: symbol was ETHUSDT, expected BTCUSDT" in refusal(
        other.trade("100.1", "1.000"), tmp_path
    )


def test_messages_of_other_kinds_are_counted(tmp_path: Path) -> None:
    feed, found = read(tape().stream("kline_1m", k={}), tmp_path)

    assert len(found) == 2
    assert feed.notes["messages of other kinds"] == 1


def test_a_file_is_read_again_from_its_beginning(tmp_path: Path) -> None:
    feed, first = read(tape().trade("100.1", "1.000"), tmp_path)

    assert items(feed) == first
    assert feed.position == feed.size > 0

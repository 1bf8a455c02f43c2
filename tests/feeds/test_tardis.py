"""Tardis datasets: columns by name, rows of one message together, fields that may be empty."""

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
from feeds import OnDefect, TickFileError, open_feed
from tests.feeds.tape import BTC, csv, instrument, items, kinds
from tests.shared import SHARED, needs_shared

DEPTH = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
TICKER = (
    "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,"
    "predicted_funding_rate,open_interest,last_price,index_price,mark_price"
)
T0, T1, T2 = 1_600_000_000_000_000, 1_600_000_001_000_000, 1_600_000_002_000_000


def row(at: int, *fields: str) -> str:
    return ",".join(("binance-futures", "BTCUSDT", str(at - 500), str(at), *fields))


def depth(folder: Path, *lines: str, on_defect: OnDefect = OnDefect.STOP):
    feed = open_feed(csv(folder / "book.csv", DEPTH, *lines), BTC, on_defect=on_defect)
    return feed, items(feed)


def test_rows_of_one_message_apply_at_once(tmp_path: Path) -> None:
    _, found = depth(
        tmp_path,
        row(T0, "true", "bid", "100.0", "1"),
        row(T0, "true", "ask", "100.1", "2"),
        row(T1, "false", "bid", "100.0", "0"),
        row(T1, "false", "bid", "99.9", "3"),
    )

    assert found == [
        UpdateDepth(
            at=T0 * 1000,
            symbol="BTCUSDT",
            bids=((1000, 1000),),
            asks=((1001, 2000),),
            snapshot=True,
        ),
        UpdateDepth(at=T1 * 1000, symbol="BTCUSDT", bids=((1000, 0), (999, 3000)), asks=()),
    ]


def test_rows_before_the_snapshot_are_left_out_and_counted(tmp_path: Path) -> None:
    feed, found = depth(
        tmp_path, row(T0, "false", "bid", "100.0", "1"), row(T1, "true", "bid", "100.0", "1")
    )

    assert [item.at for item in found] == [T1 * 1000]
    assert feed.notes["rows before the snapshot"] == 1


def test_a_second_snapshot_replaces_the_book(tmp_path: Path) -> None:
    _, found = depth(
        tmp_path,
        row(T0, "true", "bid", "100.0", "1"),
        row(T1, "false", "bid", "99.0", "1"),
        row(T2, "true", "bid", "98.0", "1"),
    )

    assert [item.snapshot for item in found] == [True, False, True]


def test_a_book_without_a_snapshot_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(TickFileError, match="has no snapshot row to begin a book from"):
        depth(tmp_path, row(T0, "false", "bid", "100.0", "1"))


def trades(folder: Path, *lines: str, on_defect: OnDefect = OnDefect.STOP):
    feed = open_feed(csv(folder / "trades.csv", TRADES, *lines), BTC, on_defect=on_defect)
    return feed, items(feed)


def test_trades_are_the_takers(tmp_path: Path) -> None:
    _, found = trades(tmp_path, row(T0, "1", "buy", "100.1", "2"), row(T0, "2", "sell", "100", "1"))

    assert found == [
        RecordedTrade(at=T0 * 1000, symbol="BTCUSDT", side=Side.BUY, price=1001, size=2000),
        RecordedTrade(at=T0 * 1000, symbol="BTCUSDT", side=Side.SELL, price=1000, size=1000),
    ]


def test_trades_of_unknown_side_are_left_out_and_counted(tmp_path: Path) -> None:
    feed, found = trades(tmp_path, row(T0, "1", "unknown", "100.1", "2"))

    assert not found
    assert feed.notes["trades of unknown side"] == 1


def test_a_trade_id_that_was_there_before_is_a_defect(tmp_path: Path) -> None:
    lines = row(T0, "a", "buy", "100", "1"), row(T0, "b", "buy", "100", "1")
    with pytest.raises(TickFileError, match=r"trades.csv:4: trade 'a' is repeated"):
        trades(tmp_path, *lines, row(T1, "a", "buy", "100", "1"))


def test_trades_without_ids_may_look_alike_and_are_noted(tmp_path: Path) -> None:
    same = row(T0, "", "buy", "100", "1")
    feed, found = trades(tmp_path, same, same)

    assert len(found) == 2
    assert feed.notes["rows that are the one before them again"] == 1


def ticker(folder: Path, *lines: str):
    return items(open_feed(csv(folder / "ticker.csv", TICKER, *lines), BTC))


def test_a_ticker_tells_index_funding_and_mark_when_they_change(tmp_path: Path) -> None:
    pays = str(T2)
    found = ticker(
        tmp_path,
        row(T0, pays, "0.0001", "", "1000", "100.0", "100.1", "100.25"),
        row(T1, pays, "0.0001", "", "1001", "100.1", "100.1", "100.50"),
        row(T2, "", "", "", "", "", "", ""),
    )

    at = T0 * 1000
    assert found == [
        UpdateIndexPrice(at=at, symbol="BTCUSDT", price=10_010_000_000),
        UpdateFundingRate(
            at=at, symbol="BTCUSDT", rate=10_000, next_at=T2 * 1000, interval=8 * 3600 * 10**9
        ),
        UpdateMarkPrice(at=at, symbol="BTCUSDT", price=10_025_000_000),
        UpdateMarkPrice(at=T1 * 1000, symbol="BTCUSDT", price=10_050_000_000),
    ]


def test_a_funding_rate_waits_for_the_time_of_its_payment(tmp_path: Path) -> None:
    found = ticker(
        tmp_path,
        row(T0, "", "0.0001", "", "", "", "", ""),
        row(T1, str(T2), "", "", "", "", "", ""),
    )

    assert [(type(item), item.at) for item in found] == [(UpdateFundingRate, T1 * 1000)]


@pytest.mark.parametrize(
    ("digits", "scale", "unit"), [(13, 1_000_000, "milliseconds"), (19, 1, "nanoseconds")]
)
def test_the_digits_of_a_time_tell_its_unit(
    tmp_path: Path, digits: int, scale: int, unit: str
) -> None:
    at = int("16" + "0" * (digits - 2))
    feed, found = trades(tmp_path, row(at, "1", "buy", "100", "1"))

    assert found[0].at == at * scale
    assert feed.notes[f"files with time in {unit}"] == 1


def test_amounts_may_count_contracts(tmp_path: Path) -> None:
    path = csv(tmp_path / "trades.csv", TRADES, row(T0, "1", "buy", "100", "3"))
    perpetual = instrument(lot="100", inverse=True)
    (trade,) = items(open_feed(path, perpetual, contract="100"))

    assert trade.size == 3


def test_the_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    names = "amount,price,side,id,local_timestamp,timestamp,symbol,exchange"
    path = csv(tmp_path / "trades.csv", names, f"2,100.1,buy,1,{T0},{T0},BTCUSDT,x")

    assert kinds(items(open_feed(path, BTC))) == ["RecordedTrade"]


@needs_shared
def test_a_real_deribit_book_is_read() -> None:
    path = SHARED / "data/tardis/deribit_incremental_book_L2_BTC-PERPETUAL.csv"
    perpetual = instrument("BTC-PERPETUAL", "0.5", "10", inverse=True, settle="BTC")

    first = items(open_feed(path, perpetual))[0]

    assert isinstance(first, UpdateDepth)
    assert first.snapshot
    assert first.asks[0] == (12_843, 1_864)

"""Bybit, OKX, Lean, hftbacktest, Nautilus and plain tables: what each row becomes."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateMarkPrice,
)
from feeds import Market, OnDefect, TickFileError, describe, open_feed
from feeds.formats.hftbacktest import BUY, CLEAR, DEPTH, EVENT, LOCAL, SELL, SNAPSHOT, TRADE
from tests.feeds.tape import BTC, csv, instrument, items
from tests.shared import SHARED, needs_shared

NS = 1_600_000_000 * 10**9


def trade(side: Side, price: int, size: int, at: int = NS) -> RecordedTrade:
    return RecordedTrade(at=at, symbol="BTCUSDT", side=side, price=price, size=size)


# ---------------------------------------------------------------------------- Bybit, OKX

BYBIT = (
    "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,"
    "foreignNotional"
)


def test_bybits_seconds_lose_no_digit(tmp_path: Path) -> None:
    row = "1600000000.1234567,BTCUSDT,Sell,0.5,100.1,ZeroMinusTick,a-1,5e6,0.5,50"
    path = tmp_path / "BTCUSDT2020-09-13.csv.gz"
    path.write_bytes(gzip.compress(f"{BYBIT}\n{row}\n".encode()))

    assert items(open_feed(path, BTC)) == [trade(Side.SELL, 1001, 500, NS + 123_456_700)]


def test_okx_sizes_of_swaps_are_contracts(tmp_path: Path) -> None:
    header = "instrument_name,trade_id,side,price,size,created_time"
    path = csv(tmp_path / "t.csv", header, "BTC-USDT-SWAP,9,buy,100.1,3,1600000000000")
    swap = instrument("BTC-USDT-SWAP", "0.1", "0.0001")

    (found,) = items(open_feed(path, swap))

    assert found.size == 300, "three contracts of 0.01 BTC"


def okx_lines(checksum: int | None = None) -> list[str]:
    """A snapshot and an update of OKX's channel `books`."""
    text = "100:2:101:1"
    sums = [crc32(b"100:1:101:1"), crc32(text.encode()) if checksum is None else checksum]
    signed = [value - (1 << 32) if value >> 31 else value for value in sums]
    lines = []
    for n, (action, bids, asks) in enumerate(
        [("snapshot", [["100", "1", "0", "1"]], [["101", "1", "0", "1"]]),
         ("update", [["100", "2", "0", "1"]], [])]
    ):  # fmt: skip
        data = {"asks": asks, "bids": bids, "ts": "1600000000000", "checksum": signed[n]}
        arg = {"channel": "books", "instId": "BTC-USDT"}
        message = {"arg": arg, "action": action, "data": [data]}
        lines.append(f"{NS + n} " + json.dumps(message, separators=(",", ":")))
    return lines


def test_okx_books_are_checked_by_their_checksum(tmp_path: Path) -> None:
    spot = instrument("BTC-USDT", "1", "1")
    good = csv(tmp_path / "good", *okx_lines())
    bad = csv(tmp_path / "bad", *okx_lines(checksum=12_345))

    assert [item.bids for item in items(open_feed(good, spot))] == [((100, 1),), ((100, 2),)]
    with pytest.raises(TickFileError, match=r"bad:2: depth updates are missing: checksum was"):
        items(open_feed(bad, spot))


def test_okx_archives_come_in_a_tar(tmp_path: Path) -> None:
    rows = [
        {"instId": "BTC-USDT-SWAP", "action": "snapshot", "ts": "1600000000000",
         "asks": [["101", "1", "2"]], "bids": [["100", "5", "2"]]},
        {"instId": "BTC-USDT-SWAP", "action": "update", "ts": "1600000000010",
         "asks": [["101", "0", "0"]], "bids": []},
    ]  # fmt: skip
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
    path = tmp_path / "BTC-USDT-SWAP-L2orderbook-400lv-2020-09-13.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        inside = tarfile.TarInfo("book.data")
        inside.size = len(text)
        packed.addfile(inside, io.BytesIO(text))
    swap = instrument("BTC-USDT-SWAP", "1", "0.01")

    assert [(item.at - NS, item.asks) for item in items(open_feed(path, swap))] == [
        (0, ((101, 1),)),
        (10_000_000, ((101, 0),)),
    ]


@needs_shared
def test_bybits_order_book_archive_is_a_chain_without_gaps() -> None:
    path = SHARED / "data/xrpusdt-ob500.data.zip"
    feed = open_feed(path, instrument("XRPUSDT", "0.0001", "1"))

    found = items(feed)

    assert describe(path).listings[0].symbol == "XRPUSDT"
    assert sum(item.snapshot for item in found) == 1
    assert not feed.defects


# ---------------------------------------------------------------------------------- Lean


def lean(folder: Path, name: str, *rows: str) -> Path:
    path = folder / "binance_minute.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(name, "".join(f"{row}\n" for row in rows))
    return path


def test_lean_trade_bars_are_of_the_day_in_their_name(tmp_path: Path) -> None:
    path = lean(tmp_path, "20200913_btcusdt_minute_trade_perp.csv", "60000,100,103,98,101,8")

    found = items(open_feed(path, BTC))

    midnight = 1_599_955_200 * 10**9
    assert [item.at - midnight for item in found] == [n * 15 * 10**9 for n in range(4, 8)]
    assert [item.price for item in found] == [1000, 980, 1030, 1010]


def test_a_bar_of_three_lots_has_all_four_prices(tmp_path: Path) -> None:
    """As an index it is read with other lots, and must tell the same path."""
    path = lean(tmp_path, "20200913_btcusdt_minute_trade_perp.csv", "60000,100,103,98,101,0.003")

    found = items(open_feed(path, BTC))

    assert [(item.price, item.size) for item in found] == [
        (1000, 1),
        (980, 1),
        (1030, 1),
        (1010, 3),
    ]


def test_lean_quote_bars_move_both_sides(tmp_path: Path) -> None:
    row = "0,100,103,98,101,8,100.1,103.1,98.1,101.1,9"
    path = lean(tmp_path, "20200913_btcusdt_minute_quote_perp.csv", row)

    found = items(open_feed(path, BTC))

    assert [(item.bids[-1][0], item.asks[-1][0]) for item in found] == [
        (1000, 1001), (980, 981), (1030, 1031), (1010, 1011)
    ]  # fmt: skip


def test_lean_dollar_contracts_of_binance_are_inverse(tmp_path: Path) -> None:
    path = lean(tmp_path, "20200913_btcusd_minute_trade_perp.csv", "0,100,103,98,101,8")
    (listing,) = describe(path).listings

    assert (listing.market, listing.settle, listing.contract) == (Market.INVERSE, "BTC", "100")


def test_lean_funding_histories(tmp_path: Path) -> None:
    path = csv(tmp_path / "binance_btcusdt.csv", "20200913 12:26:40,0.0001")

    (funding,) = items(open_feed(path, BTC))

    assert isinstance(funding, UpdateFundingRate)
    assert (funding.rate, funding.next_at) == (10_000, NS)


# --------------------------------------------------------------------------- hftbacktest


def events(folder: Path, *rows: tuple[int, int, float, float]) -> Path:
    """An .npz of events: flags, local time, price, size."""
    descr = [
        (name, kind)
        for name, kind in zip(
            ("ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval"),
            ("<u8", "<i8", "<i8", "<f8", "<f8", "<u8", "<i8", "<f8"),
            strict=True,
        )
    ]
    header = repr({"descr": descr, "fortran_order": False, "shape": (len(rows),)})
    body = b"".join(EVENT.pack(flags, at, at, px, qty, 0, 0, 0.0) for flags, at, px, qty in rows)
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body
    path = folder / "btcusdt_20200913.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.npy", array)
    return path


def test_hftbacktest_events_of_the_local_clock(tmp_path: Path) -> None:
    path = events(
        tmp_path,
        (SNAPSHOT | BUY | LOCAL, NS, 100.0, 1.5),
        (SNAPSHOT | SELL | LOCAL, NS, 100.1, 2.0),
        (DEPTH | BUY, NS, 99.0, 7.0),
        (TRADE | BUY | LOCAL, NS + 1, 100.1, 0.25),
        (DEPTH | BUY | LOCAL, NS + 2, 100.0, 0.0),
        (CLEAR | SELL | LOCAL, NS + 3, 100.1, 0.0),
    )

    assert items(open_feed(path, BTC)) == [
        UpdateDepth(
            at=NS, symbol="BTCUSDT", bids=((1000, 1500),), asks=((1001, 2000),), snapshot=True
        ),
        trade(Side.BUY, 1001, 250, NS + 1),
        UpdateDepth(at=NS + 2, symbol="BTCUSDT", bids=((1000, 0),), asks=()),
        UpdateDepth(at=NS + 3, symbol="BTCUSDT", bids=(), asks=((1001, 0),)),
    ]


def test_hftbacktest_figures_that_are_none_are_defects(tmp_path: Path) -> None:
    path = events(tmp_path, (TRADE | BUY | LOCAL, NS, float("nan"), 1.0))

    with pytest.raises(TickFileError, match=r"npz:1: BTCUSDT price was 'nan', expected a decimal"):
        items(open_feed(path, BTC))


def test_another_array_is_refused(tmp_path: Path) -> None:
    path = events(tmp_path, (TRADE | BUY | LOCAL, NS, 1.0, 1.0))
    content = path.read_bytes()
    with zipfile.ZipFile(path) as packed:
        array = packed.read("data.npy").replace(b"order_id", b"order_no")
    assert content
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("data.npy", array)

    with pytest.raises(TickFileError, match="expected the events of hftbacktest"):
        describe(path)


# ------------------------------------------------------------------------------ Nautilus


def nautilus(path: Path, width: int, columns: dict[str, list[object]]) -> Path:
    """A file of a catalogue, with figures in `width` bytes."""
    scale = {8: 10**9, 16: 10**16}[width]
    fields, arrays = [], []
    for name, values in columns.items():
        if name in {"price", "size", "bid_price", "bid_size", "ask_price", "ask_size"}:
            kind = pa.binary(width)
            values = [  # noqa: PLW2901 (raw figures instead)
                int(float(value) * scale).to_bytes(width, "little", signed=True)  # type: ignore[arg-type]
                for value in values
            ]
        else:
            kind = pa.string() if name == "trade_id" else pa.uint64()
        fields.append(pa.field(name, kind))
        arrays.append(pa.array(values, kind))
    about = {"instrument_id": "BTCUSDT-PERP.BINANCE", "price_precision": "1", "size_precision": "3"}
    schema = pa.schema(fields, metadata=about)
    pq.write_table(pa.table(arrays, schema=schema), path)
    return path


@pytest.mark.parametrize("width", [8, 16])
def test_nautilus_trade_ticks(tmp_path: Path, width: int) -> None:
    columns = {
        "price": [100.5, 100.25],
        "size": [0.5, 2],
        "aggressor_side": [1, 2],
        "trade_id": ["a", "b"],
        "ts_event": [NS, NS],
        "ts_init": [NS, NS + 1],
    }
    path = nautilus(tmp_path / "trades.parquet", width, columns)
    perpetual = instrument("BTCUSDT-PERP", "0.25", "0.5")

    found = items(open_feed(path, perpetual))

    assert [(item.at, item.side, item.price, item.size) for item in found] == [
        (NS, Side.BUY, 402, 1),
        (NS + 1, Side.SELL, 401, 4),
    ]


def test_nautilus_book_deltas(tmp_path: Path) -> None:
    columns = {
        "action": [4, 1, 1, 3],
        "side": [0, 1, 2, 1],
        "price": [0, 100, 101, 100],
        "size": [0, 5, 6, 0],
        "order_id": [0, 0, 0, 0],
        "flags": [0, 0, 0, 0],
        "ts_init": [NS, NS, NS, NS + 1],
    }
    path = nautilus(tmp_path / "deltas.parquet", 8, columns)

    found = items(open_feed(path, instrument("BTCUSDT-PERP", "1", "1")))

    assert [(item.bids, item.asks, item.snapshot) for item in found] == [
        (((100, 5),), ((101, 6),), True),
        (((100, 0),), (), False),
    ]


# --------------------------------------------------------------------------------- tables


def test_columns_are_known_by_their_usual_names(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", "Date,Px,Qty,Side", "2020-09-13 12:26:40.5,100.1,2,B")

    assert items(open_feed(path, BTC)) == [trade(Side.BUY, 1001, 2000, NS + 500_000_000)]


def test_other_names_can_be_told(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", "when,paid,lots,way", "1600000000,100.1,2,sell")
    columns = {"time": "when", "price": "paid", "size": "lots", "side": "way"}

    with pytest.raises(TickFileError, match="columns were when,paid,lots,way"):
        describe(path)
    assert items(open_feed(path, BTC, columns=columns)) == [trade(Side.SELL, 1001, 2000)]
    with pytest.raises(TickFileError, match="column was 'colour', expected one of when, paid"):
        describe(path, {"price": "colour"})


def test_without_a_side_an_uptick_was_bought(tmp_path: Path) -> None:
    rows = [f"1600000000,{price},1" for price in ("100.1", "100.2", "100.0")]
    path = csv(tmp_path / "t.csv", "time,price,size", *rows)

    sides = [item.side for item in items(open_feed(path, BTC))]

    assert sides == [Side.BUY, Side.BUY, Side.SELL]


def test_bars_of_any_length(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "bars.csv",
        "date,open,high,low,close,volume",
        "2020-09-13,100,103,98,101,8",
        "2020-09-14,101,101,90,95,8",
    )

    found = items(open_feed(path, BTC))

    day = 86_400 * 10**9
    assert found[4].at - found[0].at == day
    assert found[1].at - found[0].at == day // 4
    assert [item.price for item in found[4:]] == [1010, 1010, 900, 950]


def test_a_bar_begins_where_it_opens_and_touches_its_extremes_in_its_own_order(
    tmp_path: Path,
) -> None:
    path = csv(tmp_path / "bars.csv", "time,open,high,low,close,volume", "1600000000,9,9,9,9,0")

    assert not items(open_feed(path, BTC)), "nothing was traded"


def test_a_parquet_table_is_read_like_a_csv(tmp_path: Path) -> None:
    table = pa.table(
        {
            "timestamp": pa.array([NS, NS + 1], pa.timestamp("ns")),
            "price": [100.1, 100.2],
            "size": [2.0, 0.001],
            "side": ["buy", "sell"],
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)

    assert items(open_feed(path, BTC)) == [
        trade(Side.BUY, 1001, 2000),
        trade(Side.SELL, 1002, 1, NS + 1),
    ]


def test_bad_rows_of_a_parquet_table_are_named_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {"timestamp": [NS, NS + 1, NS], "price": [1.0, None, 1.0], "size": [1, 1, 1]}
    pq.write_table(pa.table(columns), path)
    feed = open_feed(path, BTC, on_defect=OnDefect.SKIP)

    assert len(items(feed)) == 1
    assert feed.defects == {"bad_number": 1, "time_backwards": 1}
    with pytest.raises(TickFileError, match=r"t.parquet:2: BTCUSDT price was ''"):
        items(open_feed(path, BTC))


def test_a_damaged_parquet_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"timestamp": [NS], "price": [1.0], "size": [1]}), path)
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(TickFileError, match=r"t.parquet:1: unreadable Parquet: "):
        describe(path)


# ---------------------------------------------------------------------- Bybit over the wire


def test_bybits_tickers_keep_what_they_do_not_repeat(tmp_path: Path) -> None:
    def line(n: int, **data: str) -> str:
        message = {"topic": "tickers.BTCUSDT", "data": {"symbol": "BTCUSDT", **data}, "cs": n}
        return f"{NS + n} " + json.dumps(message, separators=(",", ":"))

    path = csv(
        tmp_path / "ticks",
        line(0, markPrice="100.5", indexPrice="100.4", fundingRate="0.0001",
             nextFundingTime="1600012800000", fundingIntervalHour="4"),
        line(1, markPrice="100.6"),
    )  # fmt: skip

    index, funding, mark, later = items(open_feed(path, BTC))

    assert (funding.rate, funding.interval) == (10_000, 4 * 3600 * 10**9)
    assert index.price == 10_040_000_000
    assert [type(mark), type(later)] == [UpdateMarkPrice] * 2
    assert later.price == 10_060_000_000


def test_a_liquidated_long_is_sold_whatever_the_venue_calls_its_side(tmp_path: Path) -> None:
    data = [{"T": 1, "s": "BTCUSDT", "S": "Buy", "v": "0.5", "p": "100.1"}]
    message = {"topic": "allLiquidation.BTCUSDT", "data": data}
    path = csv(tmp_path / "ticks", f"{NS} " + json.dumps(message, separators=(",", ":")))

    assert items(open_feed(path, BTC)) == [trade(Side.SELL, 1001, 500)]


def test_bitmex_levels_are_known_by_their_id(tmp_path: Path) -> None:
    def line(n: int, action: str, *rows: dict[str, object]) -> str:
        data = [{"symbol": "XBTUSD", "id": 7, "side": "Buy"} | row for row in rows]
        message = {"table": "orderBookL2", "action": action, "data": data}
        return f"1600000000.{n}: " + json.dumps(message, separators=(",", ":"))

    path = csv(
        tmp_path / "bitmex",
        line(0, "partial", {"size": 10, "price": 100.5}),
        line(1, "update", {"size": 20}),
        line(2, "delete", {}),
        line(3, "update", {"size": 5}),
    )
    perpetual = instrument("XBTUSD", "0.5", "1", inverse=True, settle="XBT")
    feed = open_feed(path, perpetual, on_defect=OnDefect.SKIP)

    assert [item.bids for item in items(feed)] == [((201, 10),), ((201, 20),), ((201, 0),)]
    assert feed.first_defects["gap"].endswith(":4: level 7 of XBTUSD was never inserted")

"""Binance's archives: a file is what its name, folder or header says, and rows become items."""

import zipfile
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
from feeds import Carries, Market, OnDefect, TickFileError, describe, open_feed
from tests.feeds.tape import BTC, instrument, items

T = 1_600_000_000_000
NS = T * 1_000_000
HOUR = 3600 * 10**9


def archive(folder: Path, name: str, *rows: str) -> Path:
    """A zip of one CSV, as they are downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{name}.csv", "".join(f"{row}\n" for row in rows))
    return path


def test_trades_with_a_header_and_without_one_are_the_same(tmp_path: Path) -> None:
    rows = [f"7,100.1,2,200,{T},true", f"8,100.2,1,100,{T + 1},false"]
    header = "id,price,qty,quote_qty,time,is_buyer_maker"
    old = archive(tmp_path / "old", "BTCUSDT-trades-2020-09-13", *rows)
    new = archive(tmp_path / "new", "BTCUSDT-trades-2020-09-13", header, *rows)

    found = items(open_feed(new, BTC))

    assert found == items(open_feed(old, BTC))
    assert found[0] == RecordedTrade(at=NS, symbol="BTCUSDT", side=Side.SELL, price=1001, size=2000)


def test_missing_trade_ids_are_noted_and_repeated_ones_refused(tmp_path: Path) -> None:
    rows = [f"{n},100.1,2,200,{T},true" for n in (7, 9, 9)]
    path = archive(tmp_path, "BTCUSDT-trades-2020-09-13", *rows[:2])
    feed = open_feed(path, BTC)
    items(feed)

    assert feed.notes["trade ids that are missing"] == 1
    with pytest.raises(TickFileError, match=r"trades-2020-09-13.zip:3: trade 9 is repeated"):
        items(open_feed(archive(tmp_path, "BTCUSDT-trades-2020-09-13", *rows), BTC))


@pytest.mark.parametrize(
    ("name", "row", "market"),
    [
        ("BTCUSDT-trades-2020-09-13", f"7,100.1,2,200,{T},true", Market.LINEAR),
        ("BTCUSDT-trades-2020-09-13", f"7,100.1,2,200,{T},True,True", Market.SPOT),
        ("BTCUSDT-aggTrades-2025-09-13", f"7,100.1,2,1,1,{T}000,True,True", Market.SPOT),
        ("BTCUSD_PERP-aggTrades-2020-09", f"7,100.1,2,1,1,{T},true", Market.INVERSE),
    ],
)
def test_name_and_columns_tell_the_market(
    tmp_path: Path, name: str, row: str, market: Market
) -> None:
    path = archive(tmp_path, name, row)
    (listing,) = describe(path).listings

    assert (listing.symbol, listing.market) == (name.partition("-")[0], market)
    (trade,) = items(open_feed(path, instrument(listing.symbol)))
    assert trade.at == NS


def test_quotes_are_the_book_where_there_is_no_other(tmp_path: Path) -> None:
    path = archive(
        tmp_path,
        "BTCUSDT-bookTicker-2020-09-13",
        f"5,99.9,1,100.1,2,{T},{T}",
        f"6,99.9,3,100.1,2,{T},{T + 1}",
        f"7,100.0,1,100.2,2,{T},{T + 2}",
    )

    assert [(item.bids, item.asks, item.snapshot) for item in items(open_feed(path, BTC))] == [
        (((999, 1000),), ((1001, 2000),), True),
        (((999, 3000),), (), False),
        (((999, 0), (1000, 1000)), ((1001, 0), (1002, 2000)), False),
    ]


KLINE = f"{T},100,103,98,101,8,{T + 59_999},800,9,4,400,0"


def test_klines_become_four_trades_each(tmp_path: Path) -> None:
    path = archive(tmp_path, "BTCUSDT-1m-2020-09-13", KLINE)

    found = items(open_feed(path, BTC))

    assert [(item.at - NS, item.price, item.size) for item in found] == [
        (0, 1000, 2000),
        (15 * 10**9, 980, 2000),
        (30 * 10**9, 1030, 2000),
        (45 * 10**9, 1010, 2000),
    ]
    assert [item.side for item in found] == [Side.BUY, Side.SELL, Side.BUY, Side.SELL]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("markPriceKlines", UpdateMarkPrice), ("indexPriceKlines", UpdateIndexPrice)],
)
def test_klines_of_marks_and_indices_are_told_by_their_folder(
    tmp_path: Path, folder: str, kind: type
) -> None:
    row = KLINE.replace(",8,", ",0,")
    path = archive(tmp_path / folder / "BTCUSDT", "BTCUSDT-1m-2020-09-13", row)

    found = items(open_feed(path, BTC))

    assert {type(item) for item in found} == {kind}
    assert [item.price for item in found] == [100 * 10**8, 98 * 10**8, 103 * 10**8, 101 * 10**8]


def test_bars_without_volume_outside_their_folder_are_not_guessed(tmp_path: Path) -> None:
    path = archive(tmp_path, "BTCUSDT-1m-2020-09-13", KLINE.replace(",8,", ",0,"))

    with pytest.raises(TickFileError, match="expected a folder or a name that tells which"):
        describe(path)


def test_a_bar_whose_high_is_not_its_highest_is_a_defect(tmp_path: Path) -> None:
    path = archive(tmp_path, "BTCUSDT-1m-2020-09-13", KLINE.replace("103", "99"))

    with pytest.raises(TickFileError, match="open, high, low and close were 100, 99, 98, 101"):
        items(open_feed(path, BTC))


def test_premiums_become_the_funding_rate_they_make_so_far(tmp_path: Path) -> None:
    """Weights 1 and 2: (0.1% + 2 * 0.4%) / 3 = 0.3%, less the clamp of 0.05%."""
    start = 1_600_012_800_000  # 16:00, the beginning of an interval
    rows = [
        f"{start + n * 60_000},{p},{p},{p},{p},0,{start + n * 60_000 + 59_999},0,12,0,0,0"
        for n, p in enumerate(("0.001", "0.004"))
    ]
    path = archive(tmp_path / "premiumIndexKlines", "BTCUSDT-1m-2020-09-13", *rows)

    first, second = items(open_feed(path, BTC))

    assert isinstance(second, UpdateFundingRate)
    assert (first.rate, second.rate) == (50_000, 250_000)
    assert second.next_at == start * 10**6 + 8 * HOUR


def test_funding_is_in_force_from_the_payment_before_it(tmp_path: Path) -> None:
    rows = ["calc_time,funding_interval_hours,last_funding_rate", f"{T},8,0.00012345"]
    path = archive(tmp_path, "BTCUSDT-fundingRate-2020-09", *rows)

    assert items(open_feed(path, BTC)) == [
        UpdateFundingRate(
            at=NS - 8 * HOUR, symbol="BTCUSDT", rate=12_345, next_at=NS, interval=8 * HOUR
        )
    ]


DEPTH = [
    "timestamp,percentage,depth,notional",
    "2020-09-13 12:26:40,-2,30,2960",
    "2020-09-13 12:26:40,-1,10,995",
    "2020-09-13 12:26:40,1,5,502.5",
    "2020-09-13 12:26:40,2,8,807",
]


def test_bands_of_depth_become_levels_at_their_average_price(tmp_path: Path) -> None:
    path = archive(tmp_path, "BTCUSDT-bookDepth-2020-09-13", *DEPTH)

    assert items(open_feed(path, BTC)) == [
        UpdateDepth(
            at=NS,
            symbol="BTCUSDT",
            bids=((995, 10_000), (982, 20_000)),
            asks=((1005, 5_000), (1015, 3_000)),
            snapshot=True,
        )
    ]


def test_depth_that_shrinks_outwards_is_a_defect(tmp_path: Path) -> None:
    broken = [row.replace("-2,30", "-2,9") for row in DEPTH]
    path = archive(tmp_path, "BTCUSDT-bookDepth-2020-09-13", *broken)

    with pytest.raises(TickFileError, match="depth within -2 % was 9 and its notional 2960"):
        items(open_feed(path, BTC))


def test_each_liquidation_is_there_twice_and_taken_once(tmp_path: Path) -> None:
    row = "1600000000000,SELL,LIMIT,IOC,7,95.0,99.5,FILLED,6,7"
    partly = row.replace("FILLED,6,7", "PARTIALLY_FILLED,1,1")
    path = archive(tmp_path, "BTCUSD_PERP-liquidationSnapshot-2020-09-13", row, row, partly, partly)
    perpetual = instrument("BTCUSD_PERP", "0.5", "100", inverse=True, settle="BTC")
    feed = open_feed(path, perpetual)

    (trade,) = items(feed)

    assert describe(path).listings[0].carries == (Carries.LIQUIDATIONS,)
    assert (trade.side, trade.price, trade.size) == (Side.SELL, 199, 7)
    assert feed.notes["liquidations that are there twice"] == 2
    assert feed.notes["liquidation orders not filled"] == 1


def test_a_damaged_zip_is_no_whole_one(tmp_path: Path) -> None:
    path = archive(tmp_path, "BTCUSDT-trades-2020-09-13", *(["1,2,3,4,5,true"] * 50))
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(TickFileError, match=":1: compressed data ends here: File is not a zip"):
        items(open_feed(path, BTC, on_defect=OnDefect.SKIP))


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.csv", "1")
        packed.writestr("b.csv", "2")

    with pytest.raises(TickFileError, match="an archive of 2 files, expected one"):
        describe(path)

"""A small good file of each text format: its name, and its lines.

Every price has a decimal point, every row a time of 13 to 19 digits, and rows are a second apart.
"""

import json
from collections.abc import Callable

from tests.feeds.tape import Tape

T0 = 1_600_000_000_000_000
MS0 = 1_600_000_000_000
COMMON = "exchange,symbol,timestamp,local_timestamp"


def raw() -> list[str]:
    tape = Tape().snapshot(10, [("100.0", "1")], [("100.1", "2")])
    for last in range(11, 17):
        tape.depth(last, last, pu=last - 1, bids=[(f"99.{last - 10}", "1")])
        tape.trade("100.1", "0.5", last)
    return tape.lines


def tardis(columns: str, *rows: str) -> list[str]:
    lines = [f"{COMMON},{columns}"]
    for second, row in enumerate(rows):
        at = T0 + second * 1_000_000
        lines.append(f"binance-futures,BTCUSDT,{at},{at},{row}")
    return lines


def tardis_depth() -> list[str]:
    return tardis(
        "is_snapshot,side,price,amount",
        "true,bid,100.0,1",
        *(f"false,bid,99.{n},1" for n in range(1, 9)),
    )


def tardis_trades() -> list[str]:
    return tardis("id,side,price,amount", *(f"t{n},buy,100.{n},0.5" for n in range(9)))


def tardis_quotes() -> list[str]:
    return tardis(
        "ask_amount,ask_price,bid_price,bid_amount",
        *(f"{n + 1},100.{n},99.{n},2" for n in range(9)),
    )


def tardis_snapshots() -> list[str]:
    columns = ",".join(
        f"asks[{n}].price,asks[{n}].amount,bids[{n}].price,bids[{n}].amount" for n in range(2)
    )
    return tardis(columns, *(f"100.{n},1,99.{n},1,101.{n},1,98.{n},2" for n in range(9)))


def tardis_ticker() -> list[str]:
    pays = T0 + 3_600_000_000
    return tardis(
        "funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,"
        "index_price,mark_price",
        *(f"{pays},0.0001,,5,100.0,100.{n},100.{n}5" for n in range(9)),
    )


def timed(header: str, *rows: str) -> list[str]:
    """Rows in which @ stands for the time, a second later in each."""
    lines = [header] if header else []
    return [*lines, *(row.replace("@", str(MS0 + n * 1000)) for n, row in enumerate(rows))]


def binance_trades() -> list[str]:
    header = "id,price,qty,quote_qty,time,is_buyer_maker"
    return timed(header, *(f"{n + 7},100.{n},0.5,50,@,false" for n in range(9)))


def binance_agg_trades() -> list[str]:
    """Without a header, as older files are."""
    return timed("", *(f"{n + 7},100.{n},0.5,1,1,@,true" for n in range(9)))


def binance_book_ticker() -> list[str]:
    header = (
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,"
        "event_time"
    )
    return timed(header, *(f"{n + 7},99.{n},0.5,100.{n},1,@,@" for n in range(9)))


def bybit_trades() -> list[str]:
    header = (
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,"
        "foreignNotional"
    )
    rows = (f"@,BTCUSDT,Buy,0.5,100.{n},PlusTick,t{n},5,1,50" for n in range(9))
    return [row.replace("000,BTC", ".0001,BTC") for row in timed(header, *rows)]


def okx_trades() -> list[str]:
    header = "instrument_name,trade_id,side,price,size,created_time"
    return timed(header, *(f"BTCUSDT,{n + 7},sell,100.{n},2,@" for n in range(9)))


def plain_table() -> list[str]:
    return timed("timestamp,price,size,side", *(f"@,100.{n},0.5,buy" for n in range(9)))


def bybit_archive() -> list[str]:
    levels = [["100.0", "1"]]
    lines = []
    for n in range(9):
        data = {"s": "BTCUSDT", "b": levels, "a": [["101.0", "2"]], "u": n + 5, "seq": n}
        kind = "delta" if n else "snapshot"
        message = {"topic": "orderbook.500.BTCUSDT", "type": kind, "ts": MS0 + n * 1000}
        lines.append(json.dumps(message | {"data": data}, separators=(",", ":")))
        levels = [[f"99.{n}", "1"]]
    return lines


Lines = Callable[[], list[str]]

SAMPLES: dict[str, tuple[str, Lines]] = {
    "raw": ("ticks", raw),
    "tardis_depth": ("ticks", tardis_depth),
    "tardis_trades": ("ticks", tardis_trades),
    "tardis_quotes": ("ticks", tardis_quotes),
    "tardis_snapshots": ("ticks", tardis_snapshots),
    "tardis_ticker": ("ticks", tardis_ticker),
    "binance_trades": ("BTCUSDT-trades-2020-09-13.csv", binance_trades),
    "binance_agg_trades": ("BTCUSDT-aggTrades-2020-09-13.csv", binance_agg_trades),
    "binance_book_ticker": ("BTCUSDT-bookTicker-2020-09-13.csv", binance_book_ticker),
    "bybit_trades": ("BTCUSDT2020-09-13.csv", bybit_trades),
    "okx_trades": ("BTCUSDT-trades-2020-09-13.csv", okx_trades),
    "plain_table": ("BTCUSDT.csv", plain_table),
    "bybit_archive": ("2020-09-13_BTCUSDT_ob500.data", bybit_archive),
}
"""By format: the file's name, and its lines."""

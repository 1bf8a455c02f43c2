"""A small good file of each format, as lines; every price has a decimal point, every row a time."""

from tests.feeds.tape import Tape

T0 = 1_600_000_000_000_000
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


def tardis_ticker() -> list[str]:
    pays = T0 + 3_600_000_000
    return tardis(
        "funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,"
        "index_price,mark_price",
        *(f"{pays},0.0001,,5,100.0,100.{n},100.{n}5" for n in range(9)),
    )


SAMPLES = {made.__name__: made for made in (raw, tardis_depth, tardis_trades, tardis_ticker)}
"""Name of the format, and its lines."""

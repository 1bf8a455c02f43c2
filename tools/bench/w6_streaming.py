"""W6: a long packed file, streamed from disk to venue commands, and the memory that takes.

A unit of work is a row.  The peers only take rows apart: Python's own csv module, and Arrow's
reader, which is written in C++ and makes columns.  Neither checks a row nor makes it exact.
"""

import asyncio
import csv
import gzip
import resource
import tempfile
from pathlib import Path

from pyarrow import csv as arrow_csv

from exchange import InstrumentRules, Tier
from exchange.core.instrument import Instrument
from feeds import open_feed
from tools.bench.measured import Engine, Measured, timed

BEGIN = 1_600_000_000_000_000
HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
MESSAGE = 8
"""Rows of one moment, which are one update of the book."""
LEVELS = 400
WRITTEN = 1 << 14
"""Rows in one write."""


def plimsoll(rows: int) -> Measured:
    """Everything a replay does with a file before the venue is asked."""
    path, rules = (
        recording(rows),
        InstrumentRules(symbol="BTCUSDT", tick_size="0.5", lot_size="0.001"),
    )
    instrument = Instrument(0, rules, (Tier(floor="0", maintenance="0.01", leverage_max=50),))

    async def read() -> int:
        return sum([len(batch) async for batch in open_feed(path, instrument)])

    updates, nanos = timed(lambda: asyncio.run(read()))
    return streamed(nanos, rows, {"updates": updates})


def python_csv(rows: int) -> Measured:
    """Split each row."""
    path = recording(rows)

    def read() -> int:
        with gzip.open(path, "rt", newline="") as file:
            return sum(1 for _ in csv.reader(file))

    _, nanos = timed(read)
    return streamed(nanos, rows, {})


def arrow(rows: int) -> Measured:
    """Columns, a block at a time."""
    path = recording(rows)

    def read() -> int:
        with arrow_csv.open_csv(path) as reader:
            return sum(batch.num_rows for batch in reader)

    _, nanos = timed(read)
    return streamed(nanos, rows, {})


def streamed(nanos: int, rows: int, facts: dict[str, int]) -> Measured:
    """What it took, with the most memory that the process has ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(nanos=nanos, count=rows, facts=facts | {"resident MB": peak})


def recording(rows: int) -> Path:
    """A book of so many rows in the format of Tardis, made once and kept for the other engines."""
    path = Path(tempfile.gettempdir()) / f"plimsoll-bench-{rows}.csv.gz"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        with gzip.open(unfinished, "wt", compresslevel=1) as file:
            file.write(HEADER)
            for first in range(0, rows, WRITTEN):
                last = min(first + WRITTEN, rows)
                file.write("".join(line(number) for number in range(first, last)))
        unfinished.rename(path)
    return path


def line(number: int) -> str:
    """A row: the levels below 60,000 are bids, and those above are asks."""
    at = BEGIN + number // MESSAGE * 1_000
    level = number * 7919 % LEVELS - LEVELS // 2
    side, price = ("bid", 60_000 + level / 2) if level < 0 else ("ask", 60_000.5 + level / 2)
    snapshot = "true" if number < MESSAGE else "false"
    amount = number * 104_729 % 900
    return f"binance-futures,BTCUSDT,{at},{at},{snapshot},{side},{price},0.{amount:03}\n"


ENGINES: dict[str, Engine] = {"plimsoll": plimsoll, "csv (Python)": python_csv, "Arrow": arrow}

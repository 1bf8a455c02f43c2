"""Long files are streamed: what a reader holds does not grow with the file."""

import gzip
import tracemalloc
from pathlib import Path

from feeds import open_feed
from feeds.source import BATCH
from tests.feeds.tape import BTC

T0 = 1_600_000_000_000_000
HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"


def book(path: Path, rows: int) -> Path:
    """A packed file of so many rows, over the same few hundred levels."""
    with gzip.open(path, "wt") as file:
        file.write(HEADER)
        file.write(f"binance-futures,BTCUSDT,{T0},{T0},true,bid,100.0,1\n")
        for row in range(rows):
            at, price, size = T0 + row, 100 + row % 300, row % 1_000
            file.write(f"binance-futures,BTCUSDT,{at},{at},false,bid,{price}.5,0.{size:03d}\n")
    return path


async def peak(path: Path) -> int:
    """Bytes held at most while a file is read to its end."""
    tracemalloc.start()
    async for batch in open_feed(path, BTC):
        assert len(batch) <= BATCH
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


async def test_four_times_the_file_needs_no_more_memory(tmp_path: Path) -> None:
    short = await peak(book(tmp_path / "short.csv.gz", 30_000))
    long = await peak(book(tmp_path / "long.csv.gz", 120_000))

    assert long < short * 1.2
    assert long < 20_000_000

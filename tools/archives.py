"""Public archives of tick data: where each file lies.

Terms of use are the venues' own; nothing is fetched that they do not offer to everyone.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from tools.scenario import ScenarioError

BINANCE = "https://data.binance.vision/data"
"""https://github.com/binance/binance-public-data"""
BYBIT = "https://public.bybit.com"
OKX = "https://static.okx.com/cdn/okex/traderecords"
"""https://www.okx.com/historical-data; a day there is a day of UTC+8."""
TARDIS = "https://datasets.tardis.dev/v1"
"""https://docs.tardis.dev/downloadable-csv-files; the first day of a month needs no key."""
BARS = ("klines", "markPriceKlines", "indexPriceKlines", "premiumIndexKlines")
PARTS = {"spot": "spot", "um": "futures/um", "cm": "futures/cm"}
MONTHLY = ("fundingRate",)


class Wanted(NamedTuple):
    """One file to have."""

    url: str
    name: str
    """Where it goes, below the folder: folders are kept, they tell what a file is."""
    sum_url: str = ""


class Asked(NamedTuple):
    """What was asked for."""

    symbol: str
    data: str
    market: str
    interval: str
    first: date
    last: date
    base: str
    """Instead of the archive's own address; empty: that."""


def binance(asked: Asked) -> Iterator[Wanted]:
    """Daily files, each with its SHA-256; funding rates come by the month."""
    if asked.market not in PARTS:
        raise ScenarioError(f"market was {asked.market!r}, expected {', '.join(PARTS)}")
    part, data, symbol = PARTS[asked.market], asked.data, asked.symbol
    bars = data in BARS
    folder = f"{data}/{symbol}/{asked.interval}" if bars else f"{data}/{symbol}"
    monthly = data in MONTHLY
    seen = set()
    for day in days(asked):
        when = day.strftime("%Y-%m") if monthly else day.isoformat()
        if when in seen:
            continue
        seen.add(when)
        span = "monthly" if monthly else "daily"
        name = f"{part}/{span}/{folder}/{symbol}-{asked.interval if bars else data}-{when}.zip"
        url = f"{asked.base or BINANCE}/{name}"
        yield Wanted(url, f"binance/{name}", f"{url}.CHECKSUM")


def bybit(asked: Asked) -> Iterator[Wanted]:
    """Trades: of contracts by the day."""
    expect(asked.data, "trades")
    for day in days(asked):
        name = f"trading/{asked.symbol}/{asked.symbol}{day.isoformat()}.csv.gz"
        yield Wanted(f"{asked.base or BYBIT}/{name}", f"bybit/{name}")


def okx(asked: Asked) -> Iterator[Wanted]:
    """Trades by the day."""
    expect(asked.data, "trades")
    for day in days(asked):
        name = f"trades/daily/{day:%Y%m%d}/{asked.symbol}-trades-{day.isoformat()}.zip"
        yield Wanted(f"{asked.base or OKX}/{name}", f"okx/{name}")


def tardis(asked: Asked) -> Iterator[Wanted]:
    """Datasets by the day; `market` is the exchange as Tardis calls it."""
    for day in days(asked):
        name = f"{asked.market}/{asked.data}/{day:%Y/%m/%d}/{asked.symbol}.csv.gz"
        kept = f"tardis/{asked.market}_{asked.data}_{day.isoformat()}_{asked.symbol}.csv.gz"
        yield Wanted(f"{asked.base or TARDIS}/{name}", kept)


ARCHIVES: dict[str, Callable[[Asked], Iterator[Wanted]]] = {
    "binance": binance,
    "bybit": bybit,
    "okx": okx,
    "tardis": tardis,
}


def days(asked: Asked) -> Iterator[date]:
    """From the first to the last, both of them.  Raises ScenarioError where that is before."""
    if asked.last < asked.first:
        raise ScenarioError(f"last was {asked.last}, expected {asked.first} or later")
    for number in range((asked.last - asked.first).days + 1):
        yield asked.first + timedelta(days=number)


def expect(data: str, offered: str) -> None:
    """Raises ScenarioError for data that an archive does not have."""
    if data != offered:
        raise ScenarioError(f"data was {data!r}, expected {offered}")

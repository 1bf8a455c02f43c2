"""A tick file as a feed, whatever its kind."""

from pathlib import Path

from exchange.core.instrument import Instrument
from exchange.core.units import Nanos
from feeds.binance_raw import BinanceRaw
from feeds.defects import OnDefect, TickFileError
from feeds.index_price import SpotIndex
from feeds.recognise import Kind, Market, describe
from feeds.source import Source
from feeds.tardis import TardisDepth, TardisTicker, TardisTrades
from feeds.window import Window

READERS = {
    Kind.BINANCE_RAW: BinanceRaw,
    Kind.TARDIS_DEPTH: TardisDepth,
    Kind.TARDIS_TRADES: TardisTrades,
    Kind.TARDIS_TICKER: TardisTicker,
}


def open_feed(
    path: str | Path,
    instrument: Instrument | None = None,
    *,
    index_for: Instrument | None = None,
    on_defect: OnDefect | str = OnDefect.STOP,
    start: Nanos | None = None,
    end: Nanos | None = None,
    symbol: str = "",
    contract: str = "",
) -> Source:
    """A file as the market of `instrument`, or as the index price of the perpetual `index_for`.

    `symbol` is what the file calls the market, where that differs from the instrument's name;
    `contract` what a size of 1 in the file stands for, where that is not one of the base asset.
    `start` and `end` (exclusive) are in ns; a book that was built before `start` opens the window.
    Raises TickFileError for a file that cannot be read as that.
    """
    found = describe(path)
    if index_for is not None:
        if found.kind is not Kind.BINANCE_RAW or found.market is not Market.SPOT:
            raise TickFileError(
                f"{path}: was {found.kind} of a {found.market} market, "
                "expected a raw spot recording to make an index price from"
            )
        source: Source = SpotIndex(path, index_for, on_defect, symbol=symbol)
    elif instrument is not None:
        source = READERS[found.kind](path, instrument, on_defect, symbol=symbol, contract=contract)
    else:
        raise TypeError("open_feed needs an instrument, or index_for")
    return source if start is None and end is None else Window(source, start, end)

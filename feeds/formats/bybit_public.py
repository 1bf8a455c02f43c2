"""Bybit's public trades (public.bybit.com): `trading` for contracts, `spot` for spot.

Time is in seconds with decimals, and is read as text so that none is lost; spot has milliseconds.
"""

from feeds.clock_text import Clock, DecimalSeconds, Digits
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.sample import Sample
from feeds.trade_rows import TradeRows
from feeds.venues import listing

MILLISECONDS = 13
"""Digits."""


class Trades(TradeRows):
    """Trades of one contract."""

    time_column = "timestamp"
    symbol_column = "symbol"
    columns = ("trdMatchID", "side", "price", "size")

    def clock(self) -> Clock:
        """Seconds since 1970."""
        return DecimalSeconds()


class SpotTrades(TradeRows):
    """Trades of one spot pair, which only the file's name tells."""

    time_column = "timestamp"
    columns = ("id", "side", "price", "volume")

    def clock(self) -> Clock:
        """Milliseconds since 1970."""
        return Digits(MILLISECONDS, self.notes)


def _source(sample: Sample) -> type[TradeRows] | None:
    if set(sample.names) >= {"timestamp", "symbol", "trdMatchID", "side", "price", "size"}:
        return Trades
    return SpotTrades if sample.names == ["id", "timestamp", "price", "volume", "side"] else None


def _sniff(sample: Sample) -> FileKind | None:
    source = _source(sample)
    if source is None:
        return None
    if source is SpotTrades:
        symbol = sample.name.partition("_")[0].partition("-")[0]
        found = listing("bybit-spot", symbol, Carries.TRADES)
    else:
        found = listing("bybit", sample.column("symbol"), Carries.TRADES)
    return FileKind(format="bybit_public", title="Bybit trades", venue="bybit", listings=(found,))


def _open(opening: Opening) -> TradeRows:
    source = _source(opening.sample)
    assert source is not None, "recognised before"
    return source(opening.path, opening.scale, opening.called, opening.on_defect)


FORMAT = Format("bybit_public", _sniff, _open)

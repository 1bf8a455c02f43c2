"""OKX's public trades (www.okx.com/historical-data): a zip of one CSV for each UTC+8 day.

Sizes of swaps and futures are in contracts.
"""

from feeds.clock_text import Clock, Digits
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.sample import Sample
from feeds.trade_rows import TradeRows
from feeds.venues import listing

MILLISECONDS = 13
"""Digits."""
HEADER = {"instrument_name", "trade_id", "side", "price", "size", "created_time"}


class Trades(TradeRows):
    """Trades of one instrument."""

    time_column = "created_time"
    symbol_column = "instrument_name"
    columns = ("trade_id", "side", "price", "size")

    def clock(self) -> Clock:
        """Milliseconds since 1970."""
        return Digits(MILLISECONDS, self.notes)


def _sniff(sample: Sample) -> FileKind | None:
    if not set(sample.names) >= HEADER:
        return None
    found = listing("okx", sample.column("instrument_name"), Carries.TRADES)
    return FileKind(format="okx_public", title="OKX trades", venue="okx", listings=(found,))


def _open(opening: Opening) -> Trades:
    return Trades(opening.path, opening.scale, opening.called, opening.on_defect)


FORMAT = Format("okx_public", _sniff, _open)

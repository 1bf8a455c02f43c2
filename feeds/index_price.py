"""An index price from a spot recording: the middle of the spot market's best bid and ask.

A real index averages several spot markets.  One of them, always fresh and exact, is the best
that one recording can give.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from exchange.core.instrument import Instrument
from exchange.core.messages import UpdateIndexPrice
from exchange.core.units import MarkPrice, UnitError
from exchange.feed import FeedItem
from feeds.binance_messages import BookTicker, message, received
from feeds.defects import Defect, OnDefect, RowError, not_again
from feeds.grid import Grid, half_even
from feeds.source import FileSource

SPOT_STEP = Fraction(1, 10**8)
"""Binance writes spot prices with eight decimals, whatever the tick."""


class SpotIndex(FileSource):
    """The index price of `perpetual`, from the bookTicker rows of a raw spot recording.

    The middle is exact and then rounded half-even to the perpetual's mark unit.  An item comes
    only when the index changes.
    """

    def __init__(
        self,
        path: str | Path,
        perpetual: Instrument,
        on_defect: OnDefect | str = OnDefect.STOP,
        *,
        symbol: str = "",
    ) -> None:
        """Give `perpetual` an index; the file calls the spot market `symbol` if not the same."""
        super().__init__(path, on_defect)
        self.symbol = perpetual.symbol
        self._symbol_in_file = symbol or perpetual.symbol
        self._prices = Grid(SPOT_STEP, f"{self._symbol_in_file} spot price", least=1)
        # (bid + ask) / 2 in spot steps, as a ratio of mark units.
        ratio = SPOT_STEP / 2 / perpetual.mark_unit
        self._numerator, self._denominator = ratio.numerator, ratio.denominator

    def items(self) -> Iterator[FeedItem]:
        """Every change of the index.  Raises TickFileError at a defect that stops it."""
        last: MarkPrice | None = None
        before = b""
        for row, line in self._file.lines():
            try:
                not_again(line, before)
                before = line
                at, body = received(line)
                quote = message(body)
                at = self._time.forward(row, at)
                index = self._middle(quote) if isinstance(quote, BookTicker) else last
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
                continue
            if index is not None and index != last:
                last = index
                yield UpdateIndexPrice(at=at, symbol=self.symbol, price=index)

    def _middle(self, quote: BookTicker) -> MarkPrice:
        if quote.symbol != self._symbol_in_file:
            text = f"symbol was {quote.symbol}, expected {self._symbol_in_file}"
            raise RowError(Defect.UNKNOWN_SYMBOL, text)
        both = self._prices[quote.bid] + self._prices[quote.ask]
        return half_even(both * self._numerator, self._denominator)

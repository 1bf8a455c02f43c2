"""A recorded market as columns of whole numbers: a row for each level told, trade, and mark."""

from collections.abc import Iterable
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from exchange.core.units import GRID_MAX

BID: Final = 0
ASK: Final = 1
"""History's size at a price, from now on; 0 where there is nothing any more."""
BUY: Final = 2
SELL: Final = 3
"""A trade whose taker bought, or sold."""
MARK: Final = 4
"""The mark price, in mark units; its size says nothing."""


class Columns:
    """One market's history, in order of time.  Rows of one time happen together.

    Four columns of whole numbers, of one length: nanoseconds, what the row says (`BID` to `MARK`),
    ticks, lots; lists, `array("q")` and NumPy's arrays will do.
    Raises ValueError, naming the row from 1, where something cannot be.
    """

    def __init__(
        self, at: Iterable[int], kind: Iterable[int], price: Iterable[int], size: Iterable[int]
    ) -> None:
        self.at: vec[i64] = column(at)
        self.kind: vec[i64] = column(kind)
        self.price: vec[i64] = column(price)
        self.size: vec[i64] = column(size)
        self.count = len(self.at)
        lengths = [len(one) for one in (self.kind, self.price, self.size)]
        if lengths != [self.count] * 3:
            found = ", ".join(map(str, [self.count, *lengths]))
            raise ValueError(f"columns had {found} rows, expected as many of each")
        self._check()

    def __len__(self) -> int:
        return self.count

    def _check(self) -> None:
        last: i64 = 0
        row: i64 = 0
        most: i64 = GRID_MAX
        while row < len(self.at):
            at, kind, price, size = self.at[row], self.kind[row], self.price[row], self.size[row]
            row += 1
            if at < last:
                raise ValueError(f"row {row}: time was {at}, expected {last} or later")
            if not 0 <= kind <= MARK:
                raise ValueError(f"row {row}: kind was {kind}, expected 0 to {MARK}")
            least: i64 = 1 if BUY <= kind <= SELL else 0
            if not 0 < price <= most:
                raise ValueError(f"row {row}: price was {price}, expected 1 to {most}")
            if not least <= size <= most:
                raise ValueError(f"row {row}: size was {size}, expected {least} to {most}")
            last = at


def column(numbers: Iterable[int]) -> vec[i64]:
    """Whole numbers side by side."""
    return vec[i64](numbers)

"""Quotes and trades of a recording, read by their shape: nineteen rows of twenty are one of these.

What needs a thought is left to the general reader: a shape that was not met before, a time that
goes back, a line or a trade that is repeated.
"""

from typing import Final, final

from mypy_extensions import i64

from exchange.core.messages import RecordedTrade, Side
from feeds.defects import LocalTime, Numbers
from feeds.grid import Grid
from feeds.line_shape import NINE, NOTHING, LineShape, digits, shape_of
from feeds.scale import Scale
from feeds.told import Quote, Said, Told

STAMP: Final = 19
"""Digits of a time in nanoseconds since 1970, from 2001 on."""
STAMP_MAX: Final = 9 * 10**18
"""Times below it fit 64 bits; it is in the year 2255."""
SPACE: Final = 32
SHAPES_MAX: Final = 8
"""Quotes have one or two, trades two or four; more say that something else is going on."""


@final
class KnownLines:
    """Lines `<time in ns> <JSON>` of one market, of shapes that were met before."""

    def __init__(self, scale: Scale, time: LocalTime, numbers: Numbers) -> None:
        """`time` and `numbers`: of the rows and trades so far, whoever read them."""
        self._scale = scale
        self._symbol = scale.symbol
        self._time = time
        self._numbers = numbers
        self._shapes: list[LineShape] = []
        self._sides: list[Side | None] = []
        """Of each shape: the side of its trades; None: it is of quotes."""

    def learn_quote(self, line: bytes, keys: tuple[str, ...]) -> None:
        """A quote was read in general: the next may be like it.

        `keys`: of the bid, its size, the ask, its size, and the update id.
        """
        scale = self._scale
        grids = (scale.quoted, scale.sizes, scale.quoted, scale.sizes, None)
        self._learn(line, dict(zip(keys, grids, strict=True)), None)

    def learn_trade(self, line: bytes, keys: tuple[str, ...], side: Side) -> None:
        """So was a trade.  `keys`: of its price, its size and its number."""
        grids = (self._scale.prices, self._scale.trade_sizes, None)
        self._learn(line, dict(zip(keys, grids, strict=True)), side)

    def _learn(self, line: bytes, grids: dict[str, Grid | None], side: Side | None) -> None:
        if len(self._shapes) < SHAPES_MAX:
            shape = shape_of(line, STAMP + 1, grids)
            if shape is not None:
                self._shapes.append(shape)
                self._sides.append(side)

    def take(
        self, lines: list[bytes], place: i64, first: i64, before: bytes, told: list[Told]
    ) -> i64:
        """Add what lines say from `place` on; the place of one that must be read in general.

        `first`: the row of the first line.  `before`: the line before that at `place`.
        """
        if self._time.last >= STAMP_MAX:
            return place
        last = begun = i64(self._time.last)
        while place < len(lines):
            line = lines[place]
            at = stamp(line)
            if at < last or line == before:
                break
            rank = self._rank(line)
            if rank == NOTHING:
                break
            figures, side = self._shapes[rank].figures, self._sides[rank]
            said: Said
            if side is None:
                bid, ask = figures[0], figures[2]
                said = Quote(
                    at=at,
                    symbol=self._symbol,
                    bid=bid,
                    bid_size=figures[1] if bid else 0,
                    ask=ask,
                    ask_size=figures[3] if ask else 0,
                )
                told.append((first + place, said, figures[4]))
            elif self._is_new(figures[2]):
                self._numbers.take(figures[2])
                symbol, price, size = self._symbol, figures[0], figures[1]
                said = RecordedTrade(at=at, symbol=symbol, side=side, price=price, size=size)
                told.append((first + place, said, 0))
            else:
                break
            last, before = at, line
            place += 1
        if last > begun:
            self._time.last = last
        return place

    def _is_new(self, number: i64) -> bool:
        """Whether no trade has come with a number as high."""
        last = self._numbers.last
        return last is None or number > last

    def _rank(self, line: bytes) -> i64:
        """Which shape a line has."""
        for rank, shape in enumerate(self._shapes):
            if shape.fits(line, STAMP + 1):
                return rank
        return NOTHING


def stamp(line: bytes) -> i64:
    """The time that a line begins with; below 0 where there is none."""
    if len(line) <= STAMP or line[STAMP] != SPACE or line[0] == NINE:
        return NOTHING
    at, end = digits(line, 0, 0, STAMP)
    return at if end == STAMP else NOTHING

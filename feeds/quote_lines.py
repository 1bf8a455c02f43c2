"""Best quotes that follow one another in a recording: nine rows of ten are of this kind."""

from typing import Final, final

from mypy_extensions import i64

from feeds.defects import LocalTime
from feeds.grid import Grid
from feeds.line_shape import NINE, NOTHING, LineShape, digits, shape_of
from feeds.scale import Scale
from feeds.told import Quote, Told

STAMP: Final = 19
"""Digits of a time in nanoseconds since 1970, from 2001 on."""
SPACE: Final = 32
SHAPES_MAX: Final = 8
"""A stream has one or two; more say that something else is going on."""


@final
class QuoteLines:
    """The quotes of one market: `<time in ns> <JSON>`, of shapes that were met before."""

    def __init__(self, scale: Scale, time: LocalTime, keys: tuple[str, ...]) -> None:
        """`keys`: of the bid, its size, the ask, its size, and the update id."""
        grids = (scale.quoted, scale.sizes, scale.quoted, scale.sizes, None)
        self._grids: dict[str, Grid | None] = dict(zip(keys, grids, strict=True))
        self._symbol = scale.symbol
        self._time = time
        self._shapes: list[LineShape] = []

    def learn(self, line: bytes) -> None:
        """A quote of the market, which was read in general: the next may be like it."""
        if len(self._shapes) < SHAPES_MAX:
            shape = shape_of(line, STAMP + 1, self._grids)
            if shape is not None:
                self._shapes.append(shape)

    def take(
        self, lines: list[bytes], place: i64, first: i64, before: bytes, told: list[Told]
    ) -> int:
        """Add the quotes that stand from `place` on; the place of the line that must be read.

        `first`: the row of the first line.  A line that repeats the one before it, or whose time
        goes back, is left, as is what no shape fits.
        """
        last = begun = i64(self._time.last)
        while place < len(lines):
            line = lines[place]
            at = stamp(line)
            if at < last or line == before:
                break
            shape = self._shape(line)
            if shape is None:
                break
            figures = shape.figures
            bid, ask = figures[0], figures[2]
            quote = Quote(
                at=at,
                symbol=self._symbol,
                bid=bid,
                bid_size=figures[1] if bid else 0,
                ask=ask,
                ask_size=figures[3] if ask else 0,
            )
            told.append((first + place, quote, figures[4]))
            last, before = at, line
            place += 1
        if last > begun:
            self._time.last = last
        return place

    def _shape(self, line: bytes) -> LineShape | None:
        for shape in self._shapes:
            if shape.fits(line, STAMP + 1):
                return shape
        return None


def stamp(line: bytes) -> i64:
    """The time that a line begins with; below 0 where there is none."""
    if len(line) <= STAMP or line[STAMP] != SPACE or line[0] == NINE:
        return NOTHING
    at, end = digits(line, 0, 0, STAMP)
    return at if end == STAMP else NOTHING

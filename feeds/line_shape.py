"""Lines that differ only in their figures, read straight into whole numbers.

A stream says one thing again and again: the same keys in the same order, with other figures.  A
shape is learned from a line that was read in general, as any line is.  A line that is the same but
for plain figures can then be read without making text of it or looking anything up.  Of every
other line a shape says nothing: it is read in general, which also tells what is wrong with it.
"""

import re
from collections.abc import Mapping
from itertools import count
from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from feeds.grid import TEXT_MAX, Grid

COMPILED: Final = not __file__.endswith(".py")
"""Interpreted, a byte at a time takes longer than reading in general: nobody learns shapes then."""
FIGURE: Final = re.compile(rb'"(\w+)"\s*:\s*(?:"(\d[\d.]*)"|(\d+))(?=\s*[,}])')
"""A key with a decimal in text, or with a whole number."""
ESCAPE: Final = b"\\"
"""It allows a key to be written in another way."""
DIGITS_MAX: Final = 18
"""So many digits fit 64 bits."""
ZERO: Final = 48
NINE: Final = 57
POINT: Final = 46
NOTHING: Final = -1


@final
class Figure:
    """Where a figure goes, and what a step of its grid is."""

    def __init__(self, rank: int, grid: Grid | None = None) -> None:
        """Without a grid it is a whole number as it is."""
        self.rank = rank
        self.places = NOTHING if grid is None or grid.places is None else grid.places
        self.unit = 1 if grid is None else grid.unit
        self.least = 0 if grid is None else grid.least


@final
class LineShape:
    """One shape: the text between the figures, and on which grid each figure lies."""

    def __init__(self, texts: list[bytes], figures: list[Figure]) -> None:
        """`texts`: what stands before each figure, and behind the last."""
        self._texts = texts
        self._count = len(figures)
        self._ranks = vec[i64](figure.rank for figure in figures)
        self._places = vec[i64](figure.places for figure in figures)
        self._units = vec[i64](figure.unit for figure in figures)
        self._least = vec[i64](figure.least for figure in figures)
        self.figures = vec[i64](0 for _ in range(1 + len(figures)))
        """By rank, those of the last line that fitted."""

    def fits(self, line: bytes, place: i64) -> bool:
        """Whether a line, from `place` on, is of this shape; its figures are in `figures` then."""
        for number, text in enumerate(self._texts):
            end = place + len(text)
            if line[place:end] != text:
                return False
            if number == self._count:
                return end == len(line)
            places = self._places[number]
            if places < 0:
                value, place = whole(line, end)
            else:
                value, place = steps(line, end, places, self._units[number])
            if value < self._least[number]:
                return False
            self.figures[self._ranks[number]] = value
        return False


def shape_of(line: bytes, place: int, grids: Mapping[str, Grid | None]) -> LineShape | None:
    """The shape of a line that holds, from `place` on, a message in JSON, which was read.

    `grids`: those of the figures that are asked for, by key and in order of their rank; None for a
    whole number.  None where one of them is not plain, or could be another's.
    """
    if ESCAPE in line or any(line.count(b'"%b"' % key.encode()) != 1 for key in grids):
        return None
    ranks = dict(zip(grids, count()))
    texts, figures, end = list[bytes](), list[Figure](), place
    for found in FIGURE.finditer(line, place):
        key, which = found[1].decode(), 2 if found[3] is None else 3
        if key in ranks:
            figures.append(Figure(ranks.pop(key), grids[key]))
        elif found[3] is None:
            continue  # what else is text is the same in every line
        else:
            figures.append(Figure(len(grids)))
        texts.append(line[end : found.start(which)])
        end = found.end(which)
    shape = LineShape([*texts, line[end:]], figures)
    return None if ranks or not shape.fits(line, place) else shape


def whole(line: bytes, place: i64) -> tuple[i64, i64]:
    """A whole number at `place` and where it ends; below 0 where there is none as JSON has them."""
    value, end = digits(line, place, 0, DIGITS_MAX)
    if end == place or (end > place + 1 and line[place] == ZERO):
        value = NOTHING
    return value, end


def steps(line: bytes, place: i64, places: i64, unit: i64) -> tuple[i64, i64]:
    """A decimal at `place` as steps of a grid, and where it ends; below 0 where it is not plain.

    Plain: digits, and perhaps a point with digits behind it.  `unit`: a step, in the last of its
    decimal `places`.
    """
    value, end = digits(line, place, 0, DIGITS_MAX - places)
    left, begin = places, end + 1
    if end == place:
        return NOTHING, end
    if end < len(line) and line[end] == POINT:
        value, end = digits(line, begin, value, places)
        left -= end - begin
        while end < len(line) and line[end] == ZERO:
            end += 1
        if end == begin or end - place > TEXT_MAX:
            return NOTHING, end
    while left:
        value *= 10
        left -= 1
    if unit == 1:
        return value, end
    return NOTHING if value % unit else value // unit, end


def digits(line: bytes, place: i64, value: i64, most: i64) -> tuple[i64, i64]:
    """Digits at `place`, `most` at the most, put behind those of a value; and where they end."""
    stop = min(place + most, i64(len(line)))
    while place < stop:
        digit = i64(line[place]) - ZERO
        if digit < 0 or digit > NINE - ZERO:
            break
        value = value * 10 + digit
        place += 1
    return value, place

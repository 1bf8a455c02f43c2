"""Levels of a book in JSON, `[["61800.20","1.250"],...]`, read straight into whole numbers."""

from typing import Final, final

from mypy_extensions import i64

from exchange.core.units import Lots, Ticks
from feeds.grid import Grid
from feeds.line_shape import Figure, steps

BEGIN: Final = b'[["'
MIDDLE: Final = b'","'
BETWEEN: Final = b'"],["'
END: Final = b'"]]'


@final
class LevelText:
    """Reads levels whose figures are plain, on one market's grids."""

    def __init__(self, prices: Grid, sizes: Grid) -> None:
        price, size = Figure(0, prices), Figure(1, sizes)
        self._price_places, self._price_unit = i64(price.places), i64(price.unit)
        self._size_places, self._size_unit = i64(size.places), i64(size.unit)
        self._price_least, self._size_least = i64(price.least), i64(size.least)

    def read(self, text: bytes) -> tuple[tuple[Ticks, Lots], ...] | None:
        """Prices and sizes; None where anything is not plain, or there is a space."""
        levels: list[tuple[Ticks, Lots]] = []
        if text == b"[]":
            return ()
        end: i64 = 0
        place = past(text, 0, BEGIN)
        while place < len(text):
            price, place = steps(text, place, self._price_places, self._price_unit)
            place = past(text, place, MIDDLE)
            size, place = steps(text, place, self._size_places, self._size_unit)
            if price < self._price_least or size < self._size_least:
                return None
            levels.append((price, size))
            end, place = place, past(text, place, BETWEEN)
        return tuple(levels) if levels and text[end:] == END else None


def past(text: bytes, place: i64, expected: bytes) -> i64:
    """The place behind what is expected at one; beyond the end where something else is there."""
    at: i64 = 0
    end = place + len(expected)
    if end > len(text):
        return len(text)
    while at < len(expected):
        if text[place + at] != expected[at]:
            return len(text)
        at += 1
    return end

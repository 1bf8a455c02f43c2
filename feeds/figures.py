"""Figures that come as whole numbers of a decimal step, as steps of a grid."""

from feeds.grid import Grid

PLACES = {8: 9, 16: 16}
"""Decimal places of a figure in little-endian bytes, by its width (Nautilus Trader's)."""


class Figures:
    """Raw figures as steps of a grid; what was read is remembered.  Raises UnitError as it does."""

    def __init__(self, grid: Grid, places: int = 9) -> None:
        """`places`: decimals of a raw whole number."""
        self._grid = grid
        self._places = places
        self._known: dict[bytes | int, int] = {}

    def __getitem__(self, raw: bytes | int) -> int:
        known = self._known.get(raw)
        if known is None:
            known = self._grid[self._text(raw)]
            self._known[raw] = known
        return known

    def _text(self, raw: bytes | int) -> str:
        if isinstance(raw, int):
            return decimal_of(raw, self._places)
        value = int.from_bytes(raw, "little", signed=True)
        return decimal_of(value, PLACES[len(raw)])


def decimal_of(value: int, places: int) -> str:
    """A whole number with its last digits behind the point.

    >>> decimal_of(1_002_500, 4), decimal_of(-5, 1), decimal_of(7, 0)
    ('100.25', '-0.5', '7')
    """
    sign, digits = ("-", -value) if value < 0 else ("", value)
    whole, part = divmod(digits, 10**places)
    text = f"{part:0{places}d}".rstrip("0") if places else ""
    return f"{sign}{whole}.{text}" if text else f"{sign}{whole}"

"""Long series for a page: fewer rows, every peak and trough kept, no value that never was."""

from collections.abc import Iterable, Sequence
from itertools import groupby

Values = Sequence[float | None]


def kept(times: Sequence[int], series: Sequence[Values], spans: int) -> list[int]:
    """Which rows to keep: in each of `spans` equal spans of time, the extremes of every series.

    The first and the last row are always there.  Times rise; a gap (None) as long as a span
    stays one.

    >>> kept([0, 1, 2, 3, 4, 5], [[5, 1, 7, 7, 7, 6]], spans=1)
    [0, 1, 2, 5]
    """
    if not times:
        return []
    width = max(1, -(-(times[-1] - times[0] + 1) // spans))
    rows: dict[int, None] = {0: None}
    for _, span in groupby(range(len(times)), lambda row: (times[row] - times[0]) // width):
        inside = list(span)
        for values in series:
            rows |= dict.fromkeys(extremes(inside, values))
    rows[len(times) - 1] = None
    return sorted(rows)


def extremes(rows: list[int], values: Values) -> list[int]:
    """The rows with the least and with the greatest value; the first where there is none."""
    known = [(value, row) for row in rows if (value := values[row]) is not None]
    if not known:
        return rows[:1]
    return [min(known)[1], max(known, key=lambda one: (one[0], -one[1]))[1]]


def digits(values: Iterable[float | None], significant: int = 9) -> list[float | None]:
    """Rounded to as many digits as an eye can use, so that a page stays small."""
    return [None if v is None else float(f"{v:.{significant}g}") for v in values]

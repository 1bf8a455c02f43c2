"""Moments as people write them."""

import re
from calendar import timegm
from datetime import UTC, datetime
from fractions import Fraction

from exchange.core.units import SECOND, Nanos, UnitError, on_grid

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?Z?")
NANO = Fraction(1, SECOND)
"""A nanosecond, in seconds."""
MILLISECOND = 1_000_000
"""In nanoseconds."""
HOUR = 3_600 * SECOND


def moment(text: str, what: str, start: Nanos | None = None) -> Nanos:
    """Read "2025-10-10T21:00:00.5" (UTC), or "+90.5" seconds after `start`, in ns.

    Raises UnitError for anything else.
    """
    if text.startswith("+") and start is not None:
        return start + on_grid(text[1:], NANO, what)
    match = MOMENT.fullmatch(text)
    expected = "2025-10-10T21:00:00 (UTC)" + ("" if start is None else ' or "+90.5"')
    if match is None:
        raise UnitError(f"{what} was {text!r}, expected a time such as {expected}")
    day, clock, part = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
    except ValueError as error:
        raise UnitError(f"{what} was {text!r}: {error}") from None
    return timegm(whole.timetuple()) * SECOND + (on_grid(f"0{part}", NANO, what) if part else 0)


def duration(text: str, what: str, unit: Nanos = SECOND) -> Nanos:
    """Read how long something takes, in seconds if `unit` does not say otherwise, in ns.

    Raises UnitError for less than nothing.
    """
    nanos = on_grid(text, Fraction(1, unit), what)
    if nanos < 0:
        raise UnitError(f"{what} was {text}, expected 0 or more")
    return nanos


def utc(at: Nanos) -> str:
    """A moment as text, to the nanosecond where it has them: "2025-10-10T21:00:00.5Z"."""
    seconds, part = divmod(at, SECOND)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{part:09d}".rstrip("0")
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"

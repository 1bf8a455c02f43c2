"""Times as files write them, to nanoseconds since 1970, exactly."""

import re
from abc import ABC, abstractmethod
from calendar import timegm
from collections import Counter
from datetime import UTC, date, datetime

from exchange.core.units import SECOND, Nanos
from feeds.defects import Defect, RowError

UNITS = {
    10: ("seconds", SECOND),
    13: ("milliseconds", 1_000_000),
    16: ("microseconds", 1_000),
    19: ("nanoseconds", 1),
}
"""Digits of a time since 1970, from 2001 to 2286; its unit, and what that is in ns."""
MILLISECONDS = 13
"""Digits."""
NINE = 9
SHOWN = 40
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|\+00:?00)?")
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d) (\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?")


class Clock(ABC):
    """Reads the times of one file."""

    @abstractmethod
    def read(self, text: str) -> Nanos:
        """Nanoseconds since 1970.  Raises RowError, naming what was found and expected."""


class Digits(Clock):
    """Whole numbers since 1970, whose digits tell the unit; mixing units is a defect."""

    def __init__(self, usual: int, notes: Counter[str]) -> None:
        """`usual`: how many digits such files have; another number is noted."""
        self._usual = usual
        self._notes = notes
        self._digits = 0
        self._scale = 0

    def read(self, text: str) -> Nanos:
        """Nanoseconds, from a time in the unit that the file's first row has."""
        if len(text) != self._digits or not (text.isdecimal() and text.isascii()):
            self._look(text)
        return int(text) * self._scale

    def _look(self, text: str) -> None:
        digits = len(text)
        if digits not in UNITS or not (text.isdecimal() and text.isascii()):
            expected = UNITS.get(self._digits or self._usual, UNITS[MILLISECONDS])[0]
            raise _unreadable(text, f"{expected} since 1970")
        unit, scale = UNITS[digits]
        if self._digits:
            expected = UNITS[self._digits][0]
            raise RowError(
                Defect.UNREADABLE, f"time was {text}, in {unit}, expected {expected} as before"
            )
        self._digits, self._scale = digits, scale
        if digits != self._usual:
            self._notes[f"files with time in {unit}"] += 1


class DecimalSeconds(Clock):
    """Seconds since a moment, with decimals, read as text so that no digit is lost."""

    def __init__(self, since: Nanos = 0) -> None:
        self._since = since

    def read(self, text: str) -> Nanos:
        """Nanoseconds; more than nine decimals are cut."""
        whole, _, part = text.partition(".")
        digits = whole + part
        if not (digits.isdecimal() and digits.isascii() and whole) or len(whole) > NINE + 1:
            raise _unreadable(text, "seconds with decimals")
        return self._since + int(whole) * SECOND + int(part[:NINE].ljust(NINE, "0"))


class SinceMidnight(Clock):
    """Milliseconds since the midnight of a day."""

    def __init__(self, day: date) -> None:
        self._midnight = midnight(day)

    def read(self, text: str) -> Nanos:
        """Nanoseconds since 1970."""
        if not (text.isdecimal() and text.isascii()) or len(text) > NINE:
            raise _unreadable(text, "milliseconds since midnight")
        return self._midnight + int(text) * 1_000_000


class Written(Clock):
    """Dates and times in words, always in UTC: `2025-10-10 21:13:00`, `20251010 21:13:00`."""

    def read(self, text: str) -> Nanos:
        """Nanoseconds since 1970."""
        found = MOMENT.fullmatch(text)
        if found is not None:
            day, clock, part, _ = found.groups()
        else:
            compact = COMPACT.fullmatch(text)
            if compact is None:
                raise _unreadable(text, "a UTC time such as 2025-10-10 21:13:00")
            year, month, number, clock, part = compact.groups()
            day = f"{year}-{month}-{number}"
        try:
            moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
        except ValueError:
            raise _unreadable(text, "a UTC time such as 2025-10-10 21:13:00") from None
        return timegm(moment.timetuple()) * SECOND + int((part or "").ljust(NINE, "0"))


def midnight(day: date) -> Nanos:
    """The beginning of a UTC day."""
    return timegm(day.timetuple()) * SECOND


def day_in(name: str) -> date | None:
    """The date in a file's name: 2025-10-10, 2025_10_10 or 20251010; None where there is none."""
    found = re.search(r"(?<!\d)(20\d\d)([-_]?)(\d\d)\2(\d\d)(?!\d)", name)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def _unreadable(text: str, expected: str) -> RowError:
    return RowError(Defect.UNREADABLE, f"time was {text[:SHOWN]!r}, expected {expected}")

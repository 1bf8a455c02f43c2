"""A price path through published minute figures: a Brownian bridge from anchor to anchor.

Each minute starts at its open, touches its high and its low, and ends at its close; minutes that
are not given are bridged from the close before to the open after.  Whole numbers only, so that
a seed gives the same path on every machine (a float's last digit may depend on the C library).
"""

from calendar import timegm
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from random import Random
from typing import NamedTuple

import msgspec

from exchange.core.units import SECOND, Nanos, UnitError, exact
from feeds.grid import half_even

PATH_UNIT = Fraction(1, 10**8)
"""Prices, volumes and depths of a path are whole numbers of this."""
MINUTE: Nanos = 60 * SECOND
STEPS_LEAST = 4
"""Steps in a minute: open, high, low and close need one each."""
BELL = 65_536
"""The standard deviation of `bell`."""
DRAWS = 12


class Minute(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One published minute, in a row: time, open, high, low, close, volume and book depth."""

    time: str
    """UTC: "21:13" of the market's day, or with its date, "2025-10-11T00:05"."""
    open: str
    """The first price."""
    high: str
    """The highest price."""
    low: str
    """The lowest price."""
    close: str
    """The last price."""
    volume: str
    """In the base asset."""
    depth: str = "1"
    """How deep the book is, as a part of its usual depth."""


class Step(NamedTuple):
    """One moment of a path."""

    at: Nanos
    price: int
    """In PATH_UNITs."""
    volume: int
    """Traded in the whole minute, in PATH_UNITs of the base asset."""
    depth: int
    """Of usual depth, in PATH_UNITs."""


class _Anchors(NamedTuple):
    at: Nanos
    open: int
    high: int
    low: int
    close: int
    volume: int
    depth: int


def steps(minutes: Sequence[Minute], day: str, step: Nanos, random: Random) -> Iterator[Step]:
    """The path, from the first minute's open to the last one's close.

    Raises UnitError where a figure is not a number, and ValueError where they do not fit together.
    """
    in_minute = steps_in_minute(step)
    anchors = _anchors(minutes, day)
    for one, other in zip(anchors, [*anchors[1:], None], strict=True):
        for number, price in enumerate(_minute(one, in_minute, random)):
            yield Step(one.at + number * step, price, one.volume, one.depth)
        if other is None or other.at == one.at + MINUTE:
            continue
        missing = (other.at - one.at - MINUTE) // step
        volume = (one.volume + other.volume) // 2
        depth = (one.depth + other.depth) // 2
        for number, price in enumerate(_between(one, other, missing, in_minute, random)):
            yield Step(one.at + MINUTE + number * step, price, volume, depth)


def steps_in_minute(step: Nanos) -> int:
    """How many steps make a minute.  Raises ValueError unless it is a whole number, 4 or more."""
    if step <= 0 or MINUTE % step or MINUTE // step < STEPS_LEAST:
        raise ValueError(f"step was {step} ns, expected a whole part of a minute, at most 15 s")
    return MINUTE // step


def count_steps(minutes: Sequence[Minute], day: str, step: Nanos) -> int:
    """How many steps the path has."""
    anchors = _anchors(minutes, day)
    return (anchors[-1].at + MINUTE - anchors[0].at) // step


def seeded(*seeds: int | str) -> Random:
    """A source of chance that is the same on every machine."""
    return Random(" ".join(map(str, seeds)))  # noqa: S311  (a simulation has no secrets)


def bell(random: Random) -> int:
    """A whole number with mean 0 and standard deviation BELL: twelve uniform draws, added up."""
    bits = random.getrandbits(16 * DRAWS)
    total = sum((bits >> shift) & 0xFFFF for shift in range(0, 16 * DRAWS, 16))
    return total - DRAWS * 0xFFFF // 2


def path_units(text: str, what: str) -> int:
    """Read a price, volume or factor of a path, rounded half-even to a PATH_UNIT."""
    return round(exact(text, what) / PATH_UNIT)


# ------------------------------------------------------------------------------- anchors


def _anchors(minutes: Sequence[Minute], day: str) -> list[_Anchors]:
    if not minutes:
        raise ValueError("minutes: none given, expected one or more")
    anchors = [_read(minute, day) for minute in minutes]
    for one, other in pairwise(zip(minutes, anchors, strict=True)):
        if other[1].at <= one[1].at:
            raise ValueError(f"minute {other[0].time} does not come after minute {one[0].time}")
    return anchors


def _read(minute: Minute, day: str) -> _Anchors:
    what = f"minute {minute.time}"
    names = ("open", "high", "low", "close", "volume", "depth")
    figures = [path_units(getattr(minute, name), f"{what} {name}") for name in names]
    first, high, low, last, volume, depth = figures
    if low <= 0 or not low <= min(first, last) <= max(first, last) <= high:
        raise ValueError(f"{what}: open and close must lie between low and high, above 0")
    if volume < 0 or depth < 0:
        raise ValueError(f"{what}: volume and depth must be 0 or more")
    return _Anchors(_time(minute.time, day), first, high, low, last, volume, depth)


def _time(text: str, day: str) -> Nanos:
    full = text if "T" in text else f"{day}T{text}"
    try:
        moment = datetime.fromisoformat(full)
    except ValueError:
        raise UnitError(f"minute was {full!r}, expected a UTC minute such as 21:13") from None
    if moment.second or moment.microsecond or moment.utcoffset():
        raise UnitError(f"minute was {full!r}, expected a whole minute in UTC")
    return timegm(moment.replace(tzinfo=UTC).timetuple()) * SECOND


# --------------------------------------------------------------------------------- paths


def _minute(anchors: _Anchors, in_minute: int, random: Random) -> Iterator[int]:
    """One minute.  The extreme against its direction comes first, as is usual in a bar."""
    early, late = sorted(random.sample(range(1, in_minute - 1), 2))
    rises = anchors.close >= anchors.open
    first, second = (anchors.low, anchors.high) if rises else (anchors.high, anchors.low)
    sigma = _sigma(anchors, in_minute)
    low, high = anchors.low, anchors.high
    yield anchors.open
    yield from _bridge(anchors.open, first, early, sigma, low, high, random)
    yield from _bridge(first, second, late - early, sigma, low, high, random)
    yield from _bridge(second, anchors.close, in_minute - 1 - late, sigma, low, high, random)


def _between(
    one: _Anchors, other: _Anchors, missing: int, in_minute: int, random: Random
) -> Iterator[int]:
    """The minutes between two given ones, within the range of both; the open is not repeated."""
    sigma = (_sigma(one, in_minute) + _sigma(other, in_minute)) // 2
    low, high = min(one.low, other.low), max(one.high, other.high)
    path = list(_bridge(one.close, other.open, missing + 1, sigma, low, high, random))
    yield from path[:-1]


def _sigma(anchors: _Anchors, in_minute: int) -> int:
    """Standard deviation of one step.

    A Brownian motion's range over n steps is on average sqrt(8 n / pi) = 1.6 sqrt(n) of it
    (Parkinson 1980); here sqrt(n * 2.56), kept whole.
    """
    return (anchors.high - anchors.low) * 10 // max(isqrt(256 * in_minute), 1)


def _bridge(
    start: int, end: int, count: int, sigma: int, low: int, high: int, random: Random
) -> Iterator[int]:
    """`count` steps from `start` (left out) to `end` (the last), reflected into [low, high]."""
    walk, walked = [], 0
    for _ in range(count):
        walked += bell(random) * sigma // BELL
        walk.append(walked)
    for number, here in enumerate(walk, start=1):
        straight = number * (end - start - walked)
        price = start + here + half_even(straight, count)
        yield min(max(_reflected(price, low, high), low), high)


def _reflected(price: int, low: int, high: int) -> int:
    if price > high:
        return 2 * high - price
    return 2 * low - price if price < low else price

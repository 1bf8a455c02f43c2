"""Exact numbers: ticks, lots, money, rates and time are integers; decimals live at the edges only.

Law of this file: text goes in and out exactly, and nothing is ever rounded in silence.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final, TypeAlias

from mypy_extensions import i64

Ticks: TypeAlias = int
"""A price at which orders may rest: a whole number of an instrument's tick size."""
MarkPrice: TypeAlias = int
"""A mark or index price, in an instrument's mark units (many to the tick)."""
Lots: TypeAlias = int
"""A size: a whole number of lots.  Signed where it is a position, long above zero."""
Money: TypeAlias = int
"""An amount in an asset's smallest unit."""
Rate: TypeAlias = int
"""A fraction in parts of `RATE_ONE`: a fee, a margin rate, a funding rate."""
Nanos: TypeAlias = int
"""Nanoseconds since 1970-01-01 UTC."""

RATE_ONE: Final = 100_000_000
SECOND: Final = 1_000_000_000
GRID_MAX: Final = 10**15
"""The highest price in ticks and the largest size in lots: their sums stay within 64 bits."""
WIDE: Final = 1 << 61
NARROW: Final = 1 << 31
"""Factors below these can be tried in 64 bits."""
SHORT: Final = 1 << 62
"""Products below it stay in 64 bits, to be added to."""
NEVER: Final = 1 << 80
"""Later than any moment."""


class UnitError(ValueError):
    """A number that is not one, or does not lie on its grid."""


def ceil_div(numerator: int, denominator: int) -> int:
    """The quotient rounded up, whatever the signs.

    >>> ceil_div(7, 2), ceil_div(-7, 2)
    (4, -3)
    """
    return -(-numerator // denominator)


def cut_div(numerator: int, denominator: int) -> int:
    """The quotient cut towards zero; the denominator is positive.

    >>> cut_div(7, 2), cut_div(-7, 2)
    (3, -3)
    """
    return numerator // denominator if numerator > 0 else -(-numerator // denominator)


def times(wide: int, narrow: int) -> int:
    """The product, in 64 bits where they suffice, and exact in any case.

    Compiled, `*` is a call into the interpreter as soon as a factor is below zero or above 2**30.

    >>> times(-3, 7), times(1 << 60, -5) == -5 << 60, times(1 << 70, 1 << 40) == 1 << 110
    (-21, True, True)
    """
    if -WIDE < wide < WIDE and -NARROW < narrow < NARROW:
        long: i64 = wide
        short: i64 = narrow
        if -NARROW < (long >> 31) * short < NARROW:
            return long * short
    return wide * narrow


def share(amount: int, rate: Rate) -> Money:
    """A rate's part of an amount, rounded up: a fee is never less than its rate.

    >>> share(1_000_001, 50_000), share(-1_000_001, 50_000), share(1 << 80, RATE_ONE) == 1 << 80
    (501, -500, True)
    """
    if -WIDE < amount < WIDE and -NARROW < rate < NARROW:
        long: i64 = amount
        short: i64 = rate
        if -NARROW < (long >> 31) * short < NARROW:
            return -(-(long * short) // RATE_ONE)
    return -(-amount * rate // RATE_ONE)


def fee_of(notional: Money, rate: i64) -> Money:
    """A fee, whose rate is not beyond one: as `share`, and quicker.

    >>> fee_of(1_000_001, 50_000), fee_of(1_000_001, -50_000), fee_of(1 << 80, 1)
    (501, -500, 12089258196146292)
    """
    if notional < WIDE:
        long: i64 = notional
        if -NARROW < (long >> 31) * rate < NARROW:
            return (long * rate + RATE_ONE - 1) // RATE_ONE
    return ceil_div(notional * int(rate), RATE_ONE)


def part(amount: int, lots: i64, whole: i64) -> Money:
    """What falls on `lots` of the `whole` that an amount is for, rounded down.

    >>> part(100, 1, 3), part(-100, -1, -3), part(1 << 80, 1, 2) == 1 << 79
    (33, -34, True)
    """
    if -WIDE < amount < WIDE and -NARROW < lots < NARROW:
        long: i64 = amount
        if -NARROW < (long >> 31) * lots < NARROW:
            return long * lots // whole
    return amount * int(lots) // int(whole)


def magnitude(number: int) -> int:
    """The number without its sign.  Compiled, `abs` would be a call into the interpreter.

    >>> magnitude(-7), magnitude(7)
    (7, 7)
    """
    return number if number >= 0 else -number


def exact(text: str, what: str) -> Fraction:
    """Read a decimal ("0.1"), or a ratio of whole numbers ("1/6"), without loss.

    Raises UnitError for anything else, NaN and infinity among it.
    """
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError, AttributeError):
        raise UnitError(f"{what} was {text!r}, expected a decimal number") from None


def on_grid(text: str, step: Fraction, what: str) -> int:
    """How many whole `step`s `text` is.  A number between two steps is refused.

    >>> on_grid("61800.20", Fraction(1, 10), "price")
    618002
    """
    count = exact(text, what) / step
    if count.denominator != 1:
        raise UnitError(f"{what} was {text}, expected a multiple of {decimal(step)}")
    return count.numerator


def rate(text: str, what: str) -> Rate:
    """A rate such as "0.0004" in parts of RATE_ONE."""
    return on_grid(text, Fraction(1, RATE_ONE), what)


def moment(text: str, what: str) -> Nanos:
    """Read a moment of UTC, to the microsecond.

    >>> moment("1970-01-02T00:00:01", "expiry")
    86401000000000
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UnitError(f"{what} was {text!r}, expected a time such as 2026-03-27T08:00") from None
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1_000


def decimal(value: Fraction, places: int = 8) -> str:
    """The shortest decimal text of `value`, rounded half-even to `places` where it has no end.

    >>> decimal(Fraction(5, 2)), decimal(Fraction(-2, 3), 4), decimal(Fraction(60000))
    ('2.5', '-0.6667', '60000')
    """
    scaled = round(value * 10**places)
    sign = "-" if scaled < 0 else ""
    digits = str(abs(scaled)).rjust(places + 1, "0")
    whole, part = (digits[:-places], digits[-places:].rstrip("0")) if places else (digits, "")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"

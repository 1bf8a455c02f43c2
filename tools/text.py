"""Numbers and times as people read them: thousands separators, signs, UTC."""

from datetime import UTC, datetime
from fractions import Fraction

from exchange.core.units import SECOND, Nanos, decimal

TEN = 10
FOUR_DIGITS = Fraction(1999, 2)
"""From here on a number has four digits before its point, once it is rounded."""


def number(value: Fraction | int, places: int | None = None, *, signed: bool = False) -> str:
    """A number with thousands separators; exact (to 8 places) unless `places` says how many.

    >>> number(Fraction(-1234567, 100)), number(Fraction(5, 2), 2, signed=True)
    ('-12,345.67', '+2.50')
    """
    text = decimal(Fraction(value), 8 if places is None else places)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("+" if signed else "", text)
    whole, _, part = digits.partition(".")
    if places:
        part = part.ljust(places, "0")
    return f"{sign}{int(whole):,}" + (f".{part}" if part else "")


def money(value: Fraction | int, *, signed: bool = False) -> str:
    """An amount to two places, and with more where those would show nothing of it.

    >>> money(Fraction(9000)), money(Fraction(1, 1000)), money(0)
    ('9,000.00', '0.001', '0.00')
    """
    exact = Fraction(value)
    small = exact != 0 and abs(exact.numerator) * 100 < exact.denominator
    return number(exact, None if small else 2, signed=signed)


def rounded(value: Fraction | int, *, signed: bool = False) -> str:
    """An amount for a table: whole from a thousand on, and to four places below one.

    >>> rounded(Fraction(1234567, 100)), rounded(Fraction(25, 2)), rounded(Fraction(1, 8))
    ('12,346', '12.50', '0.1250')
    """
    size = abs(Fraction(value))
    places = 0 if size >= Fraction(1000) else 2 if size >= Fraction(1) or size == 0 else 4
    return number(value, places, signed=signed)


def percent(part: Fraction | int, whole: Fraction | int, places: int = 1) -> str:
    """A share in per cent; a dash of nothing.

    >>> percent(1, 8), percent(1, 0)
    ('12.5%', '-')
    """
    return f"{number(Fraction(part) * 100 / Fraction(whole), places)}%" if whole else "-"


def clock(at: Nanos) -> str:
    """A moment in UTC, to the millisecond: "2025-10-10 21:14:03.000"."""
    seconds, part = divmod(at, SECOND)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{whole}.{part // 1_000_000:03d}"


def plural(count: int, what: str) -> str:
    """A count of things: "1 liquidation", "2,300 liquidations"."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def price(value: Fraction) -> str:
    """A price, average or mark: two places from ten on, more below.

    >>> price(Fraction(335710, 3)), price(Fraction(5, 2)), price(Fraction(1, 10))
    ('111,903.33', '2.5000', '0.1')
    """
    return number(value, 2 if value >= TEN else 4 if value >= 1 else None)


def compact(value: Fraction | int, *, signed: bool = False) -> str:
    """Three digits and a suffix, for tables with many columns.

    >>> compact(11_441_919), compact(-42_117, signed=True), compact(999), compact(0)
    ('11.4M', '-42.1k', '999', '0')
    """
    exact, suffix = Fraction(value), ""
    for bigger in ("k", "M", "B"):
        if abs(exact) < FOUR_DIGITS:
            break
        exact, suffix = exact / 1000, bigger
    places = 2 if abs(exact) < FOUR_DIGITS / 100 else 1 if abs(exact) < FOUR_DIGITS / 10 else 0
    return number(exact, places if exact else 0, signed=signed and exact > 0) + suffix

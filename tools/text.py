"""Numbers and times as people read them: thousands separators, signs, UTC."""

from datetime import UTC, datetime
from fractions import Fraction

from exchange.core.units import SECOND, Nanos, decimal


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

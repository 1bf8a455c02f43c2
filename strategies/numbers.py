"""Numbers as a strategy writes them: whole units, or exact decimal text; never floats."""

from collections.abc import Callable
from typing import TypeAlias

from exchange.core.instrument import Instrument
from exchange.core.units import Lots, Money, Ticks

Size: TypeAlias = int | str
"""Lots, or exact decimal text in the base asset: 5 lots or "0.005"."""
Price: TypeAlias = int | str
"""Ticks, or exact decimal text."""
Amount: TypeAlias = Money | str
"""Smallest units of an asset, or exact decimal text: "12.5"."""


def lots(instrument: Instrument, size: Size) -> Lots:
    """A size in lots.  Raises UnitError off the grid, TypeError for a float."""
    return grid_number(size, instrument.size, "size", "lots", "0.005")


def ticks(instrument: Instrument, price: Price) -> Ticks:
    """A price in ticks.  Raises UnitError off the grid, TypeError for a float."""
    return grid_number(price, instrument.price, "price", "ticks", "61800.1")


def money(instrument: Instrument, amount: Amount) -> Money:
    """An amount in units of the settlement asset.  Raises UnitError off the grid."""
    return grid_number(amount, instrument.money, "amount", "units", "12.5")


def grid_number(
    value: int | str, read: Callable[[str], int], what: str, unit: str, example: str
) -> int:
    """A whole number as it is, and text read exactly."""
    if isinstance(value, str):
        return read(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(
        f"{what} was {value!r}, expected whole {unit} as int or exact text such as {example!r}"
    )

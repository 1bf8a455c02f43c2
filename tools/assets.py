"""Assets of a scenario: what one of their smallest units is worth."""

from collections.abc import Iterable
from fractions import Fraction

from exchange.core.instrument import Instrument
from exchange.core.units import Money, UnitError, exact, on_grid


def asset_units(instruments: Iterable[Instrument]) -> dict[str, Fraction]:
    """The smallest unit of every asset that instruments settle in, or that spot markets trade."""
    units: dict[str, Fraction] = {}
    for own in instruments:
        units.setdefault(own.settle, own.money_unit)
        if own.is_spot:
            units.setdefault(own.base, exact(own.rules.base_unit, f"{own.symbol} base_unit"))
    return units


def asset_unit(instruments: Iterable[Instrument], asset: str) -> Fraction:
    """The smallest unit of an asset.  Raises UnitError where no instrument has it."""
    units = asset_units(instruments)
    if asset not in units:
        raise UnitError(f"asset was {asset!r}, expected one of {', '.join(units)}")
    return units[asset]


def amount_of(instruments: Iterable[Instrument], asset: str, text: str) -> Money:
    """An amount of more than nothing.  Raises UnitError."""
    amount = on_grid(text, asset_unit(instruments, asset), f"{asset} amount")
    if amount <= 0:
        raise UnitError(f"{asset} amount was {text}, expected more than 0")
    return amount

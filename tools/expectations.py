"""What a scenario expects, and what is found: figures of accounts and positions, compared."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AccountView,
    Event,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginMode,
    PositionSide,
    PositionView,
)
from exchange.core.units import Money, UnitError, decimal, exact
from exchange.core.venue import Venue
from tools.step_parts import Expect

Found: TypeAlias = Fraction | str
"""A number, or a word where there is none."""
WORDS = ("none", "infinite")
ACCOUNT_FIELDS = (
    "wallet",
    "equity",
    "total",
    "initial_margin",
    "maintenance_margin",
    "available_margin",
    "margin_ratio",
    "effective_leverage",
)
POSITION_FIELDS = (
    "size",
    "entry_price",
    "leverage",
    "notional",
    "unrealised_pnl",
    "position_initial",
    "position_maintenance",
    "position_equity",
    "position_ratio",
    "drawn_down",
    "liquidation_price",
    "bankruptcy_price",
)
LIQUIDATION_FIELDS = ("breach_equity", "breach_maintenance", "liquidations", "closed_in_order")


class Figure:
    """An expected figure.  Whole numbers and ratios are exact, decimals as far as written."""

    def __init__(self, text: str, what: str) -> None:
        """Raise UnitError for what is neither a number nor one of WORDS."""
        self.text = text
        self._places: int | None = None
        self._value: Found = text if text in WORDS else exact(text, what)
        if "." in text:
            self._places = len(text.partition(".")[2])

    def is_met_by(self, found: Found) -> bool:
        """Whether a figure is the expected one."""
        if isinstance(found, str) or isinstance(self._value, str) or self._places is None:
            return found == self._value
        return round(found, self._places) == round(self._value, self._places)


class Check(NamedTuple):
    """One thing that must be true after a step."""

    field: str
    figure: Figure


class Liquidations:
    """How each account's liquidations went so far."""

    def __init__(self) -> None:
        self.begun: dict[str, list[LiquidationStarted]] = {}
        self.closed: dict[str, list[str]] = {}
        """Symbols in the order in which they were chosen."""

    def observe(self, event: Event) -> None:
        """Take an event into account."""
        if type(event) is LiquidationStarted:
            self.begun.setdefault(event.account, []).append(event)
        elif type(event) is LiquidationStepTaken:
            closed = self.closed.setdefault(event.account, [])
            if not closed or closed[-1] != event.symbol:
                closed.append(event.symbol)


class Expectation:
    """What is expected of one account after a step, read once and checked in the run."""

    def __init__(
        self, part: Expect, instrument: Instrument, asset: str, unit: Fraction, what: str
    ) -> None:
        """`instrument`: the part's symbol.  `unit`: the smallest of the asset asked about.

        Raises UnitError, naming the field.
        """
        self._part = part
        self._own = instrument
        self._asset = asset
        self._unit = unit
        self._checks = [
            Check(field, Figure(str(text), f"{what}.{field}"))
            for field in (*ACCOUNT_FIELDS, *POSITION_FIELDS, *LIQUIDATION_FIELDS[:3])
            if (text := getattr(part, field)) not in ("", None)
        ]
        of_position = [check.field for check in self._checks if check.field in POSITION_FIELDS]
        if of_position and not part.symbol:
            raise UnitError(f"{what}.{of_position[0]} was about no position, expected a symbol")
        if not self._checks and part.closed_in_order is None:
            raise UnitError(f"{what} expected nothing of {part.account}, expected a figure")

    def differences(self, venue: Venue, liquidations: Liquidations) -> Iterator[str]:
        """For every check, what was found instead; empty text where it is as expected."""
        part = self._part
        view = venue.account_view(part.account, self._asset)
        begun = liquidations.begun.get(part.account, [])
        found = dict(account_figures(view, self._unit))
        found |= dict(position_figures(view, self._own, part.position_side))
        found |= dict(liquidation_figures(begun, self._unit))
        of_position = f"{part.account} {part.symbol}"
        for field, figure in self._checks:
            where = of_position if field in POSITION_FIELDS else part.account
            yield difference(f"{where}: {field}", figure, found.get(field, "none"))
        if part.closed_in_order is not None:
            closed = liquidations.closed.get(part.account, [])
            yield unless_equal(
                f"{part.account}: closed_in_order",
                ", ".join(part.closed_in_order) or "none",
                ", ".join(closed) or "none",
            )


def difference(what: str, figure: Figure, found: Found) -> str:
    """What was found instead; empty where it is as expected."""
    if figure.is_met_by(found):
        return ""
    text = found if isinstance(found, str) else decimal(found)
    return f"{what} was {text}, expected {figure.text}"


def unless_equal(what: str, expected: str, found: str) -> str:
    """What was found instead; empty where it is as expected."""
    return "" if expected == found else f"{what} was {found}, expected {expected}"


def account_figures(view: AccountView, unit: Fraction) -> Iterator[tuple[str, Found]]:
    """What can be expected of an account, by the field's name."""
    for field in ACCOUNT_FIELDS[:6]:
        yield field, getattr(view, field) * unit
    yield "margin_ratio", over(view.maintenance_margin, view.equity)
    yield "effective_leverage", over(sum(p.notional for p in view.positions), view.total)


def position_figures(
    view: AccountView, own: Instrument, side: PositionSide
) -> Iterator[tuple[str, Found]]:
    """What can be expected of a position; where there is none, only its size."""
    asked = (own.symbol, side)
    position = next((p for p in view.positions if (p.symbol, p.position_side) == asked), None)
    if position is None:
        yield "size", Fraction(0)
        return
    yield "size", position.size * own.lot_size
    yield "entry_price", entry_price(position, own)
    yield "leverage", Fraction(position.leverage)
    yield "notional", position.notional * own.money_unit
    yield "unrealised_pnl", position.unrealised_pnl * own.money_unit
    yield "position_initial", position.initial_margin * own.money_unit
    yield "position_maintenance", position.maintenance_margin * own.money_unit
    liquidation, bankruptcy = position.liquidation_price, position.bankruptcy_price
    yield "liquidation_price", "none" if liquidation is None else liquidation * own.mark_unit
    yield "bankruptcy_price", "none" if bankruptcy is None else bankruptcy * own.tick_size
    if position.mode is MarginMode.ISOLATED:
        yield from bucket_figures(position, own)


def bucket_figures(position: PositionView, own: Instrument) -> Iterator[tuple[str, Found]]:
    """What an isolated position has to itself."""
    equity = position.bucket + position.unrealised_pnl
    yield "position_equity", equity * own.money_unit
    yield "position_ratio", over(position.maintenance_margin, equity)
    yield "drawn_down", over(max(0, -position.unrealised_pnl), position.bucket)


def entry_price(position: PositionView, own: Instrument) -> Fraction:
    """What a lot cost on average, as a price."""
    lots, cost = position.size * own.multiplier, position.cost
    return (Fraction(-lots, cost) if own.is_inverse else Fraction(cost, lots)) * own.tick_size


def liquidation_figures(
    begun: list[LiquidationStarted], unit: Fraction
) -> Iterator[tuple[str, Found]]:
    """What can be expected of an account's liquidations so far."""
    yield "liquidations", Fraction(len(begun))
    if begun:
        yield "breach_equity", begun[-1].equity * unit
        yield "breach_maintenance", begun[-1].maintenance_margin * unit


def over(part: Money, equity: Money) -> Found:
    """A ratio to equity; where that is gone, worse than any number."""
    return Fraction(part, equity) if equity > 0 else "infinite"

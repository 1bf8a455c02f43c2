"""Placing an order: from what a strategy says to a command in the units of the venue."""

from collections.abc import Iterable
from typing import Any, Final, Literal, TypedDict

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Instructions,
    PlaceOrder,
    PositionSide,
    Side,
    TimeInForce,
    TriggerKind,
)
from exchange.core.policies import SelfTrade
from exchange.core.units import Nanos
from strategies.numbers import Price, Size, lots, ticks
from strategies.triggers import ExitAt, When, bracket_exit, trigger


class Terms(TypedDict, total=False):
    """What else an order may say."""

    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    position_side: PositionSide
    self_trade: SelfTrade
    when: When
    """Wait outside the book for a price: `stop`, `take_profit`, `trailing_stop`."""
    close_position: bool
    """With `when` and a size of 0: close all that is held then."""
    expires_at: Nanos
    """Rest until then at the latest (good till date)."""
    display_size: Size
    """Iceberg: show so much at a time."""
    reprice: bool
    """Post-only that would take: rest a tick away instead of being refused."""
    group: int
    """One cancels the others: as soon as one of one's orders of this number trades."""
    take_profit: ExitAt
    """Bracket: close the position that this opens, at a gain."""
    stop_loss: ExitAt
    """The same at a loss; whichever trades first cancels the other."""


PLAIN: Final = ("time_in_force", "post_only", "reduce_only", "position_side", "self_trade")
"""The terms that an order says itself, and not in its instructions."""
EXITS: Final[dict[Literal["take_profit", "stop_loss"], TriggerKind]] = {
    "take_profit": TriggerKind.TAKE_PROFIT,
    "stop_loss": TriggerKind.STOP,
}
TOLD: Final = ("close_position", "expires_at", "reprice", "group")
"""Those of its instructions that are told as they are."""


def check_terms(said: Iterable[str], known: Iterable[str] = Terms.__annotations__) -> None:
    """Raise TypeError for a keyword that is no term: ignored, it would make another order."""
    for name in said:
        if name not in known:
            terms = ", ".join(known)
            raise TypeError(f"{name} is no term of an order, expected one of {terms}")


def place_order(
    account: str,
    ref: int,
    instrument: Instrument,
    side: Side,
    size: Size,
    price: Price | None,
    terms: Terms,
) -> PlaceOrder:
    """An order as a command.  Raises UnitError off the grid, TypeError for a float, or no term."""
    check_terms(terms)
    told = instructions(instrument, terms)
    plain: dict[str, Any] = {name: terms[name] for name in PLAIN if name in terms}
    if told is not None and told.expires_at:
        plain.setdefault("time_in_force", TimeInForce.GTD)
    return PlaceOrder(
        at=0,
        account=account,
        ref=ref,
        symbol=instrument.symbol,
        side=side,
        size=lots(instrument, size),
        price=None if price is None else ticks(instrument, price),
        instructions=told,
        **plain,
    )


def instructions(instrument: Instrument, terms: Terms) -> Instructions | None:
    """What most orders are not told."""
    told: dict[str, Any] = {name: terms[name] for name in TOLD if name in terms}
    if "when" in terms:
        told["trigger"] = trigger(instrument, terms["when"])
    if "display_size" in terms:
        told["display_size"] = lots(instrument, terms["display_size"])
    for name, kind in EXITS.items():
        if name in terms:
            told[name] = bracket_exit(instrument, kind, terms[name])
    return Instructions(**told) if told else None

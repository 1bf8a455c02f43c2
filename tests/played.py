"""A shipped scenario, played to its end, for tests of what it shows."""

import asyncio
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar

from msgspec.structs import replace

from exchange.core.messages import AccountView, Event, MarkPriceChanged, OrderFilled, Side
from exchange.journal import Journal
from exchange.outcome import Outcome
from tools import scenario as scenarios
from tools.build import Run

E = TypeVar("E", bound=Event)


@cache
def played(name: str, *, leave_out: str = "", **parameters: Any) -> "Played":
    """A scenario that was played; once, however often it is asked for."""
    return Played(name, leave_out, parameters)


class Played:
    """What came of it.  Money in the settlement asset, sizes in lots, prices in ticks."""

    def __init__(self, name: str, leave_out: str, parameters: dict[str, Any]) -> None:
        """`parameters` replace those of the scenario's strategies; `leave_out`: an account."""
        path = scenarios.find(name)
        scenario = scenarios.read(path)
        parts = [
            replace(part, parameters=part.parameters | parameters)
            for part in scenario.strategies
            if part.account != leave_out
        ]
        self.events: list[Event] = []
        self.run = Run(replace(scenario, strategies=tuple(parts)), path)
        self.outcome: Outcome = asyncio.run(self.run.go(Journal(), [self.events.append]))
        self.venue = self.run.simulation.venue
        for session in (*self.run.sessions, *self.run.crowd):
            assert session.stopped == "", f"{session.name} {session.stopped}"

    def only(self, kind: type[E], account: str = "") -> list[E]:
        """The events of one kind, of everybody or of one account."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and account in {"", getattr(event, "account", "")}
        ]

    def view(self, account: str, asset: str = "USDT") -> AccountView:
        """An account at the end."""
        return self.venue.account_view(account, asset)

    def total(self, account: str) -> Fraction:
        """What an account is worth at the end."""
        return self.in_money(self.view(account).total)

    def in_money(self, units: int) -> Fraction:
        """Units of the settlement asset as an amount of it."""
        first = next(iter(self.run.instruments.values()))
        return units * first.money_unit

    def position(self, account: str, symbol: str = "BTCUSDT") -> int:
        """What an account holds at the end."""
        return next((p.size for p in self.view(account).positions if p.symbol == symbol), 0)

    def positions(self, account: str, symbol: str = "BTCUSDT") -> list[int]:
        """What an account held after each of its fills."""
        return [f.position for f in self.only(OrderFilled, account) if f.symbol == symbol]

    def marks(self, symbol: str = "BTCUSDT") -> list[int]:
        """Every mark price, in ticks."""
        subticks = self.run.instruments[symbol].subticks
        return [m.price // subticks for m in self.only(MarkPriceChanged) if m.symbol == symbol]

    def average_price(self, account: str, side: Side) -> Fraction:
        """What an account's orders of a side traded at on average, in ticks."""
        fills = [f for f in self.only(OrderFilled, account) if f.side is side]
        return Fraction(sum(f.price * f.size for f in fills), sum(f.size for f in fills))

"""A day at a venue in round numbers, for tests of the shell and of strategies.

The contracts are those of `tests.stage`: one lot at one dollar is worth one dollar, kept in cents.
Times are in ms after midnight; a day ends with its last tick unless a test says more.
"""

import asyncio
from collections.abc import Iterator
from itertools import groupby
from typing import Any, TypeVar

import msgspec

from exchange import Rulebook, Venue
from exchange.core.messages import (
    AccountView,
    Command,
    Deposit,
    Event,
    ListInstrument,
    OpenAccount,
    OrderFilled,
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateMarkPrice,
)
from exchange.feed import FeedItem
from exchange.latency import Latency
from exchange.outcome import Outcome
from exchange.runtime import Simulation
from feeds.price_path import PricePath
from strategies import Session, Strategy, Watchdog
from strategies.watchdog import PATIENCE
from tests.stage import DOLLAR, SUBTICKS, contract, rulebook

E = TypeVar("E", bound=Event)
MS = 1_000_000
"""A millisecond, in ns."""


class Day:
    """What the market does, who trades, and then what came of it."""

    def __init__(
        self, rules: Rulebook | None = None, symbols: str = "BTC", deposit: int = 10_000
    ) -> None:
        """Each client has a `deposit` of so many dollars."""
        self.venue = Venue(rules or rulebook())
        self.sessions: list[Session] = []
        self.events: list[Event] = []
        self.patience = PATIENCE
        self.simulation: Simulation
        self.outcome: Outcome
        self._symbols = symbols.split()
        self._deposit = deposit
        self._items: list[FeedItem] = []
        self._watchdog = Watchdog()

    # --------------------------------------------------------------------- the market

    def book(self, ms: int, bid: int, ask: int, size: int = 100, symbol: str = "BTC") -> "Day":
        """History shows one level a side, and no others."""
        bids, asks = ((bid, size),), ((ask, size),)
        return self.tick(
            UpdateDepth(at=ms * MS, symbol=symbol, bids=bids, asks=asks, snapshot=True)
        )

    def mark(self, ms: int, dollars: int, symbol: str = "BTC") -> "Day":
        """The mark price moves."""
        return self.tick(UpdateMarkPrice(at=ms * MS, symbol=symbol, price=dollars * SUBTICKS))

    def trade(self, ms: int, size: int, price: int, symbol: str = "BTC") -> "Day":
        """History printed a trade; below zero, the taker sold."""
        side = Side.BUY if size > 0 else Side.SELL
        return self.tick(
            RecordedTrade(at=ms * MS, symbol=symbol, side=side, price=price, size=abs(size))
        )

    def tick(self, item: FeedItem) -> "Day":
        """Anything else that a feed may bring."""
        self._items.append(item)
        return self

    # -------------------------------------------------------------------- the clients

    def client(self, name: str, kind: type[Strategy], **parameters: Any) -> "Day":
        """A strategy with an account of its own."""
        own = msgspec.convert(parameters, kind.takes)
        self.sessions.append(Session(name, name, kind, own, self._watchdog))
        return self

    def run(self, until: int | None = None, **terms: Any) -> "Day":
        """Let the day pass, to `until` (in ms) or the last tick; `terms` are the simulation's."""
        self.prepared(until, **terms)
        return self.go()

    def prepared(self, until: int | None = None, **terms: Any) -> Simulation:
        """The day before it begins."""
        self.simulation = Simulation(
            self.venue,
            begin=self._opening,
            feed=PricePath(self._items),
            participants=self.sessions,
            observers=[self.events.append],
            journal_quotes=True,
            marks_recorded=True,
            until=None if until is None else until * MS,
            check_every=1,
            **terms,
        )
        return self.simulation

    def go(self) -> "Day":
        """Let a prepared day pass."""
        with self._watchdog.armed(self.patience):
            self.outcome = asyncio.run(self.simulation.run())
        return self

    def _opening(self, at: int) -> Iterator[Command]:
        for symbol in self._symbols:
            yield ListInstrument(at=at, rules=contract(symbol))
        for session in self.sessions:
            yield OpenAccount(at=at, account=session.account)
            amount = self._deposit * DOLLAR
            yield Deposit(at=at, account=session.account, asset="USD", amount=amount)

    # ---------------------------------------------------------------- what came of it

    def only(self, kind: type[E], account: str = "") -> list[E]:
        """The events of one kind, of everybody or of one account."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and account in {"", getattr(event, "account", "")}
        ]

    def fills(self, account: str) -> list[tuple[int, int, int]]:
        """An account's fills as (ms, size, price), sold below zero; those at one price together."""
        made = [
            (fill.at // MS, fill.size if fill.side is Side.BUY else -fill.size, fill.price)
            for fill in self.only(OrderFilled, account)
        ]
        return [
            (at, sum(size for _, size, _ in together), price)
            for (at, price), together in groupby(made, key=lambda fill: (fill[0], fill[2]))
        ]

    def account(self, name: str) -> AccountView:
        """An account at the end of the day, in cents."""
        return self.venue.account_view(name, "USD")

    def position(self, name: str, symbol: str = "BTC") -> int:
        """What an account holds at the end of the day, in lots."""
        return next((p.size for p in self.account(name).positions if p.symbol == symbol), 0)

    def why_stopped(self, name: str) -> str:
        """Why the venue stopped a strategy; empty where it did not."""
        return next(session.stopped for session in self.sessions if session.name == name)


def latency(entry: int = 0, response: int = 0, market_data: int = 0) -> Latency:
    """Travel times in ms."""
    return Latency(entry=entry * MS, response=response * MS, market_data=market_data * MS)

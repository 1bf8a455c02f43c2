"""A client's line to the venue: it takes time, and it has a rate limit.

All that a client can do goes through here; it never holds the venue itself.
"""

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Final, Protocol, TypeAlias, TypeVar

from msgspec.structs import replace

from exchange.bars import Bar, BarSource
from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AccountCommand,
    AccountView,
    BookView,
    CancelAll,
    CancelReason,
    CommandRejected,
    Event,
    PortfolioUnit,
    Reject,
    UnifiedView,
)
from exchange.core.units import SECOND, Nanos
from exchange.core.venue import Venue
from exchange.latency import Line
from exchange.margin_calls import MarginCalled
from exchange.scheduler import Timeline, Turn

Answer = TypeVar("Answer")

FLOOD: Final = 100
"""A client that asks for anything this many times the rate limit in one second is cut off."""

News: TypeAlias = Event | BookView | Bar | MarginCalled
"""What a client hears."""
Answered: TypeAlias = Callable[[list[Event]], None]
"""Gets the client's own events that its command led to, first the answer itself."""


class Flooding(BaseException):
    """A client asks without end.  Not an Exception: a client's own `except` must not stop it."""


class Participant(Protocol):
    """A client of the venue with one account, as the runtime sees it."""

    name: str
    account: str

    def open(self, gateway: "Gateway") -> None:
        """The line is there, and the run begins."""
        ...

    def deliver(self, news: "News") -> None:
        """Market data that it follows has arrived."""
        ...

    def answer(self, events: list[Event], answered: "Answered | None" = None) -> None:
        """Its own events have arrived; `answered` is told of them once they are known here."""
        ...

    def close(self) -> None:
        """The run is over."""
        ...


class Floor(Timeline, Protocol):
    """What a gateway needs of the runtime."""

    venue: Venue

    def carry_out(self, command: AccountCommand, answered: Answered | None = None) -> list[Event]:
        """Apply a command now, and publish what it led to."""
        ...

    def follow(self, account: str, kind: type[Event | BookView], symbol: str) -> None:
        """Send an account an instrument's public events, or its book, from now on."""
        ...

    def follow_bars(self, account: str, symbol: str, length: Nanos, source: BarSource) -> None:
        """Send an account an instrument's bars, from now on."""
        ...

    def watch_margin(self, account: str, ratio: Fraction) -> None:
        """Send an account margin calls, from now on."""
        ...

    def answer(self, account: str, events: list[Event], answered: Answered | None) -> None:
        """Send an account its own events; they leave now."""
        ...


class Gateway:
    """One client's line."""

    def __init__(self, floor: Floor, account: str, line: Line, random: Random) -> None:
        self.account = account
        self.random = random
        """A source of chance of the client's own, by the seed of the run."""
        self._line = line
        self._floor = floor
        self._limit = floor.venue.rulebook.limits.commands_per_second
        self._second: Nanos = -1
        self._sent = 0
        self._asking: Nanos = -1
        self._asked = 0
        self.refused = 0
        """Commands over the rate limit."""

    @property
    def now(self) -> Nanos:
        """Virtual time."""
        return self._floor.now

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Listed contracts by symbol."""
        return self._floor.venue.instruments

    def send(self, command: AccountCommand, answered: Answered | None = None) -> None:
        """Send a command; `at` becomes its time of arrival.

        One over the rate limit is refused on the way in.  Raises Flooding where they have no end.
        """
        self._count()
        arrival = self._line.entry.arrival(self.now)
        command = replace(command, at=arrival)
        if self._is_over_limit(arrival):
            self._refuse(command, answered)
            return
        self._floor.schedule(arrival, Turn.ORDER, lambda: self._floor.carry_out(command, answered))

    def wake(self, at: Nanos, action: Callable[[], None]) -> None:
        """Call back at a time; one that has passed means now.  Raises Flooding, as `send` does."""
        self._count()
        self._floor.schedule(max(at, self.now), Turn.TIMER, action)

    def follow(self, kind: type[Event | BookView], symbol: str) -> None:
        """Have an instrument's public events, or its book, delivered from now on."""
        self._floor.follow(self.account, kind, symbol)

    def follow_bars(self, symbol: str, length: Nanos, source: BarSource) -> None:
        """Have an instrument's bars delivered from now on."""
        self._floor.follow_bars(self.account, symbol, length, source)

    def watch_margin(self, ratio: Fraction) -> None:
        """Have margin calls delivered from now on, at a ratio of maintenance margin to equity."""
        self._floor.watch_margin(self.account, ratio)

    def ask_account(self, asset: str, answered: Callable[[AccountView], None]) -> None:
        """Ask for the account as it stands when the question arrives."""
        self._ask(lambda: self._floor.venue.account_view(self.account, asset), answered)

    def ask_unified(self, answered: Callable[[UnifiedView | None], None]) -> None:
        """Ask for the account as a whole, likewise; None where its assets stand apart."""
        self._ask(lambda: self._floor.venue.unified_view(self.account), answered)

    def ask_portfolio(
        self, asset: str, answered: Callable[[tuple[PortfolioUnit, ...]], None]
    ) -> None:
        """Ask for a portfolio's risk units, likewise; empty in another mode."""
        self._ask(lambda: self._floor.venue.portfolio_view(self.account, asset), answered)

    def ask_book(self, symbol: str, depth: int, answered: Callable[[BookView], None]) -> None:
        """Ask for the best price levels as they stand when the question arrives."""
        self._ask(lambda: self._floor.venue.book_view(symbol, depth), answered)

    def cancel_orders(self) -> None:
        """Take a stopped client's orders out of the book, at once."""
        command = CancelAll(at=self.now, account=self.account, reason=CancelReason.STRATEGY_STOPPED)
        self._floor.schedule(self.now, Turn.ORDER, lambda: self._floor.carry_out(command))

    def _ask(self, look: Callable[[], Answer], answered: Callable[[Answer], None]) -> None:
        self._count()

        def arrive() -> None:
            view = look()
            back = self._line.response.arrival(self.now)
            self._floor.schedule(back, Turn.DELIVERY, lambda: answered(view))

        self._floor.schedule(self._line.entry.arrival(self.now), Turn.ORDER, arrive)

    def _is_over_limit(self, arrival: Nanos) -> bool:
        second = arrival // SECOND
        if second != self._second:
            self._second, self._sent = second, 0
        self._sent += 1
        return self._sent > self._limit

    def _count(self) -> None:
        """Of all that a client asks for: without time passing, even waiting may have no end."""
        second = self.now // SECOND
        if second != self._asking:
            self._asking, self._asked = second, 0
        self._asked += 1
        if self._asked > self._limit * FLOOD:
            raise Flooding(f"asked for more than {self._limit * FLOOD:,} things in one second")

    def _refuse(self, command: AccountCommand, answered: Answered | None) -> None:
        self.refused += 1
        refusal = CommandRejected(
            at=command.at,
            command=type(command).__name__,
            reason=Reject.RATE_LIMITED,
            detail=f"sent more than {self._limit:,} commands in one second",
            account=command.account,
            ref=command.ref,
            symbol=getattr(command, "symbol", ""),
        )
        self._floor.schedule(
            command.at, Turn.ORDER, lambda: self._floor.answer(self.account, [refusal], answered)
        )

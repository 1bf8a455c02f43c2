"""The venue's clocks: they send the commands that time itself leads to."""

from typing import Protocol

from exchange.core.messages import Command, ComputeMarkPrice, Event, PassTime
from exchange.core.policies import MarkMethod
from exchange.core.rules import MarkRules
from exchange.core.units import NEVER, SECOND, Nanos, exact
from exchange.core.venue import Venue
from exchange.scheduler import Timeline, Turn


class Floor(Timeline, Protocol):
    """What a clock needs of the runtime."""

    venue: Venue

    def carry_out(self, command: Command) -> list[Event]:
        """Apply a command now, and publish what it led to."""
        ...


class MarkClock:
    """Asks for a new mark price of each instrument at whole multiples of the venue's interval."""

    def __init__(self, floor: Floor, rules: MarkRules, *, marks_recorded: bool) -> None:
        self._floor = floor
        self._interval: Nanos = int(exact(rules.interval_seconds, "mark.interval_seconds") * SECOND)
        self._runs = not marks_recorded and rules.method is not MarkMethod.RECORDED
        self._symbols: list[str] = []
        self._goes = False

    def saw_index(self, symbol: str) -> None:
        """From its first index price on, an instrument has a mark."""
        if not self._runs or symbol in self._symbols:
            return
        self._symbols.append(symbol)
        if not self._goes:
            self._goes = True
            self._schedule()

    def saw_end(self, symbol: str) -> None:
        """A settled instrument needs no mark any more."""
        if symbol in self._symbols:
            self._symbols.remove(symbol)

    def _schedule(self) -> None:
        at = (self._floor.now // self._interval + 1) * self._interval
        self._floor.schedule(at, Turn.MARK, self._compute)

    def _compute(self) -> None:
        for symbol in list(self._symbols):
            self._floor.carry_out(ComputeMarkPrice(at=self._floor.now, symbol=symbol))
        self._schedule()


class AlarmClock:
    """Lets time pass at the venue when something is due there, so that it happens then."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._set_for: Nanos = NEVER

    def look(self) -> None:
        """Set the alarm for what is due next."""
        due = self._floor.venue.next_due
        if due < self._set_for:
            self._set_for = due
            self._floor.schedule(due, Turn.MARK, self._ring)

    def _ring(self) -> None:
        now, self._set_for = self._floor.now, NEVER
        if self._floor.venue.next_due <= now:
            self._floor.carry_out(PassTime(at=now))
        else:
            self.look()

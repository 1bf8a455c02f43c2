"""What is due at a moment of venue time, and has not happened yet."""

from enum import Enum
from typing import Final

from mypy_extensions import i64
from sortedcontainers import SortedList

from exchange.core.units import NEVER, Nanos


class Alarm(Enum):
    """What happens when its time has come."""

    EXPIRY = "expiry"
    """A dated future ends; `subject` is its number."""
    FUNDING = "funding"
    """Funding is paid; `subject` is the contract's number."""
    PREMIUM = "premium"
    """The premium is sampled; `subject` is the contract's number."""
    DAY = "day"
    """A dated future has a day less to go; `subject` is its number."""
    ROUND = "round"
    """A liquidation goes on; `subject` is the account's number."""
    STALE = "stale"
    """A mark price may have become too old; `subject` is the instrument's number."""
    INTEREST = "interest"
    """Unified accounts pay for what they owe."""
    ORDER = "order"
    """An order of the account `owner` ends; `subject` is its id."""
    COUNTDOWN = "countdown"
    """The account `owner` has not put off the cancelling of all its orders."""


class Due:
    """Something that is to happen."""

    def __init__(self, at: Nanos, alarm: Alarm, subject: int, owner: int = 0) -> None:
        self.at = at
        self.alarm = alarm
        self.subject = subject
        self.owner = owner
        self.number = 0


FAR: Final = 1 << 62
"""Later than any moment that is told."""


class Alarms:
    """All that is due, earliest first; of equal times, what was set first."""

    def __init__(self) -> None:
        self.next: Nanos = NEVER
        """When something is due next."""
        self.soon: i64 = FAR
        """The same as a 64-bit number."""
        self._queue: SortedList[tuple[Nanos, int]] = SortedList()
        self._due: dict[int, Due] = {}
        self._made = 0

    def set(self, due: Due) -> None:
        """Let something happen at its time."""
        self._made += 1
        due.number = self._made
        self._due[due.number] = due
        self._queue.add((due.at, due.number))
        self._see()

    def drop(self, due: Due) -> None:
        """Let it not happen."""
        del self._due[due.number]
        self._queue.remove((due.at, due.number))
        self._see()

    def _see(self) -> None:
        self.next = self._queue[0][0] if self._queue else NEVER
        self.soon = min(self.next, FAR)

    def take(self) -> Due:
        """The next thing that is due, which is then no longer."""
        due = self._due[self._queue[0][1]]
        self.drop(due)
        return due

"""One queue for everything that is still to happen: by time, then turn, then arrival.

Virtual time passes only here.
"""

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from exchange.core.units import NEVER, Nanos

T = TypeVar("T")


class Turn(IntEnum):
    """What comes first where times are equal.

    Marks before history, history before orders: a client never acts on an instant that the venue
    has not finished.
    """

    MARK = 0
    HISTORY = 1
    ORDER = 2
    DELIVERY = 3
    TIMER = 4
    SAMPLE = 5
    """Whoever only looks sees the moment as it ended."""


class Timeline(Protocol):
    """Virtual time, as those see it who want something to happen."""

    now: Nanos

    def schedule(self, at: Nanos, turn: Turn, action: Callable[[], object]) -> None:
        """Let something happen at a time."""
        ...


class Scheduler(Generic[T]):
    """A heap of things to come.  What was scheduled first comes first where all else is equal.

    Arrival breaks the last tie because asyncio's own timers do not: of two `call_at` with one
    deadline either may run first, and a replay would differ from the first run.
    """

    def __init__(self) -> None:
        self._queue: list[tuple[Nanos, int, int, T]] = []
        self._arrivals = 0
        self.due: Nanos = NEVER
        """When the next thing is to happen; `NEVER` where there is none."""
        self.due_turn = 0

    def schedule(self, at: Nanos, turn: Turn, item: T) -> None:
        """Let `item` happen at `at`, in its turn."""
        self._arrivals += 1
        heappush(self._queue, (at, int(turn), self._arrivals, item))
        self.due, self.due_turn, _, _ = self._queue[0]

    def pop(self) -> tuple[Nanos, T]:
        """The next item and its time.  IndexError where there is none."""
        queue = self._queue
        at, _, _, item = heappop(queue)
        if queue:
            self.due, self.due_turn, _, _ = queue[0]
        else:
            self.due, self.due_turn = NEVER, 0
        return at, item

    def __len__(self) -> int:
        return len(self._queue)

"""The queue for auto-deleveraging of one side of a market, kept while one command is carried out.

In a crash one mark makes thousands of accounts fail, and each of them asks for the queue.  Sorting
it each time would take the square of their number; here only those who have changed since are
ranked anew.
"""

from heapq import heappop, heappush

from exchange.core.accounts import Pool, Position


class Ranking:
    """Positions by rank.  An entry counts only as long as it is the position's latest."""

    def __init__(self) -> None:
        self.seen = 0
        """How many of `Rankings.changes` are in it."""
        self._heap: list[tuple[bool, int, int, int]] = []
        self._latest: dict[int, int] = {}
        self._positions: dict[int, Position] = {}
        self._made = 0

    def put(self, position: Position, score: int) -> None:
        """Rank a position, whatever rank it had; the highest score first, the venue's own last."""
        self._made += 1
        self._latest[position.holder] = self._made
        self._positions[position.holder] = position
        heappush(self._heap, (position.pool.is_house, -score, position.holder, self._made))

    def drop(self, position: Position) -> None:
        """Forget a position."""
        self._latest.pop(position.holder, None)

    def pop(self) -> Position | None:
        """Take the first position out; None when nobody is left."""
        while self._heap:
            _, _, holder, number = heappop(self._heap)
            if self._latest.get(holder) == number:
                del self._latest[holder]
                return self._positions[holder]
        return None


class Rankings:
    """The queues that were asked for while one command is carried out."""

    def __init__(self) -> None:
        self.made: dict[tuple[int, bool], Ranking] = {}
        """By market and side (long or not)."""
        self.changes: list[Pool] = []
        """Pools touched since the first of them was made."""

"""The chain of depth updates: whether one follows the other or something is missing.

Rule (Binance, "How to manage a local order book correctly"): buffer updates until the snapshot is
there; drop those it already contains; the first one used must reach across the snapshot's id;
from then on each must begin where the one before it ended.  Some venues name the id before (its
ids have holes), others count up by one, and some give no ids: then every update follows.
"""

from enum import Enum, auto
from typing import final

from feeds.defects import Defect, RowError
from feeds.dialects.said import Depth


@final
class Link(Enum):
    """How an update stands to the book."""

    FOLLOWS = auto()
    WAITS = auto()
    """There is no snapshot yet."""
    OLD = auto()
    """The snapshot has it already."""
    REPEATED = auto()
    GAP = auto()


class DepthChain:
    """The update id at which the book stands."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.fresh = False
        """No update was used since the snapshot."""
        self._names_previous = False

    def start(self, snapshot: int) -> None:
        """The book is a snapshot now."""
        self.last = snapshot
        self.fresh = True

    def lose(self) -> None:
        """The book is not to be trusted before the next snapshot."""
        self.last = None

    def link(self, diff: Depth) -> Link:
        """How `diff` stands to the book.  Changes nothing.

        Raises RowError where it does not name the update before it, as the others do.
        """
        if self._names_previous and diff.previous is None:
            text = f"depth update {diff.last} names no update before it (pu), as others do"
            raise RowError(Defect.UNREADABLE, text)
        if self.last is None:
            return Link.WAITS
        if diff.first is None and diff.previous is None:
            return Link.FOLLOWS
        if diff.last <= self.last:
            return Link.OLD if self.fresh else Link.REPEATED
        return Link.FOLLOWS if self._follows(diff, self.last) else Link.GAP

    def extend(self, diff: Depth) -> None:
        """The book has `diff` in it now."""
        self.last = diff.last
        self.fresh = False
        self._names_previous = diff.previous is not None

    def _follows(self, diff: Depth, last: int) -> bool:
        across = self.fresh and diff.first is not None and diff.first <= last
        if diff.previous is None:
            return across or diff.first == last + 1
        return across or diff.previous == last

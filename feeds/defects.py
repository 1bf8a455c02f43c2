"""What may be wrong with a tick file, and what is then done: stop, skip the row, or repair it."""

from collections import Counter
from enum import StrEnum
from pathlib import Path

from exchange.core.units import Nanos

NAMES_KNOWN = 4_096
ROWS_LISTED = 1_000


class OnDefect(StrEnum):
    """What a reader does with a defective row."""

    STOP = "stop"
    """Raise TickFileError.  The default."""
    SKIP = "skip"
    """Drop the row and count it.  After a gap the book goes on from what it has."""
    REPAIR = "repair"
    """Time that goes back becomes the time before it; after a gap the book stands still until
    the next snapshot.  Other defects are skipped."""


class Defect(StrEnum):
    """What is wrong with a row."""

    UNREADABLE = "unreadable"
    BAD_NUMBER = "bad_number"
    UNKNOWN_SYMBOL = "unknown_symbol"
    TIME_BACKWARDS = "time_backwards"
    GAP = "gap"
    REPEATED = "repeated"
    NO_SNAPSHOT = "no_snapshot"
    TRUNCATED = "truncated"


class TickFileError(ValueError):
    """A tick file that cannot be used as it is.  One line: file, row, what was found."""


class RowError(ValueError):
    """A defect of the row that is being read.  Never leaves the reader."""

    def __init__(self, defect: Defect, text: str) -> None:
        super().__init__(text)
        self.defect = defect


class Defects:
    """The defects of one file: raised or counted, as the user chose."""

    def __init__(self, path: Path, on_defect: OnDefect) -> None:
        self.path = path
        self.on_defect = on_defect
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        """The first of each kind, in full."""
        self.rows: list[tuple[int, Defect, str]] = []
        """The first ROWS_LISTED of them all."""

    def found(self, row: int, defect: Defect, text: str) -> None:
        """Raise TickFileError, or count the defect."""
        message = f"{self.path}:{row}: {text}"
        if self.on_defect is OnDefect.STOP:
            raise TickFileError(message) from None
        self.counts[defect] += 1
        if len(self.rows) < ROWS_LISTED:
            self.rows.append((row, defect, text))
        self.first.setdefault(defect, message)

    def caught(self, row: int, error: ValueError) -> None:
        """As `found`, for an error that reading the row raised: a RowError or a UnitError."""
        defect = error.defect if isinstance(error, RowError) else Defect.BAD_NUMBER
        self.found(row, defect, str(error))

    def clear(self) -> None:
        """Forget everything: the file is read again from its beginning."""
        self.counts.clear()
        self.first.clear()
        self.rows.clear()


class LocalTime:
    """The time of the rows of one file, which must not go back."""

    def __init__(self, defects: Defects) -> None:
        self._defects = defects
        self.last: Nanos = 0
        """Of the last row."""

    def forward(self, row: int, at: Nanos) -> Nanos:
        """`at`, or under `repair` the time before it where that was later.

        Raises RowError where time goes back and is not repaired.
        """
        if at >= self.last:
            self.last = at
            return at
        text = f"time goes backwards by {self.last - at} ns, from {self.last} to {at}"
        if self._defects.on_defect is not OnDefect.REPAIR:
            raise RowError(Defect.TIME_BACKWARDS, text)
        self._defects.found(row, Defect.TIME_BACKWARDS, text)
        return self.last


class Numbers:
    """Numbers that count up by one, such as trade ids.  Holes are noted: they are information."""

    def __init__(self, what: str, notes: Counter[str]) -> None:
        self._what = what
        self._notes = notes
        self.last: int | None = None

    def take(self, number: int) -> None:
        """The next one.  Raises RowError where it was there before."""
        last = self.last
        if last is not None and number <= last:
            text = f"{self._what} {number} is repeated, the last one was {last}"
            raise RowError(Defect.REPEATED, text)
        if last is not None and number > last + 1:
            self._notes[f"{self._what} ids that are missing"] += number - last - 1
        self.last = number


class Names:
    """Names that each come once, such as trade ids that do not count up; the latest are known.

    Some venues give several fills of one order the same name: only a thing that is also the same
    in what else it says is a repetition.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._known: dict[tuple[str, ...], None] = {}

    def take(self, name: str, *said: str) -> None:
        """The next one; an empty name tells nothing.  Raises RowError where it was there before."""
        key = (name, *said)
        if key in self._known:
            raise RowError(Defect.REPEATED, f"{self._what} {name[:40]!r} is repeated")
        if name:
            self._known[key] = None
            if len(self._known) > NAMES_KNOWN:
                del self._known[next(iter(self._known))]


def repetition() -> RowError:
    """Of a row that is the one before it, to the byte."""
    return RowError(Defect.REPEATED, "the row is the one before it again")

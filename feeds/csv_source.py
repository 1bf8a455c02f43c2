"""Rows of a CSV file: columns by name, time in order, one instrument."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from exchange.core.units import Nanos, UnitError
from feeds.clock_text import Clock
from feeds.defects import Defect, OnDefect, RowError, TickFileError
from feeds.scale import Scale
from feeds.source import FileSource
from feeds.told import Said, Told

SHOWN = 40


class CsvSource(FileSource):
    """One CSV file of one instrument.  Fields are never quoted."""

    columns: tuple[str, ...]
    """What a row must have, beside its time and symbol."""
    time_column: str
    symbol_column: str = ""
    """Empty: the file does not name its instrument."""

    def __init__(
        self,
        path: Path,
        scale: Scale,
        called: str,
        on_defect: OnDefect,
        *,
        names: Sequence[str] = (),
        alone: bool = True,
    ) -> None:
        """`called`: the instrument's name in the file.  `names`: of a file without a header.

        `alone`: another instrument in the file is a defect.
        """
        super().__init__(path, scale, called, on_defect)
        self._given = list(names)
        self._alone = alone

    @abstractmethod
    def clock(self) -> Clock:
        """Reads the times of one pass over the file."""

    @abstractmethod
    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """What one row says, and its update id.  Raises RowError or UnitError."""

    def told(self) -> Iterator[Told]:
        """What every whole row in order says."""
        for row, at, fields in self._rows():
            try:
                found = self.row(at, fields)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
                continue
            for said, number in found:
                yield row, said, number

    def _rows(self) -> Iterator[tuple[int, Nanos, tuple[str, ...]]]:
        """Row number, time and the wanted columns of each row that is whole and in order."""
        lines = self._file.lines()
        names = self._header(lines)
        clock, local = self.clock(), names.index(self.time_column)
        symbol = names.index(self.symbol_column) if self.symbol_column else -1
        positions = [names.index(name) for name in self.columns]
        wanted = itemgetter(*positions) if len(positions) > 1 else lambda f: (f[positions[0]],)
        width, before = len(names), b""
        for row, line in lines:
            if line == before:
                self.notes["rows that are the one before them again"] += 1
            before = line
            try:
                fields = split(line, width)
                if symbol >= 0 and not self._is_own(fields[symbol]):
                    continue
                at = self._time.forward(row, clock.read(fields[local]))
            except RowError as error:
                self._defects.caught(row, error)
            else:
                yield row, at, wanted(fields)
        if self._file.open_ended:
            self.notes["files whose last line has no line end"] += 1

    def _header(self, lines: Iterator[tuple[int, bytes]]) -> list[str]:
        names = self._given
        if not names:
            first = next(lines, None)
            if first is None:
                raise TickFileError(f"{self.path}:1: the file is empty, expected a header row")
            names = header(first[1])
        needed = (self.time_column, *filter(None, [self.symbol_column]), *self.columns)
        missing = next((name for name in needed if name not in names), None)
        if missing is not None:
            found = ",".join(names)[:200]
            raise TickFileError(f"{self.path}:1: column {missing!r} is missing, found {found}")
        return names

    def _is_own(self, symbol: str) -> bool:
        """Whether a row is of this instrument.  Raises RowError where no other may be there."""
        if symbol == self.called:
            return True
        if self._alone:
            text = f"symbol was {symbol[:SHOWN]!r}, expected {self.called}"
            raise RowError(Defect.UNKNOWN_SYMBOL, text)
        self.notes["rows of other instruments"] += 1
        return False


def header(line: bytes) -> list[str]:
    """The names of the columns."""
    return [name.strip('"') for name in line.decode(errors="replace").strip().split(",")]


def split(line: bytes, width: int) -> list[str]:
    """The fields of a row, which must be so many.  Raises RowError."""
    try:
        fields = line.decode("ascii").split(",")
    except UnicodeDecodeError:
        raise RowError(Defect.UNREADABLE, "the row is not plain text") from None
    if len(fields) != width:
        raise RowError(Defect.UNREADABLE, f"the row has {len(fields)} columns, expected {width}")
    return fields


def one_of(text: str, what: str, yes: str, no: str) -> bool:
    """Whether a field says `yes` rather than `no`.  Raises RowError where it says neither."""
    if text == yes:
        return True
    if text == no:
        return False
    raise RowError(Defect.UNREADABLE, f"{what} was {text[:SHOWN]!r}, expected {yes} or {no}")

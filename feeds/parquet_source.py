"""Rows of a Parquet file: columns by name, read batch by batch, never held whole."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exchange.core.units import Nanos, UnitError
from feeds.clock_text import Clock
from feeds.defects import Defect, OnDefect, RowError, TickFileError
from feeds.sample import files_of
from feeds.scale import Scale
from feeds.source import FileSource
from feeds.told import Said, Told

MAGIC = b"PAR1"
ROWS = 16_384
"""In a batch."""


class ParquetTable:
    """A Parquet file on disk: its schema, and its rows as text."""

    def __init__(self, path: Path) -> None:
        """Raises TickFileError where it is damaged."""
        self.path = path
        try:
            self._file = pq.ParquetFile(files_of(path)[0])
        except (pa.ArrowException, OSError) as error:
            raise damaged(path, error) from None
        self.schema = self._file.schema_arrow
        self.names: list[str] = self.schema.names
        self.count: int = self._file.metadata.num_rows

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """The key-value pairs that its writer left."""
        pairs = (self.schema.metadata or {}) | (self._file.metadata.metadata or {})
        return {key.decode(): value.decode(errors="replace") for key, value in pairs.items()}

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Some columns, in batches with the number of the first row from 1.

        Raises TickFileError where the file is damaged.
        """
        row = 1
        try:
            for batch in self._file.iter_batches(ROWS, columns=list(columns)):
                yield row, batch
                row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.path, error, row) from None

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Some columns as text, with row numbers; a null is empty."""
        for first, batch in self.batches(columns):
            texts = [_texts(batch.column(name)) for name in columns]
            yield from enumerate(zip(*texts, strict=True), start=first)


class ParquetSource(FileSource):
    """One Parquet file of one instrument, its figures taken as text."""

    columns: tuple[str, ...]
    """What a row must have, beside its time and symbol."""
    time_column: str
    symbol_column: str = ""

    def __init__(self, path: Path, scale: Scale, called: str, on_defect: OnDefect) -> None:
        super().__init__(path, scale, called, on_defect)
        self._table = ParquetTable(path)

    @abstractmethod
    def clock(self) -> Clock:
        """Reads the times of one pass over the file."""

    @abstractmethod
    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """What one row says, and its update id.  Raises RowError or UnitError."""

    def told(self) -> Iterator[Told]:
        """What every row in order says."""
        clock, table = self.clock(), self._table
        symbols = (self.symbol_column,) if self.symbol_column else ()
        for row, (time, *rest) in table.rows((self.time_column, *symbols, *self.columns)):
            self._file.position = self._file.size * row // table.count
            try:
                if symbols and rest.pop(0) != self.called:
                    self.notes["rows of other instruments"] += 1
                    continue
                at = self._time.forward(row, clock.read(time))
                found = self.row(at, tuple(rest))
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
                continue
            for said, number in found:
                yield row, said, number


def damaged(path: Path, error: Exception, row: int = 1) -> TickFileError:
    """A Parquet file that cannot be read: nothing in it can be skipped."""
    text = " ".join(str(error).split())[:160]
    return TickFileError(f"{path}:{row}: {Defect.UNREADABLE} Parquet: {text}")


def _texts(column: "pa.Array[Any]") -> list[str]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return [
            "" if value is None else str(value)
            for value in column.cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist()
        ]
    return [_text(value) for value in column.to_pylist()]


def _text(value: object) -> str:
    """A figure as its shortest decimal: 0.1 is 0.1, whatever a float makes of it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    if isinstance(value, (datetime, date)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)

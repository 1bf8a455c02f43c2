"""The beginning of a file, from which its format is told."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path

from exchange.core.units import NEVER, SECOND, Nanos
from feeds.clock_text import day_in, midnight
from feeds.defects import Defects, OnDefect, TickFileError
from feeds.packed import Damaged, member
from feeds.tick_file import TickFile

SHOWN = 40
DAY: Nanos = 86_400 * SECOND
LINES_KEPT = 400
HEAD = 4_096


class Sample:
    """A file's name and its first bytes and rows.  Damage further on is the reader's business."""

    def __init__(self, path: Path, columns: Mapping[str, str] | None = None) -> None:
        """`columns`: what the user says that columns of a table mean."""
        self.path = path
        self.files = files_of(path)
        """The file, or those that a path with a star stands for, in order of name."""
        self.columns = columns or {}
        self.damage = ""
        """What is wrong with the packing, where that shows at once."""
        self._file = TickFile(self.files[0], Defects(path, OnDefect.SKIP))
        self.name = member(self.files[0])
        """Of the file itself, or of the one that is packed in it."""

    def skip_before(self, start: Nanos) -> None:
        """Of a store's days, begin with the one that `start` lies in: it opens as things stood."""
        ended = [path for path in self.files if _end(path) <= start]
        self.files = self.files[min(len(ended), len(self.files) - 1) :]

    @cached_property
    def head(self) -> bytes:
        """The first bytes, unpacked."""
        try:
            return next(iter(self._file.chunks()), b"")[:HEAD]
        except (Damaged, OSError) as damage:
            self.damage = str(damage)
            return b""

    @cached_property
    def lines(self) -> list[bytes]:
        """The first rows, without line ends."""
        return [line for _, line in self.more(LINES_KEPT)]

    def more(self, count: int) -> Iterator[tuple[int, bytes]]:
        """More of the first rows, with their numbers."""
        return islice(self._file.lines(), count)

    @cached_property
    def first(self) -> str:
        """The first row as text; empty where there is none."""
        return self.lines[0][:HEAD].decode(errors="replace") if self.lines else ""

    @cached_property
    def names(self) -> list[str]:
        """The first row as the names of columns, if it could be that; none otherwise."""
        names = [name.strip().strip('"') for name in self.first.split(",")]
        named = all(name and not name[0].isdigit() and name[0] not in "-+.{[<" for name in names)
        return names if named and len(names) > 1 and self.first.isprintable() else []

    @cached_property
    def rows(self) -> list[list[str]]:
        """The first rows below the names, as fields."""
        lines = self.lines[1:] if self.names else self.lines
        return [line.decode(errors="replace").split(",") for line in lines]

    def column(self, name: str) -> str:
        """What stands in a named column of the first row; empty where there is none."""
        if name not in self.names or not self.rows:
            return ""
        fields, number = self.rows[0], self.names.index(name)
        return fields[number].strip('"') if number < len(fields) else ""


def files_of(path: Path) -> list[Path]:
    """The file of a path, or the files of one with a star in it: `day=*/NAME.parquet`.

    Raises TickFileError where there is none.
    """
    parts = path.parts
    starred = next((n for n, part in enumerate(parts) if "*" in part), None)
    if starred is None or path.exists():
        return [path]
    found = sorted(Path(*parts[:starred]).glob("/".join(parts[starred:])))
    if not found:
        raise TickFileError(f"{path}: no such file")
    return found


def _end(path: Path) -> Nanos:
    """When the day of a file in a store is over; far away for a file of no day."""
    days = [part.removeprefix("day=") for part in path.parts if part.startswith("day=")]
    day = day_in(days[-1]) if days else None
    return NEVER if day is None else midnight(day) + DAY

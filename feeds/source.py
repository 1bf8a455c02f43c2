"""Sources: feeds that tell how far they are, and what they dropped on the way."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path

from exchange.core.units import Nanos
from exchange.feed import FeedItem
from feeds.defects import Defect, Defects, LocalTime, OnDefect, TickFileError
from feeds.market import Finish, as_told
from feeds.sample import files_of
from feeds.scale import Scale
from feeds.tick_file import TickFile
from feeds.told import Told

BATCH = 512
"""Items in a batch: large enough that `await` costs nothing, small enough to stop soon."""


class Source(ABC):
    """A feed with a name, a progress and an account of what it left out."""

    name: str = ""

    def __init__(self) -> None:
        self.notes: Counter[str] = Counter()
        """What was dropped or decided by rule; nothing is wrong with it."""

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin from the first item."""

    @property
    @abstractmethod
    def position(self) -> int:
        """How much was read: bytes on disk for a file, items where there is none."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How much there is, in the unit of `position`."""

    @property
    def reached(self) -> Nanos:
        """The time of the last row that was read, whether it said something or not."""
        return 0

    @property
    def sources(self) -> list["Source"]:
        """The sources inside this one, itself if it has none."""
        return [self]

    @property
    def defects(self) -> dict[str, int]:
        """How many defective rows were skipped or repaired, by kind."""
        return {}

    @property
    def first_defects(self) -> dict[str, str]:
        """The first defect of each kind, with file and row."""
        return {}


class FileSource(Source):
    """One market, read from one tick file."""

    def __init__(self, path: Path, scale: Scale, called: str, on_defect: OnDefect) -> None:
        """`called`: the market's name in the file.  Raises TickFileError where there is no file."""
        super().__init__()
        self.path = path
        self.name = path.name
        self.scale = scale
        self.symbol = scale.symbol
        self.called = called
        self.finish: Finish = as_told
        """What becomes of quotes and liquidations."""
        self._defects = Defects(path, on_defect)
        self._file = TickFile(files_of(path)[0], self._defects)
        self._time = LocalTime(self._defects)

    @abstractmethod
    def told(self) -> Iterator[Told]:
        """Everything the file says of the market, row by row.

        Raises TickFileError at the first defect that stops it.
        """

    def begin(self) -> Iterator[Told]:
        """Read the file from its beginning, with nothing noted yet."""
        self.notes.clear()
        self._defects.clear()
        self._time = LocalTime(self._defects)
        return self.told()

    async def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Read the file from its beginning, in batches.

        A defect that stops the file does so after all items before it.
        """
        for batch in batches(lambda: self.finish(self.begin(), self.notes)):
            yield batch

    @property
    def position(self) -> int:
        """Bytes on disk that have been read."""
        return self._file.position

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._file.size

    @property
    def reached(self) -> Nanos:
        """The time of the last row that was read."""
        return self._time.last

    @property
    def defects(self) -> dict[str, int]:
        """How many defective rows were skipped or repaired, by kind."""
        return dict(self._defects.counts)

    @property
    def first_defects(self) -> dict[str, str]:
        """The first defect of each kind, with file and row."""
        return dict(self._defects.first)

    @property
    def defect_rows(self) -> list[tuple[int, Defect, str]]:
        """Row, kind and text of each defect, as far as they are listed."""
        return list(self._defects.rows)


def batches(items: Callable[[], Iterator[FeedItem]]) -> Iterator[list[FeedItem]]:
    """Items in lists of BATCH; what came before an error is handed on before it is raised."""
    batch: list[FeedItem] = []
    coming = items()
    try:
        # What was added before an error stays in the list.
        batch.extend(islice(coming, BATCH))
        while batch:
            yield batch
            batch = []
            batch.extend(islice(coming, BATCH))
    except TickFileError:
        if batch:
            yield batch
        raise

"""Reading ahead: another process reads the feed while this one runs the venue.

The items are the same, in the same order, and so is what follows from them.  Memory stays the same
too: what is read ahead waits in a pipe, and a full pipe stops the reader.
"""

import asyncio
import multiprocessing
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

import msgspec

from exchange.core.messages import AnyCommand
from exchange.core.units import Nanos
from exchange.feed import BookCheck, FeedItem
from feeds.defects import TickFileError
from feeds.source import Source

CAN_READ_AHEAD: Final = sys.platform == "linux"
"""Elsewhere a process cannot be split in two safely, and the feed is read here as ever."""


class Progress(msgspec.Struct, array_like=True):
    """How far a source is, and what it left out."""

    position: int
    reached: Nanos
    notes: dict[str, int]
    defects: dict[str, int]
    first_defects: dict[str, str]


class Portion(msgspec.Struct, array_like=True):
    """What passes through the pipe: a batch, how far its sources are, and why there is no more."""

    items: list[AnyCommand | BookCheck]
    sources: list[Progress]
    stopped_by: str = ""
    """The defect that stopped the feed."""


ENCODE = msgspec.msgpack.Encoder().encode
DECODE = msgspec.msgpack.Decoder(Portion).decode


class Ahead(Source):
    """A feed that another process reads, a batch or two ahead of who takes its items."""

    def __init__(self, feed: Source) -> None:
        super().__init__()
        self._feed = feed
        self.name = feed.name
        self._far = [Far(source) for source in feed.sources]

    async def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin in a new process.  Its errors come after all items before them."""
        if not CAN_READ_AHEAD:
            async for batch in self._feed:
                yield batch
            return
        fork = multiprocessing.get_context("fork")
        here, there = fork.Pipe(duplex=False)
        reader = fork.Process(target=read, args=(self._feed, there, here), daemon=True)
        reader.start()
        there.close()
        try:
            while (portion := received(here)) is not None:
                for far, progress in zip(self._far, portion.sources, strict=True):
                    far.take(progress)
                if portion.items:
                    yield portion.items  # type: ignore[misc]
                if portion.stopped_by:
                    raise TickFileError(portion.stopped_by)
        finally:
            here.close()
            reader.join()
        if reader.exitcode:
            raise RuntimeError(f"{self.name}: the process that reads ahead came to a bad end")

    @property
    def sources(self) -> list[Source]:
        """Every source, as far as its items are known here."""
        return list(self._far) if CAN_READ_AHEAD else self._feed.sources

    @property
    def position(self) -> int:
        """How much of all sources was read."""
        return sum(source.position for source in self.sources)

    @property
    def size(self) -> int:
        """How much all sources have."""
        return self._feed.size


class Far(Source):
    """A source that is read in the other process."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self.name = source.name
        self.progress = progress_of(source)

    def take(self, progress: Progress) -> None:
        """It has come so far."""
        self.progress = progress
        self.notes = Counter(progress.notes)

    def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin from the first item, in this process."""
        return aiter(self._source)

    @property
    def position(self) -> int:
        """How much was read of what is known here."""
        return self.progress.position

    @property
    def size(self) -> int:
        """How much there is."""
        return self._source.size

    @property
    def reached(self) -> Nanos:
        """The time of the last row that was read."""
        return self.progress.reached

    @property
    def defects(self) -> dict[str, int]:
        """How many defective rows were skipped or repaired, by kind."""
        return self.progress.defects

    @property
    def first_defects(self) -> dict[str, str]:
        """The first defect of each kind, with file and row."""
        return self.progress.first_defects


def progress_of(source: Source) -> Progress:
    """How far a source of this process is."""
    return Progress(
        source.position, source.reached, dict(source.notes), source.defects, source.first_defects
    )


def received(pipe: Connection) -> Portion | None:
    """The next portion; None where the other process has closed the pipe."""
    try:
        return DECODE(pipe.recv_bytes())
    except EOFError:
        return None


def read(feed: Source, into: Connection, unused: Connection) -> None:
    """What the other process does: read, and hand on, until nobody takes it any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who takes the items
    unused.close()

    def hand_on(items: list[FeedItem], stopped_by: str = "") -> None:
        progress = [progress_of(source) for source in feed.sources]
        into.send_bytes(ENCODE(Portion(items, progress, stopped_by)))  # type: ignore[arg-type]

    async def read_all() -> None:
        try:
            async for batch in feed:
                hand_on(batch)
        except TickFileError as error:
            hand_on([], str(error))
        else:
            hand_on([])

    with suppress(BrokenPipeError):
        asyncio.run(read_all())
    into.close()

"""A progress bar on standard error, where a person is watching."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from exchange.runtime import Progress as Reached
from feeds import Source
from tools.text import clock


class Watch:
    """Shows how far a run is, and measures how fast it went."""

    def __init__(self, progress: Progress | None, feed: Source | None) -> None:
        self._progress = progress
        self._feed = feed
        self._began = time.monotonic()
        self._shown = 0.0
        self.events = 0
        self._task = (
            None
            if progress is None
            else progress.add_task("", total=feed.size if feed else None, rate="", at="")
        )

    @property
    def seconds(self) -> float:
        """Real time since the run began."""
        return time.monotonic() - self._began

    def reached(self, at: Reached) -> None:
        """The run has come this far; shown ten times a second at most."""
        self.events = at.events
        if self._progress is None or self._task is None or self.seconds < self._shown + 0.1:
            return
        self._shown = self.seconds
        self._progress.update(
            self._task,
            completed=self._feed.position if self._feed else None,
            at=clock(at.at),
            rate=f"{at.commands / max(self.seconds, 0.001):,.0f} commands/s",
        )


@contextmanager
def watching(feed: Source | None, *, quiet: bool) -> Iterator[Watch]:
    """A bar for the time of a run; none where nobody sees it."""
    if quiet or not sys.stderr.isatty():
        yield Watch(None, feed)
        return
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[at]}"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("ETA"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Watch(progress, feed)


@contextmanager
def waiting(what: str, *, quiet: bool) -> Iterator[None]:
    """A spinner while something goes on whose length nobody knows; none where nobody sees it."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(what):
        yield

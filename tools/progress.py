"""A progress bar on standard error, where a person is watching."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from exchange.core.units import Nanos
from exchange.outcome import Progress as Reached
from feeds import Source
from tools.build import Run
from tools.text import clock


class Watch:
    """Shows how far a run is, and measures how fast it went."""

    def __init__(self, progress: Progress | None, run: Run) -> None:
        self._progress = progress
        self._run = run
        self._began = time.monotonic()
        self._shown = 0.0
        self._task: TaskID | None = None
        if progress is not None:
            self._task = progress.add_task("", total=None, rate="", at="")

    @property
    def seconds(self) -> float:
        """Real time since the run began."""
        return time.monotonic() - self._began

    def reached(self, at: Reached) -> None:
        """The run has come this far; shown ten times a second at most."""
        if self._progress is None or self._task is None or self.seconds < self._shown + 0.1:
            return
        self._shown = self.seconds
        done = share(self._run, at.at)
        self._progress.update(
            self._task,
            total=None if done is None else 1,
            completed=done,
            at=clock(at.at),
            rate=f"{at.commands / max(self.seconds, 0.001):,.0f} commands/s",
        )


def share(run: Run, now: Nanos) -> float | None:
    """How much of a run is over: by time where its end is known, else by what is read."""
    begin, end, feed = run.began_at, run.end, run.feed
    if end is not None and end > begin:
        return min(1, (now - begin) / (end - begin))
    return feed.position / max(feed.size, 1) if feed is not None else None


@contextmanager
def watching(run: Run, *, quiet: bool) -> Iterator[Watch]:
    """A bar for the time of a run; none where nobody sees it."""
    if quiet or not sys.stderr.isatty():
        yield Watch(None, run)
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
        yield Watch(progress, run)


@contextmanager
def reading(what: str, source: Source, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar while a source is read, by what of it is read; called to be shown anew."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn(what), BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("ETA"))
    with Progress(
        *columns, TimeRemainingColumn(compact=True), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task("", total=max(source.size, 1))
        yield lambda: progress.update(task, completed=source.position)


@contextmanager
def waiting(what: str, *, quiet: bool) -> Iterator[None]:
    """A spinner while something goes on whose length nobody knows; none where nobody sees it."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(what):
        yield

"""Carrying out a run for a person: progress, Ctrl-C, folder, report."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from structlog.typing import EventDict

from exchange.outcome import Outcome, Progress
from feeds import TickFileError
from tools.build import Run
from tools.progress import watching
from tools.run_folder import RunFolder, next_folder
from tools.scenario import ScenarioError


class Done(NamedTuple):
    """A run that is over."""

    folder: Path
    summary: dict[str, Any]
    seconds: float
    """Of real time."""

    @property
    def exit_code(self) -> int:
        """0: all is well; 1: something failed; 130: interrupted."""
        if self.summary.get("interrupted"):
            return 130
        failures = self.summary["expectations"]["failures"]
        return 1 if self.summary["error"] or failures or any_stopped(self.summary) else 0


def prints_aside(*, quiet: bool) -> AbstractContextManager[object]:
    """Where standard output is for machines, what a strategy prints goes to standard error."""
    return redirect_stdout(sys.stderr) if quiet else nullcontext()


def any_stopped(summary: dict[str, Any]) -> bool:
    """Whether the venue stopped a strategy: what is told of its account is then not its doing."""
    return any(one["stopped"] for one in summary.get("strategies", ()))


def log_to_stderr() -> None:
    """The program's log, without stopped strategies: every report tells of them."""
    structlog.reset_defaults()
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        processors=[drop_stops, *structlog.get_config()["processors"]],
    )


def drop_stops(_logger: Any, _method: str, event: EventDict) -> EventDict:  # noqa: ANN401
    """Drop the news that a strategy was stopped."""
    if event.get("event") == "strategy_stopped":
        raise structlog.DropEvent
    return event


def carry_out(run: Run, base: Path, *, quiet: bool) -> Done:
    """Run to the end, or to Ctrl-C, or to a feed's error; the folder is whole in each case."""
    path = next_folder(base, run.scenario.name)
    with watching(run, quiet=quiet) as watch, prints_aside(quiet=quiet):
        summary = recorded(run, path, watch.reached)
        return Done(path, summary, watch.seconds)


def recorded(run: Run, path: Path, on_progress: Callable[[Progress], None]) -> dict[str, Any]:
    """Run into a new folder; its summary."""
    folder = RunFolder(path, run)
    outcome: Outcome | None = None
    error = ""
    try:
        with interruptible(run):
            outcome = asyncio.run(
                run.go(
                    folder.journal,
                    [folder.observe],
                    on_progress=on_progress,
                    sampler=folder.sampler,
                )
            )
    except (TickFileError, ScenarioError) as stopped:
        error = str(stopped)
    finally:
        folder.close()
    return folder.finish(outcome, error)


@contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """The first Ctrl-C ends the run in good order; a second one ends the program."""

    def stop(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        run.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

"""Carrying out the cases of a comparison: each a whole run, in processes of their own."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from exchange.outcome import Progress as Reached
from tools.build import Run
from tools.progress import share
from tools.running import any_stopped, log_to_stderr, prints_aside, recorded
from tools.scenario import Scenario, ScenarioError

PROCESSES_MAX = 8
"""A run holds its venue and a part of its tables in memory, so that more is not always faster."""
LOOK_EVERY = 0.2
"""Seconds between two looks at how far the runs are."""
INTERRUPTED = "interrupted"


class Job(NamedTuple):
    """One case to be run."""

    name: str
    scenario: Scenario
    path: Path
    """The scenario's file; its folder is where other files are looked for."""
    folder: Path
    """Of the run, to be made."""
    until: str = ""


class Ran(NamedTuple):
    """What became of a job."""

    job: Job
    summary: dict[str, Any]
    """Empty where the run could not begin."""
    error: str
    """Why it did not get to its end; empty where it did."""


class Shares:
    """In a worker: how much of each job is over, shared with whoever watches."""

    of: Any = None
    quiet = False
    """Whether standard output is for machines."""

    @classmethod
    def prepare(cls, shares: Any, quiet: bool) -> None:  # noqa: ANN401, FBT001 (shared memory; positional)
        """Begin a worker.  Ctrl-C is for the run that it carries out, not for itself."""
        cls.of = shares
        cls.quiet = quiet
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        log_to_stderr()


def carry_out_all(jobs: Sequence[Job], *, quiet: bool) -> list[Ran]:
    """Run every job, in parallel where there are processors; what became of each, in order.

    After Ctrl-C those that run end in good order, and the others do not begin.
    """
    context = get_context("spawn")
    shares = context.Array("d", len(jobs), lock=False)
    workers = min(len(jobs), os.cpu_count() or 1, PROCESSES_MAX)
    pool = ProcessPoolExecutor(
        workers, context, initializer=Shares.prepare, initargs=(shares, quiet)
    )
    with pool, watching_all(jobs, quiet=quiet) as reached:
        futures = [pool.submit(carry_out_one, number, job) for number, job in enumerate(jobs)]
        try:
            while wait(futures, LOOK_EVERY).not_done:
                reached(shares)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
    return [told(job, future) for job, future in zip(jobs, futures, strict=True)]


def carry_out_one(number: int, job: Job) -> Ran:
    """Run one job, in a worker."""

    def reached(at: Reached) -> None:
        Shares.of[number] = share(run, at.at) or 0.0

    try:
        run = Run(job.scenario, job.path, until=job.until)
    except ScenarioError as error:
        return Ran(job, {}, str(error))
    with prints_aside(quiet=Shares.quiet):
        summary = recorded(run, job.folder, reached)
    Shares.of[number] = 1.0
    return Ran(job, summary, INTERRUPTED if summary.get("interrupted") else summary["error"])


def told(job: Job, future: Future[Ran]) -> Ran:
    """What became of a job, which Ctrl-C may have kept from beginning."""
    return Ran(job, {}, INTERRUPTED) if future.cancelled() else future.result()


def exit_code(ran: Sequence[Ran]) -> int:
    """0: every run got to its end; 1: one, or a strategy in it, did not; 130: interrupted."""
    errors = [one.error for one in ran]
    failed = any(errors) or any(any_stopped(one.summary) for one in ran)
    return 130 if INTERRUPTED in errors else 1 if failed else 0


@contextmanager
def watching_all(
    jobs: Sequence[Job], *, quiet: bool
) -> Iterator[Callable[[Sequence[float]], None]]:
    """A bar for each job, on standard error; none where nobody sees it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _shares: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks = [progress.add_task(job.name, total=1.0, start=False) for job in jobs]

        def reached(shares: Sequence[float]) -> None:
            for task, done in zip(tasks, shares, strict=True):
                if done:
                    progress.start_task(task)
                progress.update(task, completed=done)

        yield reached

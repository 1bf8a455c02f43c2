"""Many independent pieces of work, over the processors that there are."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from rich.console import Console
from rich.progress import track

PROCESSES_MAX = 8
T = TypeVar("T")
R = TypeVar("R")


def spread(work: Callable[[T], R], items: Sequence[T], what: str, *, quiet: bool) -> list[R]:
    """The result of each item, in order; with a bar where a person is watching.

    `work` and its items go to other processes, so that it is a function of a module.
    """
    workers = min(len(items), os.cpu_count() or 1, PROCESSES_MAX)
    hidden = quiet or not sys.stderr.isatty()
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        results = pool.map(work, items)
        console = Console(stderr=True)
        bar = track(results, what, len(items), console=console, transient=True, disable=hidden)
        return list(bar)

"""A strategy that never returns is interrupted; the venue goes on.

A timer signal looks in now and then.  It finds the same step of the same strategy at two looks
running only if that step has hung, and then raises inside it; more and more often, should the
strategy catch that too.  What hangs inside a C function is interrupted once that returns.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import structlog

log = structlog.get_logger()

PATIENCE: Final = 5.0
"""Seconds of real time that one step of a strategy may take, by default."""
INSISTENCE: Final = 0.01
"""Seconds until the next look at a step that has been told that it hangs."""


class Hung(BaseException):
    """Raised inside a step that hangs.  Not an Exception: `except Exception` must not stop it."""


class Watchdog:
    """Counts steps; the signal compares.  Steps cost two attribute writes and no system call."""

    def __init__(self) -> None:
        self._step = 0
        self._inside = False
        self._seen = -1
        self._patience = 0.0

    def enter(self) -> None:
        """A step of a strategy begins."""
        self._step += 1
        self._inside = True

    def leave(self) -> None:
        """It has come back."""
        self._inside = False

    def look(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Raise Hung where the step under way was under way at the last look too."""
        if self._inside and self._seen == self._step:
            if self._patience:
                signal.setitimer(signal.ITIMER_REAL, INSISTENCE, self._patience)
            raise Hung
        self._seen = self._step if self._inside else -1

    @contextmanager
    def armed(self, patience: float = PATIENCE) -> Iterator[None]:
        """Look in every `patience` seconds.  Signals need the main thread; elsewhere, no watch."""
        if threading.current_thread() is not threading.main_thread():
            log.warning("strategies_unwatched", why="not in the main thread")
            yield
            return
        self._patience = patience
        before = signal.signal(signal.SIGALRM, self.look)
        signal.setitimer(signal.ITIMER_REAL, patience, patience)
        try:
            yield
        finally:
            self._patience = 0.0
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

"""What one engine came to at one piece of work."""

import gc
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")


class Missing(Exception):  # noqa: N818 (a state, told as one)
    """An engine that is not here, and why."""


class Measured(msgspec.Struct, kw_only=True):
    """Nanoseconds for each unit of work, and what must be the same for every engine."""

    nanos: float
    count: int
    """Units of work that were timed."""
    answers: dict[str, Any] = {}
    """What the work came to; engines with the same names must agree."""
    facts: dict[str, Any] = {}
    """Whatever else is worth telling."""


Engine: TypeAlias = Callable[[int], Measured]
"""Does the work at a size."""


@contextmanager
def quiet_memory():  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Without the cycle collector, which would count its own work as the engine's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def timed(work: Callable[[], T]) -> tuple[T, int]:
    """What `work` returns, and how many nanoseconds it took."""
    with quiet_memory():
        began = time.perf_counter_ns()
        done = work()
        return done, time.perf_counter_ns() - began

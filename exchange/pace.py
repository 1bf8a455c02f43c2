"""The wall clock: a run that goes on only so many times as fast as life does.

Nothing but the waiting is different: what happens, and in what order, is the same to the byte.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Protocol

from exchange.core.units import Nanos

TICK = 0.02
"""Seconds between two looks at the clock."""


class Advancing(Protocol):
    """What can be let go on up to a moment."""

    now: Nanos

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        ...

    async def advance(self, to: Nanos) -> None:
        """Let time pass up to a moment."""
        ...


class Pace:
    """`speed` seconds of the venue's time pass in each second of life."""

    def __init__(
        self,
        speed: Fraction,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Raises ValueError unless time goes forward."""
        if speed <= 0:
            raise ValueError(f"speed was {speed}, expected more than 0")
        self._speed = speed
        self._clock = clock
        self._sleep = sleep

    async def carry(self, run: Advancing) -> None:
        """Let a run go on to its end."""
        began = self._clock()
        await run.advance(0)
        first = run.now
        while not run.is_over:
            await run.advance(first + int((self._clock() - began) * self._speed))
            await self._sleep(TICK)

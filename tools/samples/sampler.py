"""When samples are taken: at whole multiples of an interval, after all else of that moment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from exchange.core.instrument import Instrument
from exchange.core.messages import Event
from exchange.core.units import Nanos
from exchange.core.venue import Venue
from exchange.runtime import Simulation
from exchange.scheduler import Turn
from tools.samples.accounts import AccountSamples
from tools.samples.bars import Bars
from tools.samples.crowd import CrowdSamples
from tools.samples.funds import FundSamples


class Sample(Protocol):
    """A table, or several, of how something stands from time to time."""

    def observe(self, event: Event) -> None:
        """Note what an event tells."""
        ...

    def take(self, venue: Venue, at: Nanos) -> None:
        """Write down how things stand."""
        ...

    def close(self) -> None:
        """End the files."""
        ...


class Sampler:
    """Takes the samples of one run.

    Moments in which nothing had happened since the last one are left out: a value stands until the
    next row.  The last row is of the run's end.
    """

    def __init__(
        self,
        folder: Path,
        instruments: Mapping[str, Instrument],
        accounts: list[str],
        group_of: Mapping[str, str],
        *,
        every: Nanos,
        crowd_every: Nanos,
    ) -> None:
        """`accounts` are followed one by one; `group_of` says to which population others belong.

        An interval of zero switches its tables off.
        """
        self._beats: list[Beat] = []
        if every:
            each: list[Sample] = [
                AccountSamples(folder, instruments, accounts),
                Bars(folder, instruments),
                FundSamples(folder, instruments),
            ]
            self._beats.append(Beat(every, each))
        if crowd_every:
            crowd = CrowdSamples(folder, instruments, group_of)
            self._beats.append(Beat(crowd_every, [crowd]))

    def start(self, simulation: Simulation) -> None:
        """Take the first samples now, and go on."""
        for beat in self._beats:
            beat.start(simulation)

    def observe(self, event: Event) -> None:
        """Note what an event tells."""
        for beat in self._beats:
            beat.observe(event)

    def close(self) -> None:
        """Take the last samples, and end the files."""
        for beat in self._beats:
            beat.close()


class Beat:
    """Samples that are taken at the same moments."""

    def __init__(self, every: Nanos, samples: list[Sample]) -> None:
        self._every = every
        self._samples = samples
        self._simulation: Simulation | None = None
        self._has_news = True
        self._waits = False
        """A moment is appointed.  Where nothing happens none is: feeds may be silent for years."""
        self._taken_at: Nanos = -1

    def start(self, simulation: Simulation) -> None:
        """Take the first samples now, and go on at whole multiples of the interval."""
        self._simulation = simulation
        self._take(simulation)

    def observe(self, event: Event) -> None:
        """Something happened."""
        self._has_news = True
        if not self._waits and self._simulation is not None:
            self._wait(self._simulation)
        for sample in self._samples:
            sample.observe(event)

    def close(self) -> None:
        """Take the last samples, and end the files."""
        if self._simulation is not None and self._simulation.now > self._taken_at:
            self._has_news = True
            self._take(self._simulation)
        for sample in self._samples:
            sample.close()

    def _wait(self, simulation: Simulation) -> None:
        at = -(-simulation.now // self._every) * self._every
        if at == self._taken_at:
            at += self._every
        self._waits = True
        simulation.schedule(at, Turn.SAMPLE, lambda: self._beat(simulation))

    def _beat(self, simulation: Simulation) -> None:
        self._waits = False
        self._take(simulation)

    def _take(self, simulation: Simulation) -> None:
        if self._has_news:
            self._has_news = False
            self._taken_at = simulation.now
            for sample in self._samples:
                sample.take(simulation.venue, simulation.now)

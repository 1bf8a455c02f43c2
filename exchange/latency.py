"""How long messages travel between a client and the venue.

The rule of a line: what was sent first in one direction arrives first.  A message that would
overtake the one before it arrives with it, as bytes of one connection do.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable
from decimal import Context, Decimal
from pathlib import Path
from random import Random
from typing import Final, TypeAlias, final

import msgspec

from exchange.core.units import Nanos

EXACT = Context(prec=24)
"""Exponentials are taken in decimal arithmetic, which gives the same digits on every machine."""
BITS: Final = 32
DRAWS: Final = 12
"""Uniform draws whose sum is near to a normal one, with standard deviation 1."""
DIRECTIONS: Final = ("entry", "response", "market_data")

Drawing: TypeAlias = Callable[[Nanos], Nanos]
"""The travel time of a message that is sent at a moment."""


class LatencyError(ValueError):
    """Travel times that cannot be: what was found, and what was expected."""


@final
class LogNormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Half of the messages take the median or less; the logarithm is spread around it like a bell.

    The bell is a sum of twelve uniform draws: no message is further than six spreads out.
    """

    median: Nanos
    spread: Decimal
    """Standard deviation of the logarithm: of 100 messages, 16 take more than median * e^spread."""

    def __post_init__(self) -> None:
        """Refuse a median or a spread below zero."""
        if self.median < 0 or not (self.spread.is_finite() and 0 <= self.spread <= DRAWS):
            raise LatencyError(
                f"median was {self.median} ns and spread {self.spread}, "
                f"expected 0 or more, and 0 to {DRAWS}"
            )

    def drawing(self, random: Random) -> Drawing:
        """Travel times that do not depend on when."""
        median, spread, one = Decimal(self.median), self.spread, 1 << BITS

        def draw(_sent: Nanos) -> Nanos:
            bell = sum(random.getrandbits(BITS) for _ in range(DRAWS)) - DRAWS * one // 2
            power = EXACT.exp(EXACT.divide(EXACT.multiply(spread, Decimal(bell)), Decimal(one)))
            return int(EXACT.multiply(median, power))

        return draw


@final
class Quantiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measured distribution: its quantiles at even steps, the least first and the most last.

    Five of them are the least, the quarter, the half, the three quarters and the most; between
    two, travel times are even.
    """

    times: tuple[Nanos, ...]

    def __post_init__(self) -> None:
        """Refuse quantiles that fall."""
        if len(self.times) < 2 or self.times[0] < 0 or list(self.times) != sorted(self.times):  # noqa: PLR2004
            raise LatencyError(
                f"quantiles were {', '.join(map(str, self.times))} ns, "
                "expected two or more, none below 0 or below the one before"
            )

    def drawing(self, random: Random) -> Drawing:
        """Travel times that do not depend on when."""
        times, steps = self.times, len(self.times) - 1

        def draw(_sent: Nanos) -> Nanos:
            step, part = divmod(random.getrandbits(BITS) * steps, 1 << BITS)
            return times[step] + ((times[step + 1] - times[step]) * part >> BITS)

        return draw


@final
class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Measurements over time: a message takes what lies between the two around its sending.

    Before the first and after the last, it takes what that one took.
    """

    sent: tuple[Nanos, ...]
    times: tuple[Nanos, ...]

    def __post_init__(self) -> None:
        """Refuse measurements that are none, or go back in time."""
        ordered = list(self.sent) == sorted(set(self.sent))
        if not self.sent or not ordered or len(self.sent) != len(self.times) or min(self.times) < 0:
            raise LatencyError(
                f"there were {len(self.sent)} moments and {len(self.times)} travel times, "
                "expected as many of both, moments that rise, and times of 0 or more"
            )

    def drawing(self, _random: Random) -> Drawing:
        """Travel times by when a message is sent; nothing is left to chance."""
        sent, times = self.sent, self.times

        def draw(now: Nanos) -> Nanos:
            after = bisect_right(sent, now)
            if after == 0 or after == len(sent):
                return times[min(after, len(times) - 1)]
            begin, rise = sent[after - 1], times[after] - times[after - 1]
            return times[after - 1] + rise * (now - begin) // (sent[after] - begin)

        return draw


TravelTime: TypeAlias = Nanos | LogNormal | Quantiles | Recorded
"""Constant in ns, or drawn for each message."""


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Travel times of a client's line, in virtual time.

    Entry: client to venue.  Response: the venue's answers and the client's own events.  Market
    data: quotes, trades and prices.
    """

    entry: TravelTime = 0
    response: TravelTime = 0
    market_data: TravelTime = 0

    def __post_init__(self) -> None:
        """Refuse a message that arrives before it is sent."""
        for direction in DIRECTIONS:
            time = getattr(self, direction)
            if isinstance(time, int) and time < 0:
                raise LatencyError(f"{direction} was {time} ns, expected 0 or more")


class Channel:
    """One direction of a line: messages take their time, and none overtakes another."""

    def __init__(self, time: TravelTime, random: Random) -> None:
        self._draw = None if isinstance(time, int) else time.drawing(random)
        self._constant = time if isinstance(time, int) else 0
        self._last: Nanos = 0

    def arrival(self, now: Nanos) -> Nanos:
        """When a message arrives that is sent now."""
        if self._draw is None:
            return now + self._constant
        self._last = max(self._last, now + self._draw(now))
        return self._last


class Line:
    """A client's line to the venue.  `seeds` name its source of chance."""

    def __init__(self, latency: Latency, *seeds: object) -> None:
        self.entry, self.response, self.market_data = (
            Channel(getattr(latency, direction), Random(" ".join(map(str, (*seeds, direction)))))  # noqa: S311
            for direction in DIRECTIONS
        )


def read_measurements(path: Path, direction: str) -> Recorded:
    """One direction of a file of measured latencies.

    A CSV file with a heading: `sent` (ns since 1970, rising), and for each direction that was
    measured a column `entry`, `response` or `market_data` (ns).  Raises LatencyError with file and
    row.
    """
    sent: list[Nanos] = []
    times: list[Nanos] = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            columns = _columns(next(rows, []), direction, f"{path}:1")
            for row in rows:
                moment, time = _numbers(row, columns, f"{path}:{rows.line_num}")
                if sent and moment <= sent[-1]:
                    raise LatencyError(
                        f"{path}:{rows.line_num}: sent was {moment}, expected more than {sent[-1]}"
                    )
                sent.append(moment)
                times.append(time)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LatencyError(f"{path}: {error}") from None
    if not sent:
        raise LatencyError(f"{path}: there were no measurements, expected one or more")
    return Recorded(sent=tuple(sent), times=tuple(times))


def _columns(heading: list[str], direction: str, where: str) -> tuple[int, int]:
    """Where moments and travel times stand in a row."""
    if "sent" not in heading or direction not in heading:
        found = ", ".join(heading) or "none"
        raise LatencyError(f"{where}: columns were {found}, expected sent and {direction}")
    return heading.index("sent"), heading.index(direction)


def _numbers(row: list[str], columns: tuple[int, int], where: str) -> tuple[Nanos, Nanos]:
    texts = [row[column].strip() if column < len(row) else "" for column in columns]
    if not all(text.isascii() and text.isdigit() for text in texts):
        raise LatencyError(f"{where}: row was {','.join(row)!r}, expected whole numbers of ns")
    return int(texts[0]), int(texts[1])

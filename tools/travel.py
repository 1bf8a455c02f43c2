"""A scenario's latency: from what is written there to travel times."""

from decimal import Decimal
from pathlib import Path

from exchange.core.units import Nanos, UnitError, exact
from exchange.latency import (
    DIRECTIONS,
    Latency,
    LogNormal,
    Quantiles,
    TravelTime,
    read_measurements,
)
from tools.scenario import LatencyPart, TravelPart
from tools.times import MILLISECOND, duration


def latency(part: LatencyPart, folder: Path) -> Latency:
    """The travel times of a line.  Raises UnitError or LatencyError, naming the field."""
    return Latency(**{direction: _time(part, direction, folder) for direction in DIRECTIONS})


def _time(part: LatencyPart, direction: str, folder: Path) -> TravelTime:
    drawn: TravelPart | None = getattr(part, direction)
    constant = milliseconds(getattr(part, f"{direction}_ms"), f"{direction}_ms")
    if drawn is None:
        return constant
    if constant:
        raise UnitError(f"{direction}_ms and {direction} were both given, expected one of them")
    given = [name for name in ("median_ms", "quantiles_ms", "file") if getattr(drawn, name)]
    if len(given) != 1:
        raise UnitError(
            f"{direction}: {' and '.join(given) or 'nothing'} was given, "
            "expected one of median_ms, quantiles_ms and file"
        )
    return _law(drawn, direction, folder)


def _law(drawn: TravelPart, direction: str, folder: Path) -> TravelTime:
    if drawn.file:
        return read_measurements(folder / drawn.file, direction)
    if drawn.quantiles_ms:
        what = f"{direction}.quantiles_ms"
        return Quantiles(times=tuple(milliseconds(text, what) for text in drawn.quantiles_ms))
    spread = exact(drawn.spread, f"{direction}.spread")
    return LogNormal(
        median=milliseconds(drawn.median_ms, f"{direction}.median_ms"),
        spread=Decimal(spread.numerator) / Decimal(spread.denominator),
    )


def milliseconds(text: str, what: str) -> Nanos:
    """A time in ms as ns.  Raises UnitError."""
    return duration(text, what, MILLISECOND)

"""A scenario's latency: constant, log-normal, by quantiles, or from a file; one of them."""

from decimal import Decimal
from pathlib import Path

import pytest

from exchange.core.units import UnitError
from exchange.latency import Latency, LatencyError, LogNormal, Quantiles, Recorded
from tools.scenario import LatencyPart, TravelPart
from tools.travel import latency

MS = 1_000_000


def test_each_direction_has_a_law_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text("sent,market_data\n5,7\n")

    made = latency(
        LatencyPart(
            entry=TravelPart(median_ms="2.5", spread="0.4"),
            response=TravelPart(quantiles_ms=("1", "2", "9")),
            market_data=TravelPart(file="measured.csv"),
        ),
        tmp_path,
    )

    assert made == Latency(
        entry=LogNormal(median=2_500_000, spread=Decimal("0.4")),
        response=Quantiles(times=(1 * MS, 2 * MS, 9 * MS)),
        market_data=Recorded(sent=(5,), times=(7,)),
    )


def test_constants_are_in_milliseconds_to_the_nanosecond(tmp_path: Path) -> None:
    part = LatencyPart(entry_ms="5", response_ms="0.000001")

    assert latency(part, tmp_path) == Latency(entry=5 * MS, response=1)


BAD = [
    (LatencyPart(entry_ms="1", entry=TravelPart(median_ms="1")), "entry_ms and entry were both"),
    (LatencyPart(response=TravelPart()), "response: nothing was given, expected one of median_ms"),
    (
        LatencyPart(response=TravelPart(median_ms="1", file="x.csv")),
        "response: median_ms and file was given",
    ),
    (LatencyPart(entry_ms="-1"), "entry_ms was -1, expected 0 or more"),
    (LatencyPart(entry_ms="0.0000001"), "entry_ms was 0.0000001, expected a multiple of 0.000001"),
    (LatencyPart(entry=TravelPart(median_ms="1", spread="wide")), "entry.spread was 'wide'"),
    (LatencyPart(entry=TravelPart(file="absent.csv")), "absent.csv: "),
]


@pytest.mark.parametrize(("part", "complaint"), BAD)
def test_what_makes_no_sense_names_its_field(
    part: LatencyPart, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises((UnitError, LatencyError)) as caught:
        latency(part, tmp_path)

    assert complaint in str(caught.value)

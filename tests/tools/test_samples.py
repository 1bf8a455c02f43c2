"""Samples: what is written down of a run from time to time, seen on a small crash."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.crash import crash, ran
from tools.samples.columns import scale
from tools.samples.crowd import one_digit
from tools.scenario import ScenarioError

SAMPLED = ("equity", "positions", "bars", "funds", "heatmap", "populations")
QUIET = '\n[outputs]\nsample_seconds = "0"\ncrowd_seconds = "0"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crash(tmp_path_factory.mktemp("runs")).folder


def rows(folder: Path, table: str, **where: Any) -> list[dict[str, Any]]:
    found = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return [row for row in found if all(row[k] == v for k, v in where.items())]


def seconds(found: list[dict[str, Any]]) -> list[int]:
    return [row["at"].minute * 60 + row["at"].second for row in found]


def test_whoever_looks_changes_nothing(folder: Path, tmp_path: Path) -> None:
    unseen = crash(tmp_path, extra=QUIET)

    assert (unseen.folder / "journal.jsonl").read_bytes() == (folder / "journal.jsonl").read_bytes()
    assert not [name for name in SAMPLED if (unseen.folder / f"{name}.parquet").exists()]


def test_a_moment_without_news_has_no_row(folder: Path) -> None:
    """Steps at 0, 10, 70 and 75 s: a row as it begins, and one after each."""
    assert seconds(rows(folder, "equity", account="carl")) == [0, 1, 10, 70, 75]


def test_equity_is_that_of_the_whole_account(folder: Path) -> None:
    """10,000 - 30 fee - 3,000 at a mark of 57,000; of which 6,000 - 3,000 in the bucket."""
    row = rows(folder, "equity", account="anna")[2]

    assert (row["equity"], row["wallet"], row["cross_equity"]) == (6_970, 3_970, 3_970)
    assert row["equity_units"] == 6_970 * 10**8
    assert (row["margin_ratio"], row["exposure"]) == (None, 57_000)


def test_the_ratio_of_an_isolated_position_is_its_own(folder: Path) -> None:
    row = rows(folder, "positions", account="anna")[1]

    assert (row["mark"], row["bucket"], row["unrealised_pnl"]) == (57_000, 6_000, -3_000)
    assert row["margin_ratio"] == row["maintenance_margin"] / 3_000 == 235 / 3_000


def test_a_liquidation_price_is_where_equity_meets_maintenance(folder: Path) -> None:
    """6,000 + p - 60,000 = 0.005 p - 50 at p = 54,221.105..., the tier's amount being 50."""
    row = rows(folder, "positions", account="anna")[0]

    assert row["entry_price"] == 60_000
    assert row["liquidation_price_units"] == 53_950 * 10**8 * 1000 // 995
    assert row["bankruptcy_price"] == 54_000


def test_the_last_equity_is_that_of_the_accounts_table(folder: Path) -> None:
    for account in ("anna", "carl"):
        last = rows(folder, "equity", account=account)[-1]
        (end,) = rows(folder, "accounts", account=account)
        assert Fraction(last["equity_units"], 10**8) == Fraction(end["total"])


def test_a_bar_covers_what_happened_since_the_one_before(folder: Path) -> None:
    bar = rows(folder, "bars")[3]

    assert [bar[name] for name in ("open", "high", "low", "close")] == [53_500] * 4
    assert (bar["bid"], bar["ask"], bar["mark"], bar["index"]) == (53_500, 53_510, 53_000, 60_010)
    assert bar["volume_lots"] == bar["liquidated_long_lots"] > 1_000
    assert (bar["bought_lots"], bar["liquidated_short_lots"]) == (0, 0)


def test_a_bar_without_trades_has_no_prices_of_its_own(folder: Path) -> None:
    bar = rows(folder, "bars")[-1]

    assert (bar["trades"], bar["open"], bar["close"], bar["mark"]) == (0, None, None, 53_600)


def test_open_interest_is_what_the_venue_says(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    last = rows(folder, "bars")[-1]

    assert Fraction(last["open_interest_lots"], 1000) == Fraction(
        summary["instruments"]["BTC"]["open_interest"]
    )


def test_the_fund_has_a_row_where_it_changed(folder: Path) -> None:
    """At 70 s it pays 500 for anna's fill at 53,500, and for the crowd; at 75 s nothing."""
    found = rows(folder, "funds")

    assert seconds(found) == [0, 1, 10, 70]
    assert found[0]["insurance_fund"] == 100_000
    assert found[1]["fees"] == 60


def test_the_heatmap_shows_sizes_by_liquidation_price(folder: Path) -> None:
    """Bands are 100 high, the 400th part of 60,000 to one digit; anna's 54,221 is in [54,200, ...).

    Carl's liquidation price is above 90,000, further than half the mark.
    """
    first, *_, last = (row["at"] for row in rows(folder, "heatmap"))
    found, emptied = rows(folder, "heatmap", at=first), rows(folder, "heatmap", at=last)

    assert [(row["price_low"], row["price_high"]) for row in found] == [
        (53_900, 54_000),
        (54_200, 54_300),
    ]
    assert found[1]["long_lots"] > 1_000
    assert sum(row["short_lots"] for row in found) == 0
    assert [(row["price_low"], row["long_lots"], row["short_lots"]) for row in emptied] == [
        (53_900, 0, 0),
        (54_200, 0, 0),
    ]


def test_a_population_is_added_up(folder: Path) -> None:
    first, last = rows(folder, "populations")
    ends = rows(folder, "accounts", population="crowd")

    assert (first["accounts"], first["holding"] + first["liquidated"]) == (20, 20)
    assert (last["holding"], last["liquidated"], last["long_notional"]) == (0, 20, 0)
    assert Fraction(last["equity_units"], 10**8) == sum(Fraction(row["total"]) for row in ends)


def test_an_interval_below_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"outputs: sample_seconds was -1, expected 0 or more"):
        crash(tmp_path, extra='\n[outputs]\nsample_seconds = "-1"\n')


def test_units_become_the_nearest_float() -> None:
    assert scale(Fraction(1, 10**8))(123_456_789_012_345_678) == 1234567890.1234567


@pytest.mark.parametrize(
    ("units", "digit"), [(29_100, 20_000), (5, 5), (1, 1), (99, 50), (100, 100)]
)
def test_bands_have_one_digit(units: int, digit: int) -> None:
    assert one_digit(units) == digit


# ------------------------------------------------------------- spot, and what expires

SPOT = """
name = "spot"
rulebook = "textbook"
recorded_marks = true

[[instruments]]
symbol = "BTC-SPOT"
kind = "spot"
base = "BTC"
settle = "USD"
tick_size = "1"
lot_size = "0.001"

[[accounts]]
name = "anna"
deposits = { USD = "10000" }

[[steps]]
mark = { BTC-SPOT = "60000" }

[[steps]]
at = "+0"
book = { symbol = "BTC-SPOT", asks = [["60000", "1"]] }

[[steps]]
at = "+0"
order = { account = "anna", symbol = "BTC-SPOT", side = "buy", size = "0.1", price = "60000" }

[[steps]]
at = "+10"
mark = { BTC-SPOT = "66000" }
"""

DATED = """
name = "dated"
rulebook = "textbook"
start = "2025-03-27T07:50:00"

[[instruments]]
symbol = "BTC-27MAR25"
settle = "USD"
tick_size = "1"
lot_size = "0.001"
expiry = "2025-03-27T08:00:00"

[[accounts]]
name = "anna"
deposits = { USD = "10000" }
positions = [{ symbol = "BTC-27MAR25", size = "1" }]

[[steps]]
mark = { BTC-27MAR25 = "60000" }

[[steps]]
index = { BTC-27MAR25 = "60100" }
"""


def test_spot_is_worth_what_its_mark_says(tmp_path: Path) -> None:
    """4,000 dollars and a tenth of a bitcoin; what is owned is no open interest."""
    folder = ran(SPOT, tmp_path).folder
    last = rows(folder, "equity", account="anna", asset="USD")[-1]

    assert (last["equity"], last["wallet"], last["spot"]) == (10_600, 4_000, 6_600)
    assert rows(folder, "equity", account="anna", asset="BTC")[-1]["equity"] == 0.1
    assert {row["open_interest"] for row in rows(folder, "bars")} == {0}


def test_what_has_expired_is_no_open_interest(tmp_path: Path) -> None:
    found = rows(ran(DATED, tmp_path, until="+700").folder, "bars")

    assert [row["open_interest"] for row in found][1] == 1
    assert found[-1]["open_interest"] == 0


def test_a_number_beyond_64_bits_is_left_to_its_float(tmp_path: Path) -> None:
    """A million million dollars, in units of a hundred-millionth."""
    rich = DATED.replace('"10000"', '"1000000000000"')
    row = rows(ran(rich, tmp_path, until="+5").folder, "equity", account="anna")[-1]

    assert (row["equity_units"], row["equity"]) == (None, 1e12)

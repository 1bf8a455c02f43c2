"""Published figures through the venue: every vector names its source.

The figures lie beside this file, each with where it was found.
"""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from tools.cli import app
from tools.vectors.cases import Result, Vector, VectorError
from tools.vectors.run import answered, read, results

HERE = Path(__file__).parent
VENUES = list(results(HERE / "venues.json"))
OTHERS = list(results(HERE / "other_systems.json"))
SEEDS = list(results(HERE / "seeds.json"))

NOT_FIGURES = {"stress-3"}
"""Without a number in the article."""
PORTFOLIO = {"ok-10", "ok-11", "de-01", "de-02", "de-03"}
"""Portfolio margin and tiers across two sides: not yet among the venue's margin modes."""
INEXPRESSIBLE = {
    "insurance_fund_fee_ppm",  # a fee cut back by what is short
    "liquidation_fee_grows_with_time",
    "socialized_loss_funding_delta",  # by a funding index, rounded to its own grid
    "max_pct_to_liquidate_small_shortage",
    "margin_with_funding_component",
    "margin_with_funding_component_short",
    "twap_with_auction_and_funding",  # auctions
    "maintenance_margin_riskiest_long",  # open orders in maintenance margin
    "fully_collateralised_order_margin",
    "fully_collateralised_two_sided_order_margin",
    "network_disposal_schedule",
}
"""Topics of other systems that no policy here expresses."""


def named(result: Result) -> str:
    return f"{result.id}: {result.source[:60]}"


@pytest.mark.parametrize("result", VENUES, ids=named)
def test_venues(result: Result) -> None:
    assert result.source
    if result.id in PORTFOLIO:
        assert result.status != "pass", "then it belongs to the others"
    else:
        assert result.status == "pass", result


@pytest.mark.parametrize("result", SEEDS, ids=lambda result: result.id)
def test_seeds(result: Result) -> None:
    assert result.status == ("unsupported" if result.id in NOT_FIGURES else "pass"), result


@pytest.mark.parametrize("result", OTHERS, ids=named)
def test_other_systems(result: Result) -> None:
    expected = "unsupported" if result.topic in INEXPRESSIBLE else "pass"

    assert result.status == expected, result


# -------------------------------------------------------------------------------- honesty


def test_a_wrong_figure_fails() -> None:
    for row in read(HERE / "venues.json"):
        if isinstance(row["expected"], (int, float)):
            wrong = row | {"expected": row["expected"] * 1.01 + 1, "tolerance": 0.001}
            assert answered(vector(wrong)).status in {"fail", "unsupported"}, row["id"]


def vector(row: dict[str, object]) -> Vector:
    return msgspec.convert(row, Vector)


def test_an_unknown_topic_is_never_passed() -> None:
    made = answered(vector({"id": "x", "topic": "weather", "inputs": {}, "expected": 1}))

    assert made.status == "unsupported"
    assert "'weather' is not known" in made.detail


def test_what_is_missing_is_named() -> None:
    row = {"id": "x", "topic": "liquidation_price_isolated", "inputs": {}, "expected": 1}
    made = answered(vector(row | {"venue": "bybit"}))

    assert (made.status, made.detail) == ("unsupported", "neither leverage nor margin was given")


def test_a_source_that_contradicts_itself_proves_nothing() -> None:
    row = {
        "id": "x",
        "venue": "bybit",
        "topic": "bankruptcy_price_isolated_linear",
        "inputs": {"side": "long", "entry": 10_000, "leverage": 50},
        "expected": 9_900,
        "verified": False,
        "note": "the page prints both",
    }
    made = answered(vector(row))

    assert (made.status, made.found) == ("disputed", 9_800)
    assert made.detail == "the venue differs; the page prints both"


# ----------------------------------------------------------------------------- the command


def test_the_command_says_what_differs_and_ends_with_one(tmp_path: Path) -> None:
    row = next(row for row in read(HERE / "venues.json") if row["id"] == "by-10")
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([row, row | {"id": "wrong", "expected": 1}]))

    told = CliRunner().invoke(app, ["vectors", str(path)])
    facts = json.loads(CliRunner().invoke(app, ["vectors", str(path), "--json"]).stdout)

    assert told.exit_code == 1
    assert "2 vectors: 1 pass, 1 fail" in told.stdout
    assert [(one["id"], one["status"]) for one in facts["results"]] == [
        ("by-10", "pass"),
        ("wrong", "fail"),
    ]


@pytest.mark.parametrize("content", ["", "{}", '[{"topic": "x"}]', "[1]"])
def test_a_file_that_is_none_is_one_clear_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)

    with pytest.raises(VectorError, match=r"broken\.json: "):
        list(results(path))

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
from tools.vectors.topics import INEXPRESSIBLE

HERE = Path(__file__).parent
VENUES = list(results(HERE / "venues.json"))
DOCUMENTS = list(results(HERE / "documents.json"))
"""Worked examples of the venues' own pages."""
OTHERS = list(results(HERE / "other_systems.json"))
SEEDS = list(results(HERE / "seeds.json"))

NOT_FIGURES = {"stress-3"}
"""Without a number in the article."""


def named(result: Result) -> str:
    return f"{result.id}: {result.source[:60]}"


@pytest.mark.parametrize("result", VENUES, ids=named)
def test_venues(result: Result) -> None:
    assert (bool(result.source), result.status) == (True, "pass"), result


@pytest.mark.parametrize("result", DOCUMENTS, ids=named)
def test_worked_examples_of_documents(result: Result) -> None:
    assert (bool(result.source), result.status) == (True, "pass"), result


@pytest.mark.parametrize("result", SEEDS, ids=lambda result: result.id)
def test_seeds(result: Result) -> None:
    assert result.status == ("unsupported" if result.id in NOT_FIGURES else "pass"), result


@pytest.mark.parametrize("result", OTHERS, ids=named)
def test_other_systems(result: Result) -> None:
    missing = result.topic in INEXPRESSIBLE

    assert result.status == ("unsupported" if missing else "pass"), result


@pytest.mark.parametrize("topic", INEXPRESSIBLE)
def test_what_no_policy_expresses_says_what_is_missing(topic: str) -> None:
    made = answered(vector({"id": "x", "topic": topic, "expected": 1}))

    assert (made.status, made.detail) == ("unsupported", INEXPRESSIBLE[topic])


# ------------------------------------------------------------------------- with other figures


def answer(topic: str, venue: str = "vega", **inputs: object) -> object:
    """What the venue finds."""
    return answered(vector({"id": "x", "venue": venue, "topic": topic, "inputs": inputs})).found


@pytest.mark.parametrize(("above", "closed"), [(30, [140, 70, 35, 18, 17]), (100, [140, 70, 70])])
def test_a_position_goes_by_fractions_and_a_small_rest_whole(above: int, closed: list[int]) -> None:
    """A half is rounded up; what is no more than `above` goes at once."""
    figures = {"position": 280, "fraction": 0.5, "full_disposal_size": above}

    assert answer("network_disposal_schedule", **figures) == closed


def test_a_share_of_the_book_bounds_each_round() -> None:
    """A tenth of 500, then of nothing more than a half of what is left."""
    figures = {"position": 120, "fraction": 0.5, "full_disposal_size": 20}

    closed = answer("network_disposal_schedule", **figures, max_book_fraction="0.1", book=500)

    assert closed == [50, 35, 18, 17]


@pytest.mark.parametrize(("short", "parts"), [(49, 10_000), (50, 1_000), (5_000, 1_000)])
def test_a_small_shortage_is_made_up_for_at_once(short: int, parts: int) -> None:
    """A tenth of any other."""
    found = answer("max_pct_to_liquidate", "drift", margin_shortage_usd=short)

    assert found == pytest.approx(parts, abs=0.1)


@pytest.mark.parametrize(("slots", "ppm"), [(1499, 20_000), (1500, 21_500), (30_001, 50_000)])
def test_a_liquidation_fee_grows_slot_by_slot(slots: int, ppm: int) -> None:
    figures = {"base_fee_ppm": 20_000, "max_fee_ppm": 50_000, "grace_slots": 1_500}

    assert answer("liquidation_fee_grows_with_time", "drift", slots=slots, **figures) == ppm


@pytest.mark.parametrize(
    ("held", "buys", "sells", "margin"),
    [
        (10, 4, 8, 420),  # 14 long at the most, at 100 and 30%
        (10, 0, 30, 600),  # 20 short
        (-5, 2, 8, 390),
        (0, 0, 7, 210),
    ],
)
def test_margin_is_that_of_the_riskier_side(held: int, buys: int, sells: int, margin: int) -> None:
    rates = {"slippage": "0.2", "rf_long": "0.1"}
    found = answer(
        "maintenance_margin_riskiest_long", mark=100, open=held, buys=buys, sells=sells, **rates
    )

    assert found == margin


def test_a_maintenance_amount_need_not_lie_on_the_money_grid() -> None:
    """Its tier begins at 950 / 0.0065, which has no end."""
    price = answer(
        "liquidation_price_isolated", "binance_usdm", side="long", entry=200_000, qty=1,
        wallet=19_000, mmr="0.0065", cum="950",
    )  # fmt: skip

    assert price == pytest.approx((950 + 19_000 - 200_000) / (0.0065 - 1), abs=1e-5)


def test_margin_of_a_size_that_no_clip_fits() -> None:
    assert answer("maintenance_margin_legacy", "deribit", position_btc=107, mm="0.01") == 1.07


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


@pytest.mark.parametrize(
    ("topic", "inputs"),
    [
        ("base_to_close_to_cover_shortage", {"shortage": 10, "price": 0, "mmr": "0.1"}),
        ("maintenance_amount_cum_from_tiers", {"floors": [0, 10], "mmr": [0.1]}),
        ("adl_queue", {"accounts": {"a": 1}, "liquidated_short_qty": 1}),
        ("bankruptcy_price_quote_quantums", {"usdc": -1, "positions": [{"size": 1, "px": 0}]}),
    ],
)
def test_inputs_that_do_not_fit_stop_nothing(topic: str, inputs: dict[str, object]) -> None:
    """A price of zero, lists of unlike length, a number for a row: the other vectors go on."""
    made = answered(vector({"id": "x", "topic": topic, "inputs": inputs, "expected": 1}))

    assert made.status == "unsupported"
    assert made.detail


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


@pytest.mark.parametrize("content", ["", "{}", '[{"id": "x"}]', "[1]", "[]"])
def test_a_file_that_is_none_is_one_clear_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)

    with pytest.raises(VectorError, match=r"broken\.json: "):
        list(results(path))


def test_a_row_that_is_no_vector_stops_no_other(tmp_path: Path) -> None:
    row = next(row for row in read(HERE / "venues.json") if row["id"] == "by-10")
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"vectors": [row | {"inputs": [1]}, {"topic": "x"}, row]}))

    made = list(results(path))

    assert [one.status for one in made] == ["unsupported", "unsupported", "pass"]
    assert made[0].detail.startswith("the vector is not as expected: Expected `object`")
    assert made[1].id == "vector 1"


def test_a_tolerance_may_be_each_figures_own() -> None:
    row = {
        "id": "x",
        "venue": "bybit",
        "topic": "liquidation_and_bankruptcy",
        "inputs": {"side": "long", "entry": 100, "leverage": 10, "mmr": "0.01"},
        "expected": {"liqPrice": 91.2, "bankruptcy": 90},
    }

    assert answered(vector(row | {"tolerance": {"liq_price": 0.25}})).status == "pass"
    assert answered(vector(row | {"tolerance": {"bankruptcy": 0.25}})).status == "fail"


def test_no_id_no_status_and_no_figure_is_cut_off(tmp_path: Path) -> None:
    row = next(row for row in read(HERE / "venues.json") if row["id"] == "dx-ex-01")
    name = "a-name-that-somebody-chose-without-a-thought-of-columns"
    path = tmp_path / "mine.json"
    wrong = row | {"id": name, "expected": row["expected"] | {"B_after": 1}}
    path.write_text(json.dumps([wrong, wrong]))

    told = CliRunner().invoke(app, ["vectors", str(path)], env={"COLUMNS": "80"}).stdout

    assert f"{name}  fail  B_equity -400," in told
    assert f"{name}: expected B_equity -400, bankruptcy 1.2, A_profit 100, B_after 1; found" in told
    assert f"{name}: more than one vector has this id" in told


def test_a_percentage_where_a_share_is_told_is_named() -> None:
    given = {"wallet": 1000, "upnl": -200, "mm": 400}
    row = {"id": "x", "venue": "binance_usdm", "topic": "margin_ratio", "inputs": given}
    made = answered(vector(row | {"expected": 50}))

    assert (made.status, made.found) == ("fail", 0.5)
    assert made.detail.endswith("a percentage is told as a share")


def test_charges_of_portfolio_margin_are_combined_as_published() -> None:
    """max(max(MR1, MR6) + MR4, MR7), summed over risk units; initial margin 1.3 times it."""
    one = {"MR1": 120, "MR4": "3.5", "MR6": 150, "MR7": 20}
    two = {"MR1": 1, "MR7": "44.25"}
    units = {"id": "x", "venue": "okx", "inputs": {"units": {"BTC": one, "ETH": two}}}

    mmr = {"topic": "portfolio_margin_mmr", "expected": 197.75}
    imr = {"topic": "portfolio_margin_imr", "expected": 257.075}
    assert answered(vector(units | mmr)).status == "pass"
    assert answered(vector(units | imr)).status == "pass"


def test_charges_are_put_together_whatever_they_are_of() -> None:
    made = answered(
        vector(
            {
                "id": "x",
                "venue": "okx",
                "topic": "portfolio_margin_mmr",
                "inputs": {"MR1": 1, "MR2": 2, "MR3": 3, "MR5": 5, "MR6": 1, "MR7": 9},
                "expected": 10,
            }
        )
    )

    assert made.status == "pass", made

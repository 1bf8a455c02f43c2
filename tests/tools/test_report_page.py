"""The page of a run: what it carries is what happened, and it is whole without a network."""

import json
import re
import sys
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crash import crash
from tools.frames import MissingExtraError
from tools.report_page import (
    place_of_page,
    report_data,
    report_page,
    without_pages,
    write_pictures,
)
from tools.report_page.cascade import bar_length
from tools.report_page.markets import places
from tools.report_page.page import SCRIPTS, asset
from tools.report_page.picture import parts
from tools.report_page.thinning import kept
from tools.runs import RunError, RunRecord, open_run

SECOND = 10**9


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return open_run(crash(tmp_path_factory.mktemp("runs")).folder)


@pytest.fixture(scope="module")
def page(run: RunRecord) -> str:
    return report_page(report_data([run]))


@pytest.fixture(scope="module")
def data(page: str) -> dict[str, Any]:
    (found,) = data_of(page)["runs"]
    return dict(found)


def data_of(page: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    return dict(json.loads(match[1]))


def account(data: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in data["accounts"] if one["name"] == name)


def figure(account: dict[str, Any], name: str) -> float:
    return next(one["value"] for one in account["statistics"] if one["name"] == name)


class Outline(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]


# --------------------------------------------------------------------------- the file


def test_the_page_is_whole_without_a_network(page: str) -> None:
    outline = Outline(page)

    assert outline.links == ["data:,"]
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(", page)
    assert not re.search(r"@@\w+@@", page)
    assert [outline.tags.count(tag) for tag in ("title", "main", "nav")] == [1, 1, 1]


def test_every_script_is_in_it(page: str) -> None:
    for name in SCRIPTS:
        assert asset(name) in page


def test_the_chart_library_comes_with_its_licence() -> None:
    assert "MIT" in asset("uPlot.LICENSE")


def test_what_a_scenario_says_cannot_break_out(tmp_path: Path) -> None:
    folder = crash(tmp_path).folder
    path = folder / "scenario.json"
    told = json.loads(path.read_text()) | {"title": "</script><b>x</b>", "notes": "<!-- &"}
    path.write_text(json.dumps(told))
    page = report_page(report_data([open_run(folder)]))

    assert "</script><b>" not in page
    assert data_of(page)["runs"][0]["title"] == "</script><b>x</b>"


def test_a_page_does_not_grow_with_the_length_of_a_run() -> None:
    """A day of seconds, with a saw-tooth in it."""
    times = [second * SECOND for second in range(86_400)]
    values: list[float | None] = [float(second % 977) for second in range(86_400)]

    assert len(kept(times, [values], spans=300)) <= 2 * 300 + 2


@given(
    st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=200),
    st.integers(1, 20),
)
def test_thinning_keeps_every_extreme(values: list[int | None], spans: int) -> None:
    series: list[float | None] = list(values)
    rows = kept(list(range(len(series))), [series], spans)
    shown = [series[row] for row in rows if series[row] is not None]
    known = [one for one in series if one is not None]

    assert rows == sorted(set(rows))
    assert (rows[0], rows[-1]) == (0, len(series) - 1)
    assert (min(shown, default=None), max(shown, default=None)) == (
        min(known, default=None),
        max(known, default=None),
    )


def test_a_gap_stays_a_gap() -> None:
    rows = kept(list(range(9)), [[1, 1, 1, None, None, None, 2, 2, 2]], spans=3)

    assert 3 in rows


# --------------------------------------------------------------------- what it carries


def test_it_tells_which_run_it_is(data: dict[str, Any], run: RunRecord) -> None:
    assert (data["digest"], data["events"]) == (run.summary["digest"], run.summary["events"])
    assert (data["end"] - data["start"]) == 75_000
    assert data["liquidations"] == data["accounts_liquidated"] == 21


def test_prices_and_open_interest_are_those_of_the_bars(
    data: dict[str, Any], run: RunRecord
) -> None:
    market, bars = data["markets"]["BTC"], run.bars()

    assert market["t"] == [0, 1_000, 10_000, 70_000, 75_000]
    assert market["mark"] == bars["mark"] == [None, 60_000, 57_000, 53_000, 53_600]
    assert market["open_interest"] == bars["open_interest"]
    assert (market["lowest"], market["highest"]) == (53_000, 60_000)
    assert (market["price_digits"], market["size_digits"]) == (0, 3)


def test_a_last_price_stands_until_the_next(data: dict[str, Any]) -> None:
    assert data["markets"]["BTC"]["close"] == [None, 60_000, 60_000, 53_500, 53_500]


def test_fills_are_drawn_where_they_were(data: dict[str, Any]) -> None:
    fills = data["markets"]["BTC"]["fills"]["anna"]

    assert fills["buy"] == {"t": [0], "price": [60_000], "size": [1], "count": [1]}
    assert fills["sell"] == {"t": [70_000], "price": [53_500], "size": [1], "count": [1]}


def test_the_cascade_adds_up_to_what_was_liquidated(data: dict[str, Any], run: RunRecord) -> None:
    fills = [row for row in run.fills().where(kind="liquidation").rows() if not row["maker"]]
    cascade = data["markets"]["BTC"]["cascade"]

    assert sum(cascade["long"]) == pytest.approx(sum(row["price"] * row["size"] for row in fills))
    assert sum(cascade["short"]) == sum(cascade["adl"]) == 0
    assert sum(cascade["bubbles"]["long"]["size"]) == pytest.approx(
        sum(row["size"] for row in fills)
    )


def test_a_bar_of_the_cascade_ends_at_its_last_mark(data: dict[str, Any]) -> None:
    cascade = data["markets"]["BTC"]["cascade"]
    at = dict(zip(cascade["t"], cascade["mark"], strict=True))

    assert cascade["every"] == 1_000
    assert [at[moment] for moment in (0, 9_000, 10_000, 70_000, 75_000)] == [
        60_000,
        60_000,
        57_000,
        53_000,
        53_600,
    ]


def test_the_heatmap_has_every_cell(data: dict[str, Any], run: RunRecord) -> None:
    table, heatmap = run.heatmap(), data["markets"]["BTC"]["heatmap"]

    assert heatmap["step"] == 100
    assert [
        (heatmap["first"] + band * heatmap["step"], long) for _, band, long, _ in heatmap["cells"]
    ] == [row for row in zip(table["price_low"], table["long"], strict=True) if row[1]]


def test_a_band_of_the_heatmap_ends_with_its_positions(data: dict[str, Any]) -> None:
    """All longs are gone by the last sample: it is a moment without a cell."""
    heatmap = data["markets"]["BTC"]["heatmap"]

    assert heatmap["t"][-1] == 75_000
    assert {column for column, *_ in heatmap["cells"]} == {len(heatmap["t"]) - 2}


def test_an_account_is_shown_as_it_was_sampled(data: dict[str, Any], run: RunRecord) -> None:
    anna, equity = account(data, "anna"), run.equity().where(account="anna")

    assert anna["curve"]["equity"] == equity["equity"]
    assert anna["curve"]["available_margin"] == equity["available_margin"]
    (position,) = anna["positions"]
    assert position["size"] == [None, 1, 1, None, None]
    assert position["liquidation_price"][1] == pytest.approx(54_221.1055)
    assert (position["mode"], position["leverage"]) == ("isolated", 10)


def test_a_breach_is_shown_with_its_ratio(data: dict[str, Any]) -> None:
    """Equity was -1,000 at a mark of 53,000: there is no ratio to it."""
    assert account(data, "anna")["breaches"] == [{"t": 70_000, "ratio": None}]
    assert account(data, "carl")["breaches"] == []


def test_statistics_are_those_of_the_account(data: dict[str, Any]) -> None:
    """Anna's 10,000 become 3,970: a fee of 30 and her bucket of 6,000.

    Traded 60,000 and 53,500; equity is 9,970 from second 1 to 10 and 6,970 for the next 60.
    """
    anna = account(data, "anna")
    average = (10_000 * 1 + 9_970 * 9 + 6_970 * 60 + 3_970 * 5) / 75

    assert figure(anna, "Return") == pytest.approx(-0.603)
    assert figure(anna, "Deepest drawdown") == pytest.approx(-0.603)
    assert figure(anna, "Turnover") == pytest.approx(113_500 / average)
    assert figure(anna, "Time in market") == pytest.approx(69 / 75)
    assert (figure(anna, "Round trips"), figure(anna, "Win rate")) == (1, 0)
    assert figure(anna, "Worst round trip") == pytest.approx(-6_500 - 30)


def test_exposure_is_notional_over_equity_for_as_long_as_it_stood(data: dict[str, Any]) -> None:
    carl = account(data, "carl")
    spans = [(1, 0, 50_000), (9, 60_000, 49_970), (60, 57_000, 52_970), (5, 53_000, 56_970)]

    assert figure(carl, "Exposure") == pytest.approx(
        sum(span * held / worth for span, held, worth in spans) / 75
    )
    assert figure(carl, "Highest exposure") == pytest.approx(60_000 / 49_970)


def test_slippage_is_measured_against_the_mark(data: dict[str, Any]) -> None:
    """Anna bought at the mark.  The venue sold for her at 53,500, 500 better than the mark."""
    anna = account(data, "anna")["trading"]

    assert anna["taker"]["slippage"] == 0
    assert anna["taker"] == {"count": 1, "notional": 60_000, "fees": 30, "slippage": 0}
    assert anna["forced"]["slippage"] == pytest.approx(-500 / 53_500 * 10_000)


def test_the_largest_fills_are_listed_first(data: dict[str, Any]) -> None:
    listed = account(data, "anna")["largest"]

    assert [(fill["kind"], fill["notional"]) for fill in listed] == [
        ("book", 60_000),
        ("liquidation", 53_500),
    ]


def test_a_waterfall_leads_from_the_collateral_to_what_is_left(data: dict[str, Any]) -> None:
    story = next(one for one in data["stories"] if one["account"] == "anna")

    assert story["collateral"] == 6_000
    assert [(part["kind"], part["amount"]) for part in story["parts"]] == [
        ("pnl", -6_500),
        ("fund", 500),
    ]
    assert story["collateral_after"] == 0


def test_every_waterfall_adds_up(data: dict[str, Any]) -> None:
    for story in data["stories"]:
        moved = sum(Fraction(str(part["amount"])) for part in story["parts"])
        assert Fraction(str(story["collateral"])) + moved == pytest.approx(
            Fraction(str(story["collateral_after"])), abs=1e-7
        )


def test_the_fund_is_drawn_as_it_was(data: dict[str, Any], run: RunRecord) -> None:
    assert data["funds"]["USDT"]["insurance_fund"] == run.funds()["insurance_fund"]


def test_populations_are_drawn(data: dict[str, Any]) -> None:
    (crowd,) = data["populations"]

    assert (crowd["name"], crowd["accounts"], crowd["liquidated"]) == ("crowd", [20, 20], [11, 20])


# ---------------------------------------------------------------------- other runs


def test_a_strategy_that_was_stopped_is_told_with_its_reason(tmp_path: Path) -> None:
    folder = crash(tmp_path).folder
    path = folder / "summary.json"
    stopped = {"name": "mm", "stopped": "ValueError: x", "stopped_at": "2025-01-01T00:00:10"}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"strategies": [stopped]}))
    (data,) = report_data([open_run(folder)])

    assert data["strategies"] == [stopped]


@pytest.mark.parametrize(
    ("runs", "page"),
    [
        (["runs/a"], "runs/a/report.html"),
        (["runs/a", "runs/b"], "runs/comparison.html"),
        (["a", "./b/"], "comparison.html"),
        (["runs/a", "other/b"], "runs/a/comparison.html"),
    ],
)
def test_a_comparison_lies_beside_the_runs_it_compares(runs: list[str], page: str) -> None:
    assert place_of_page([Path(run) for run in runs]) == Path(page)


def test_a_page_made_before_is_not_taken_for_a_run(tmp_path: Path) -> None:
    page = tmp_path / "comparison.html"
    page.touch()

    assert without_pages([tmp_path / "a", page]) == [tmp_path / "a"]


def test_several_runs_are_put_side_by_side(run: RunRecord, tmp_path: Path) -> None:
    richer = open_run(crash(tmp_path, extra="\n[outputs]\nquotes = true\n").folder)
    page = report_page(report_data([run, richer]))

    assert [one["name"] for one in data_of(page)["runs"]] == [str(run.folder), str(richer.folder)]
    assert "<title>2 runs compared" in page


def test_a_run_that_was_not_sampled_has_a_page(tmp_path: Path) -> None:
    off = '\n[outputs]\nsample_seconds = "0"\ncrowd_seconds = "0"\n'
    (data,) = data_of(report_page(report_data([open_run(crash(tmp_path, extra=off).folder)])))[
        "runs"
    ]

    assert "curve" not in account(data, "anna")
    assert (data["funds"], data["populations"]) == ({}, [])
    assert data["stories"]


def test_a_run_that_did_not_end_is_refused(tmp_path: Path) -> None:
    folder = crash(tmp_path).folder
    (folder / "summary.json").unlink()

    with pytest.raises(RunError, match="the run did not end"):
        report_page(report_data([open_run(folder)]))


@pytest.mark.parametrize(("step", "digits"), [("1/1000", 3), ("10", 0), ("1/20", 2), ("0.5", 1)])
def test_prices_have_as_many_places_as_their_tick(step: str, digits: int) -> None:
    assert places(step) == digits


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 1), (57, 60), (60 * 24, 1_800)])
def test_bars_are_as_long_as_ninety_of_them_need(minutes: int, seconds: int) -> None:
    assert bar_length(minutes * 60 * SECOND) == seconds * SECOND


# ------------------------------------------------------------------------- pictures


def test_a_picture_is_drawn_beside_the_page(run: RunRecord, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an extra")
    (made,) = write_pictures(tmp_path / "report.html", report_data([run]))

    assert made == tmp_path / "report.png"
    assert made.read_bytes().startswith(b"\x89PNG")
    assert made.stat().st_size > 50_000


def test_several_runs_have_a_picture_each(run: RunRecord, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an extra")
    made = write_pictures(tmp_path / "comparison.html", report_data([run, run]))

    assert [path.name for path in made] == ["comparison-1.png", "comparison-2.png"]


def test_a_picture_without_matplotlib_says_how_to_get_it(
    run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(MissingExtraError, match=r'pip install "plimsoll\[png\]"'):
        list(write_pictures(tmp_path / "report.html", report_data([run])))


def test_a_picture_leaves_out_what_a_run_does_not_have(run: RunRecord) -> None:
    (data,) = report_data([run])
    bare = data | {"funds": {}, "accounts": []}

    assert [part.is_there for part in parts(data)] == [True, True, True, True, True]
    assert [part.is_there for part in parts(bare)] == [True, True, True, False, False]

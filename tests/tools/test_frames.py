"""A finished run, opened: its tables as Arrow, pandas and polars, and what notebooks show."""

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from exchange.core.messages import InstrumentListed
from tests.crash import crash
from tools.frames import Frame, MissingExtraError, shown
from tools.runs import TABLES, RunError, RunRecord, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return open_run(crash(tmp_path_factory.mktemp("runs")).folder)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_of_a_run_can_be_read(run: RunRecord, name: str) -> None:
    frame = getattr(run, name)()

    assert (frame.name, len(frame) > 0) == (name, name != "upkeep")
    assert len(frame) == len(frame.rows()) == frame.arrow.num_rows


def test_rows_are_chosen_by_the_values_of_columns(run: RunRecord) -> None:
    fills = run.fills().where(account="anna", kind="liquidation")

    assert fills["price"] == [53_500]
    assert fills["realised_pnl"] == [-6_500]


def test_no_row_has_a_value_that_never_was(run: RunRecord) -> None:
    assert len(run.fills().where(account="nobody")) == 0


def test_an_unknown_column_is_named(run: RunRecord) -> None:
    with pytest.raises(KeyError, match="acount"):
        run.fills().where(acount="anna")


def test_pandas_gets_the_same_numbers(run: RunRecord) -> None:
    pytest.importorskip("pandas", reason="pandas is an extra")
    frame = run.equity().where(account="carl").pandas()

    assert list(frame["equity"]) == run.equity().where(account="carl")["equity"]
    assert str(frame["at"].dtype) == "datetime64[ns, UTC]"


def test_polars_gets_the_same_numbers(run: RunRecord) -> None:
    polars = pytest.importorskip("polars", reason="polars is an extra")
    equity = run.equity()

    assert equity.polars()["equity"].to_list() == equity["equity"]
    assert polars.DataFrame(equity)["account"].to_list() == equity["account"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_missing_says_how_to_get_it(
    run: RunRecord, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(MissingExtraError, match=rf'pip install "plimsoll\[{library}\]"'):
        getattr(run.marks(), library)()


def test_a_notebook_shows_the_first_and_the_last_rows() -> None:
    frame = Frame("counted", pa.table({"number": list(range(1_000, 1_030))}))
    html = frame._repr_html_()

    assert "<b>counted</b>, 30 rows" in html
    assert html.count("<tr>") == 1 + 5 + 1 + 5
    assert all(f">{text}</td>" in html for text in ("1,000", "1,004", "1,025", "1,029"))
    assert "1,005" not in html


def test_a_short_table_is_shown_whole() -> None:
    frame = Frame("counted", pa.table({"number": [1, 2, 3]}))

    assert frame._repr_html_().count("<tr>") == 4


def test_what_is_shown_cannot_be_markup() -> None:
    frame = Frame("x", pa.table({"<b>": ["<script>"]}))

    assert "<script>" not in frame._repr_html_()
    assert "<th>&lt;b&gt;</th>" in frame._repr_html_()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (1_234_567, "1,234,567"),
        (1234.5, "1,234.5"),
        (Decimal("-4821848.250000000000"), "-4,821,848.25"),
        (datetime(2025, 10, 10, 21, 14, 3, 250_000, UTC), "2025-10-10 21:14:03.250"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_run_tells_what_it_is(run: RunRecord) -> None:
    assert repr(run) == "<run crash-1: A small crash>"
    html = run._repr_html_()
    assert run.summary["digest"] in html
    assert "<code>.positions()</code>" in html


def test_events_are_read_from_the_journal(run: RunRecord) -> None:
    assert isinstance(next(run.events()), InstrumentListed)
    assert sum(1 for _ in run.events()) == run.summary["events"]


def test_a_table_that_was_switched_off_says_so(tmp_path: Path) -> None:
    done = crash(tmp_path, extra='\n[outputs]\nsample_seconds = "0"\n')
    run = open_run(done.folder)

    assert run.has("heatmap")
    with pytest.raises(RunError, match=r'equity\.parquet: not found; .*sample_seconds = "0"'):
        run.equity()


def test_what_is_not_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"scenario\.json: not found; this is no run folder"):
        open_run(tmp_path)
    with pytest.raises(RunError, match="there is no such run folder"):
        open_run(tmp_path / "nowhere")


def test_a_run_that_was_killed_can_be_opened(run: RunRecord, tmp_path: Path) -> None:
    for name in ("scenario.json", "journal.jsonl"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    killed = open_run(tmp_path)

    assert "A small crash" in killed._repr_html_()
    assert isinstance(next(killed.events()), InstrumentListed)
    with pytest.raises(RunError, match=r"summary\.json: not found; the run did not end"):
        _ = killed.summary


def test_a_table_that_is_torn_is_named(run: RunRecord, tmp_path: Path) -> None:
    for name in ("summary.json", "scenario.json"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    (tmp_path / "fills.parquet").write_bytes((run.folder / "fills.parquet").read_bytes()[:100])

    with pytest.raises(RunError, match=r"fills\.parquet: "):
        open_run(tmp_path).fills()

"""10 October 2025, up to the minute in which the whale fails: every figure that it shows."""

import sys
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from exchange.core.messages import Closing
from tools import cli
from tools.build import Run
from tools.cascade import MINUTE, cascade
from tools.demo import demo_facts, tell_demo
from tools.explain import Asked, Explanation, explain
from tools.running import Done, carry_out
from tools.runs import open_run
from tools.scenario import find, read
from tools.stories import Story
from tools.story_facts import totals
from tools.times import moment

UNTIL = "2025-10-10T21:17:40"


def october() -> Run:
    path = find("october")
    return Run(read(path), path, until=UNTIL)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The run."""
    return carry_out(october(), tmp_path_factory.mktemp("runs"), quiet=True)


@pytest.fixture(scope="module")
def told(done: Done) -> Explanation:
    """Its liquidations."""
    return explain(open_run(done.folder), Asked())


@pytest.fixture(scope="module")
def whale(told: Explanation) -> Story:
    """The largest liquidation."""
    return told.told[0]


def test_every_story_adds_up_to_the_last_unit(told: Explanation) -> None:
    assert len(told.stories) > 900
    assert [story.number for story in told.stories if story.difference] == []


def test_all_stories_together_are_what_the_ledger_moved(done: Done, told: Explanation) -> None:
    moved = done.summary["money"]["USDT"]["moved"]
    sums = totals(told.stories)["USDT"]

    assert sums["liquidation_fees"] == Fraction(moved["liquidation_fee"])
    assert sums["fund_paid"] == Fraction(moved["insurance"])
    assert sums["uncovered"] == 0


def test_the_table_of_liquidations_has_the_same_sums(told: Explanation) -> None:
    rows = told.run.liquidations().rows()
    sums = totals(told.stories)["USDT"]

    assert len(rows) == len(told.stories)
    for name in ("realised_pnl", "liquidation_fees", "fund_paid", "closed_long", "adl_notional"):
        assert Fraction(sum((row[name] for row in rows), Decimal(0))) == sums[name], name
    assert sum(row["adl_count"] for row in rows) == sums["adl_count"]


def test_each_step_closes_the_largest_loss_of_those_it_names(told: Explanation) -> None:
    choices = [step for story in told.stories for step in story.steps if len(step.positions) > 1]

    assert choices
    for step in choices:
        assert step.chosen.unrealised_pnl == min(held.unrealised_pnl for held in step.positions)


def test_nobody_is_deleveraged_before_the_book_and_the_fund_were_asked(told: Explanation) -> None:
    steps = [
        [one.closing for one in step.attempts] for story in told.stories for step in story.steps
    ]

    assert [ways for ways in steps if Closing.ADL in ways]
    for ways in steps:
        assert ways == [Closing.BOOK, Closing.INSURANCE_FUND, Closing.ADL][: len(ways)]


def test_deleveraging_is_the_exception(told: Explanation) -> None:
    sums = totals(told.stories)["USDT"]

    assert 0 < sums["adl_count"] < len(told.stories) / 4
    assert 0 < sums["adl_notional"] < sums["closed_long"] / 10


def test_the_whale_loses_three_positions_its_orders_and_the_fund_money(whale: Story) -> None:
    assert whale.account == "whale"
    assert [held.symbol for held in whale.positions] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert all(held.unrealised_pnl < 0 for held in whale.positions)
    assert len(whale.cancelled) == 2
    assert whale.steps[0].symbol == "BTCUSDT"
    assert whale.fund_paid > 0
    assert whale.adl_count > 0
    assert whale.end == "closed"


def test_the_student_loses_the_isolated_position_long_before_the_others(told: Explanation) -> None:
    isolated, cross = [story for story in told.stories if story.account == "student"]

    assert isolated.symbol == "SOLUSDT"
    assert [held.symbol for held in cross.positions] == ["BTCUSDT", "ETHUSDT"]
    assert cross.at - isolated.at > 3 * MINUTE


def test_the_minutes_of_the_cascade_sum_to_all_liquidations(told: Explanation) -> None:
    *minutes, whole = cascade(told.run, told.stories)
    sums = totals(told.stories)["USDT"]

    assert sum(one.liquidations for one in minutes) == whole.liquidations == len(told.stories)
    assert sum((one.closed_long for one in minutes), Fraction(0)) == sums["closed_long"]
    assert whole.adl_count == sums["adl_count"]


def test_a_minute_shows_its_furthest_mark(told: Explanation) -> None:
    """21:13 fell to 109,069 (published); the first mark was 116,830.3."""
    at = moment("2025-10-10T21:13", "")
    (minute,) = [one for one in cascade(told.run, told.stories) if one.at == at]

    assert round(float(minute.moves["BTCUSDT"]), 3) == round(109_069 / 116_830.3 - 1, 3)


@pytest.mark.parametrize("width", [80, 120])
def test_the_show_fits_its_page_without_colour(done: Done, width: int) -> None:
    page = StringIO()
    tell_demo(Console(file=page, width=width, markup=False, highlight=False), done)
    text = page.getvalue()

    assert "\x1b" not in text
    assert "…" not in text
    told = text.partition("Run folder")[0]
    assert max(map(len, told.splitlines())) <= width
    for part in ("The cascade", "whale, cross account", "It adds up", "explain", "parquet"):
        assert part in text


def test_machines_get_the_cascade_and_the_story(done: Done) -> None:
    facts = msgspec.json.decode(msgspec.json.encode(demo_facts(done)))

    assert facts["digest"] == done.summary["digest"]
    assert facts["cascade"][0]["at"] == "2025-10-10T20:50:00Z"
    assert facts["stories"][0]["account"] == "whale"


def test_the_command_runs_the_scenario_into_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = find("october")
    monkeypatch.setattr(cli, "demo_run", lambda: Run(read(path), path, until="+45"))
    monkeypatch.setattr(sys, "argv", ["plimsoll", "demo", "--out", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 0
    assert (tmp_path / "october-1" / "liquidations.parquet").is_file()
    assert "Run folder" in capsys.readouterr().out

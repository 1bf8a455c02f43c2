"""`plimsoll explain`: what it prints, what it writes for machines, and what it refuses."""

import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tests.crash import crash
from tests.told import ToldStage, three_losers
from tools.cli import main
from tools.explain import Asked, Explanation, explain, explanation_facts
from tools.explain_report import tell_explanation
from tools.runs import open_run
from tools.stories import Story
from tools.story_report import LISTED, tell_story

THREE_LOSERS = """\
Liquidation 1 of 1: ann, cross account
1970-01-01 00:00:00.000 UTC, money in USD

                 entry   mark            unrealised  maintenance
Held      size   price  price  notional         PnL       margin
BTC         10  100.00  95.00       950      -50.00        95.00
ETH         10  100.00  80.00       800     -200.00        80.00
SOL         10  100.00  98.00       980      -20.00        98.00
together                          2,730     -270.00       273.00

wallet balance        400.00
unrealised PnL        -270.00
equity                130.00
maintenance margin    273.00, more than the equity
open orders           1 cancelled
                      sell 4 SOL   at 120.00  order 1

Step 1: long 10 ETH, the largest unrealised loss
  unrealised PnL        ETH  -200.00  closed first
                        BTC   -50.00
                        SOL   -20.00
  sell in the book      10, the whole position
  limit                 67.00, the bankruptcy price
  filled                10 at 80.40 on average, in 2 trades from 81.00 to 80.00
  realised PnL          -196.00
  liquidation fee       0.81, 0.10% of 804.00
  equity afterwards     133.19 < maintenance margin 193.00: not yet safe

Step 2: long 10 BTC, the largest unrealised loss
  unrealised PnL        BTC  -50.00  closed first
                        SOL  -20.00
  sell in the book      10, the whole position
  limit                 82.00, the bankruptcy price
  filled                10 at 95.00
  realised PnL          -50.00
  liquidation fee       0.95, 0.10% of 950.00
  equity afterwards     132.24 >= maintenance margin 98.00: safe

It ended safe again.  Still open: long 10 SOL.

The money, in USD
wallet balance before       400.00
realised PnL               -246.00
liquidation fees             -1.76
wallet balance afterwards   152.24
It adds up, to the last unit.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small crash, run."""
    return crash(tmp_path_factory.mktemp("runs")).folder


def printed(story: Story, width: int = 80, listed: int | None = LISTED) -> str:
    """What a person sees of a story, without colour."""
    page = StringIO()
    console = Console(file=page, width=width, markup=False, highlight=False)
    tell_story(console, story, 1, listed=listed)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def plimsoll(*words: str | Path) -> int:
    """Run the command line; returns its exit code."""
    sys.argv = ["plimsoll", *map(str, words)]
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_story_is_printed_whole() -> None:
    assert printed(three_losers().story()) == THREE_LOSERS


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_or_broken_off(width: int) -> None:
    text = printed(three_losers().story(), width)

    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())


def test_a_difference_is_shown_and_not_called_adding_up() -> None:
    story = three_losers().story()
    story.collateral_after -= 1

    text = printed(story)

    assert "It does not add up: -1 USD" in text
    assert "to the last unit" not in text


def test_a_story_cut_off_has_no_account_of_the_money() -> None:
    story = three_losers().story()
    story.end = "cut off"

    text = printed(story)

    assert "The journal stops here" in text
    assert "The money" not in text


def test_brackets_in_a_name_are_no_markup() -> None:
    stage = ToldStage()
    stage.trader("[bold]ann", deposit=100)
    stage.mark("BTC", 100)
    stage.hold("[bold]ann", "BTC", 10, 100)
    stage.mark("BTC", 99)

    assert printed(stage.story()).startswith("Liquidation 1 of 1: [bold]ann, cross account")


def test_without_an_account_all_are_listed_and_the_largest_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plimsoll("explain", folder) == 0

    text = capsys.readouterr().out
    assert "21 liquidations" in text
    assert "The 20 largest; 1 more with --all." in text
    assert "Liquidation 15 of 21: anna, isolated BTC" in text


def test_of_an_account_everything_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plimsoll("explain", folder, "--account", "anna") == 0

    text = capsys.readouterr().out
    assert "1 liquidation of anna" in text
    assert "isolated margin       6,000.00" in text
    assert "insurance fund pays   500.00" in text


def test_an_account_that_was_safe_has_no_story(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plimsoll("explain", folder, "--account", "carl") == 0
    assert "0 liquidations of carl" in capsys.readouterr().out


def test_one_liquidation_can_be_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plimsoll("explain", folder, "--number", 1) == 0

    text = capsys.readouterr().out
    assert text.startswith("A small crash\n\nLiquidation 1 of 21: crowd-2, isolated BTC\n")
    assert "every position closed; 91.80 go back to the wallet" in text


def test_machines_get_the_same_facts_as_one_object(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And --all lists all of them."""
    assert plimsoll("explain", folder, "--json", "--all") == 0

    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["scenario"], told["liquidations"], len(told["listed"])) == ("crash", 21, 21)
    (story,) = told["stories"]
    assert (story["account"], story["at"]) == ("anna", "2025-01-01T00:01:10Z")
    assert (story["collateral"], story["fund_paid"]) == ("6000", "500")
    assert story["adds_up"] is True
    ways = [attempt["closing"] for attempt in story["steps"][0]["attempts"]]
    assert ways == ["book", "insurance_fund"]


def test_who_was_deleveraged_is_told_against_whom(folder: Path) -> None:
    """Bob holds the other side of ann's position, which nobody in the book takes."""
    stage = ToldStage()
    stage.trader("ann", deposit=100)
    stage.trader("bob", deposit=1000)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", 10, 100, other="bob")
    stage.mark("BTC", 99)
    it = Explanation(run=open_run(folder), asked=Asked(account="bob"), stories=stage.stories())
    page = StringIO()

    tell_explanation(Console(file=page, width=80), it)

    assert "bob was deleveraged 1 time" in page.getvalue()
    assert "00:00:00  BTC     ann         1    10  90.00       +100.00" in page.getvalue()
    (row,) = explanation_facts(it)["deleveraged"]
    assert (row["against"], row["size"], row["realised_pnl"]) == ("ann", "10", "100")


def test_of_many_counterparties_only_all_lists_every_one() -> None:
    """Twelve hold one lot each against ann."""
    stage = ToldStage()
    names = [f"holder-{number}" for number in range(12)]
    stage.trader("ann", deposit=120)
    stage.trader(*names, deposit=100)
    stage.mark("BTC", 100)
    for name in names:
        stage.hold("ann", "BTC", 1, 100, other=name)
    stage.mark("BTC", 99)
    story = stage.story()

    assert "4 more" in printed(story)
    every = printed(story, listed=None)
    assert "more" not in every.partition("auto-deleveraging")[2]
    assert all(name in every for name in names)


def test_a_run_that_was_killed_is_told_up_to_there(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal is torn in the middle of anna's liquidation."""
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    steps = [
        i for i, line in enumerate(lines) if b"LiquidationStepTaken" in line and b"anna" in line
    ]
    (tmp_path / "journal.jsonl").write_bytes(b"".join(lines[: steps[0] + 1]) + b'{"type":"Liq')
    (tmp_path / "scenario.json").write_bytes((folder / "scenario.json").read_bytes())

    assert plimsoll("explain", tmp_path) == 0

    text = capsys.readouterr().out
    assert "14 liquidations" in text
    assert "Liquidation 15 of 15: anna" in text
    assert "The journal stops here" in text
    assert "The journal is not whole" in text


REFUSALS = [
    (("runs/nowhere",), "runs/nowhere: there is no such run folder"),
    (("RUN", "--account", "zoe"), "account was 'zoe', expected one of anna, carl, crowd-1"),
    (("RUN", "--number", "22"), "number was 22, but there were 21 liquidations"),
]


@pytest.mark.parametrize(("words", "error"), REFUSALS)
def test_what_cannot_be_told_is_one_line_and_exit_code_2(
    words: tuple[str, ...], error: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plimsoll("explain", *[str(folder) if word == "RUN" else word for word in words]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"plimsoll: {error}")


def test_a_run_folder_without_a_journal_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scenario.json").write_bytes((folder / "scenario.json").read_bytes())

    assert plimsoll("explain", tmp_path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("journal.jsonl: No such file or directory")


def test_the_table_of_liquidations_sums_to_what_the_venue_moved(folder: Path) -> None:
    """Row by row as the stories, and in all what the ledger moved for these reasons."""
    run = open_run(folder)
    rows = run.liquidations().rows()
    moved = run.summary["money"]["USDT"]["moved"]

    assert [row["account"] for row in rows] == [
        one.account for one in explain(run, Asked()).stories
    ]
    assert sum(row["liquidation_fees"] for row in rows) == Decimal(moved["liquidation_fee"])
    assert sum(row["fund_paid"] for row in rows) == Decimal(moved["insurance"])

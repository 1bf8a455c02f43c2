"""Stories under the rulebook's other ways: takeover, rounds, loss borne by others, what is left."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from exchange.core.messages import Closing
from tests.crash import CRASH, ran
from tools.report_page import report_data, report_page
from tools.runs import RunRecord, open_run
from tools.stories import Story
from tools.story_report import tell_story
from tools.telling import Teller

WAYS = {
    "takeover": 'unfilled = "takeover"\nfund_in_book = false',
    "takeover of what is closed whole": (
        'unfilled = "takeover"\ntakeover_whole = true\n'
        'amount = "whole_position"\nfund_in_book = false'
    ),
    "backstop": 'backstop = "0.7"',
    "rounds": 'round_seconds = "1"\namount = "clip"\nclip = "0.001"',
    "loss borne by others": 'unfilled = "socialise"\nsocialise = "winners"\nfund_in_book = false',
    "leftover to the fund": 'leftover = "fund"',
}


def crashed(folder: Path, way: str, *, fund: str = "100000") -> RunRecord:
    """The small crash, with the liquidation rules of `way`."""
    rules = f"[rules.liquidation]\n{WAYS[way]}\n\n[[instruments]]"
    scenario = CRASH.replace("[[instruments]]", rules, 1).replace('"100000"', f'"{fund}"', 1)
    return open_run(ran(scenario, folder, until="+90").folder)


def told(run: RunRecord) -> list[Story]:
    teller = Teller()
    stories = [story for event in run.events() if (story := teller.observe(event)) is not None]
    assert teller.unfinished is None
    return stories


def of_anna(run: RunRecord) -> Story:
    return next(story for story in told(run) if story.account == "anna")


@pytest.mark.parametrize("way", WAYS)
def test_every_story_adds_up_and_can_be_told(way: str, tmp_path: Path) -> None:
    run = crashed(tmp_path, way)
    stories = told(run)
    console = Console(width=120, file=io.StringIO(), record=True)
    for story in stories:
        tell_story(console, story, len(stories))

    assert len(stories) == len(run.liquidations()) >= 20
    assert [story.number for story in stories if story.difference] == []
    assert "does not add up" not in console.export_text()
    assert "Where the money went" in report_page(report_data([run]))


def test_a_takeover_is_an_attempt_of_its_own(tmp_path: Path) -> None:
    tried = list(of_anna(crashed(tmp_path, "takeover")).attempts)

    assert [one.closing for one in tried] == [Closing.BOOK, Closing.TAKEOVER]
    assert (tried[0].filled, tried[1].filled) == (0, 1)


def test_a_takeover_without_the_book_begins_a_step(tmp_path: Path) -> None:
    story = of_anna(crashed(tmp_path, "takeover of what is closed whole"))

    assert [[one.closing for one in step.attempts] for step in story.steps] == [[Closing.TAKEOVER]]


def test_a_liquidation_in_rounds_is_one_story(tmp_path: Path) -> None:
    """Clips of a thousandth of a bitcoin, a second apart, with others' liquidations between."""
    stories = told(crashed(tmp_path, "rounds"))
    longest = max(stories, key=lambda story: story.pauses)

    assert longest.pauses > 3
    assert len(longest.steps) == longest.pauses + 1
    assert longest.end in {"closed", "safe again"}


def test_what_others_bear_is_in_the_story(tmp_path: Path) -> None:
    """Anna's fill at 53,500 lacks 500; there is no fund, and carl, who is short, has won 7,000."""
    story = of_anna(crashed(tmp_path, "loss borne by others", fund="0"))

    assert story.socialised > 0
    assert (story.socialised + story.fund_paid, story.collateral_after) == (500, 0)


def test_what_is_left_goes_to_the_fund(tmp_path: Path) -> None:
    stories = told(crashed(tmp_path, "leftover to the fund"))

    assert sum(story.leftover for story in stories) > 0
    assert all(story.collateral_after == 0 for story in stories if story.leftover)


def test_the_venues_own_account_is_no_trader(tmp_path: Path) -> None:
    accounts = crashed(tmp_path, "takeover").accounts()["account"]

    assert len(accounts) == 22
    assert "INSURANCE FUND" not in accounts

"""What is told of an account's money beside trades: interest, exchanges, margin that is added.

Ann of `test_collateral`: 1,000 USD and 10 COIN at 100, of which 0.8 counts.
"""

import re
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from exchange import Rulebook
from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    AccountMode,
    Exchange,
    MarginMode,
    PassTime,
    SetAccountMode,
    SetAutoMargin,
    SetMarginMode,
)
from exchange.core.policies import AutoMargin, SpotHedge
from exchange.core.rules import (
    CollateralAsset,
    CollateralRules,
    GridRules,
    MarginRules,
    PortfolioRules,
)
from exchange.core.units import SECOND
from tests.stage import rulebook
from tests.told import ToldStage
from tools.build import Run
from tools.explain import Asked, explain, explanation_facts
from tools.explain_report import tell_explanation
from tools.record_report import tell_records
from tools.report_page import report_data
from tools.report_page.facts import unit_facts
from tools.running import carry_out
from tools.runs import open_run
from tools.scenario import find, read
from tools.story_facts import facts
from tools.story_report import tell_story
from tools.upkeep import Exchanged, Interest, MarginAdded, Record, Upkeep, record_facts, record_row

COIN = 1000
SPOT = {"kind": ContractKind.SPOT, "base": "COIN", "base_unit": "0.001"}


def rules(fund: str = "0", **changes: str) -> Rulebook:
    coin = CollateralAsset(market="COIN-USD", ratio="0.8")
    collateral = CollateralRules(currency="USD", assets={"COIN": coin}, **changes)  # type: ignore[arg-type]
    margin = MarginRules(auto_margin=AutoMargin.TO_SAFETY)
    return rulebook(collateral=collateral, margin=margin, fund=fund)


def stage(book: Rulebook) -> ToldStage:
    it = ToldStage(book)
    it.enlist("COIN-USD", **SPOT)
    it.marks(BTC=100, ETH=100, **{"COIN-USD": 100})
    it.trader("ann", deposit=1_000)
    it.bring("ann", "COIN", 10 * COIN)
    it.do(SetAccountMode(at=it.now(), account="ann", mode=AccountMode.UNIFIED))
    return it


def owes(it: ToldStage) -> None:
    """Ann loses 1,500 of her 1,000 dollars."""
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC", -50, 70)


def records(it: ToldStage) -> list[Record]:
    upkeep = Upkeep()
    return [record for event in it.events if (record := upkeep.observe(event)) is not None]


def printed(it: ToldStage) -> str:
    page = StringIO()
    console = Console(file=page, width=120, markup=False, highlight=False)
    tell_records(console, "ann", records(it), listed=8)
    return page.getvalue()


def test_interest_is_told_by_the_hour() -> None:
    it = stage(rules(interest="0.001"))
    owes(it)
    it.do(PassTime(at=7200 * SECOND))

    first, second = records(it)
    assert isinstance(first, Interest)
    assert (first.borrowed, first.amount, first.balance) == (
        500,
        Fraction(1, 2),
        Fraction(-1001, 2),
    )
    assert isinstance(second, Interest)
    assert second.borrowed == Fraction(1001, 2)
    assert "0.5 USD for an hour on 500 owed at 0.1%; balance -500.5" in printed(it)
    assert record_facts(first)["at"] == "1970-01-01T01:00:00Z"


def test_what_the_venue_does_not_lend_is_told_with_what_it_was_repaid() -> None:
    """500 dollars for 5 coins and a fee of 1%: 5.051 of them, rounded up to a thousandth."""
    it = stage(rules(borrow_limit="400", conversion_fee="0.01"))
    owes(it)

    (record,) = records(it)
    assert isinstance(record, Exchanged)
    assert (record.cause, record.sold, record.bought) == (Exchange.LIMIT, "COIN", "USD")
    assert (record.repaid, record.price, record.bought_price, record.owed) == (500, 100, 1, 0)
    assert record.amount == Fraction(5051, 1000)
    text = printed(it)
    assert "500 USD that the venue does not lend, with 5.051 COIN at 100.00" in text
    assert "0.051 of it a fee" in text
    assert record_row(record)["asset"] == "COIN"


def test_margin_that_was_added_is_told_with_what_is_left() -> None:
    """Long 10 at 100 with 100 in the bucket; at 94 equity is 40, and 94 are needed."""
    it = stage(rules())
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.do(SetAutoMargin(at=it.now(), account="ann", symbol="BTC", on=True))
    it.mark("BTC", 94)

    (record,) = records(it)
    assert isinstance(record, MarginAdded)
    assert (record.symbol, record.lacking, record.amount) == ("BTC", 54, 54)
    assert "54 USD to isolated BTC, which lacked 54; 154 in it, 846 in the wallet" in printed(it)


def test_a_liquidation_that_repays_tells_its_collateral_and_adds_up_in_each_asset() -> None:
    """As in test_collateral: at 62 a coin, 500 dollars are repaid with 8.146 coins."""
    it = stage(rules(conversion_fee="0.01"))
    it.hold("ann", "BTC", 50, 100)
    it.mark("BTC", 99)
    it.hold("ann", "ETH", 1, 100)
    it.hold("ann", "BTC", -50, 70)
    it.mark("COIN-USD", 62)

    story = it.story()
    assert [(one.asset, one.balance, one.value) for one in story.counted] == [
        ("COIN", 10, 496),
        ("USD", -500, -500),
    ]
    assert story.equity == -4
    assert [(one.amount, one.repaid) for one in story.repaid] == [(Fraction(8146, 1000), 500)]
    assert {one.asset: (one.before, one.after) for one in story.purses} == {
        "COIN": (10, Fraction(1854, 1000)),
        "USD": (-500, 0),
    }
    assert story.differences == {}
    assert facts(story)["adds_up"]


def test_who_paid_for_an_account_without_positions_is_told() -> None:
    it = stage(rules(fund="60"))
    owes(it)
    it.mark("COIN-USD", 40)

    story = it.story()
    (cover,) = story.covers
    assert (cover.asset, cover.fund_paid, cover.uncovered) == ("USD", 60, 40)
    assert (story.fund_paid, story.uncovered, story.differences) == (60, 40, {})
    page = StringIO()
    tell_story(Console(file=page, width=100, markup=False), story, 1)
    assert "insurance fund pays" in page.getvalue()
    assert "It adds up, to the last unit." in page.getvalue()


def test_a_portfolio_that_fails_tells_its_worst_move_and_each_contracts_part() -> None:
    """Long 50 and short 40 of the dated future.  At 84 and 100 a tenth less costs 420 - 400."""
    grid = GridRules(moves=("0.05", "0.1"))
    it = ToldStage(rulebook(portfolio=PortfolioRules(grid=grid)), symbols="BTC")
    it.enlist("BTC-DATED", expiry="1971-01-01T00:00:00")
    it.trader("ann", deposit=720)
    it.marks(BTC=100, **{"BTC-DATED": 100})
    it.do(SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=MarginMode.PORTFOLIO))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -40, 100)
    it.show("BTC", bids={90: 100})
    it.mark("BTC", 84)

    story = it.story()
    (unit,) = story.units
    assert (story.equity, story.maintenance_margin) == (-80, unit.margin)
    assert (unit.move, unit.scan) == (-Fraction(1, 10), 20)
    assert [(own.symbol, own.size, own.loss) for own in unit.contracts] == [
        ("BTC", 50, 420),
        ("BTC-DATED", -40, -400),
    ]
    page = StringIO()
    tell_story(Console(file=page, width=100, markup=False), story, 1)
    assert "BTC-DATED, short 40" in page.getvalue()


def test_coins_that_hedged_are_told_beside_the_contracts() -> None:
    """10 coins at 100 against 60 short that have lost 600: 100 for the other 56, and 2% of them."""
    it = stage(
        replace(
            rules(),
            portfolio=PortfolioRules(
                grid=GridRules(moves=("0.1",), spot="0.02"), unified=True, spot=SpotHedge.IN_FULL
            ),
        )
    )
    it.enlist("COIN-PERP")
    it.mark("COIN-PERP", 100)
    mode = MarginMode.PORTFOLIO
    it.do(SetMarginMode(at=it.now(), account="ann", symbol="COIN-PERP", mode=mode))
    it.hold("ann", "COIN-PERP", -60, 100)
    it.show("COIN-PERP", asks={125: 100})
    it.mark("COIN-PERP", 125)

    story = it.story()
    (unit,) = story.units
    assert (story.equity, story.maintenance_margin) == (500, unit.margin)
    assert (unit.scan, unit.spot, unit.margin) == (650, 20, 670)
    assert [(own.symbol, own.size, own.loss) for own in unit.coins] == [("COIN", 10, -100)]
    page = StringIO()
    tell_story(Console(file=page, width=100, markup=False), story, 1)
    assert re.search(r"COIN, owned 10 +-100.00 +20.00", page.getvalue())
    assert unit_facts(unit)["coins"] == [{"symbol": "COIN", "size": 10, "loss": -100}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = find("collateral/usde-2025-10-10")
    return carry_out(Run(read(path), path), tmp_path_factory.mktemp("runs"), quiet=True).folder


def test_the_hedge_that_its_collateral_brought_down_is_told_whole(folder: Path) -> None:
    explained = explain(open_run(folder), Asked(account="hedged"))
    page = StringIO()
    tell_explanation(Console(file=page, width=100, markup=False, highlight=False), explained)
    text = page.getvalue()

    assert "hedged, unified account" in text
    assert re.search(r"USDE +7,000 +\+0.00 +0.65 +99.0% +4,504.50", text)
    assert "4,550 USDT            with 7,000 USDE at 0.65; 0 USDE left" in text
    assert "It adds up, to the last unit." in text
    (told,) = explanation_facts(explained)["stories"]
    assert told["adds_up"]
    assert told["purses"][0]["flows"] == {"exchanged for that": "-7000"}


def test_the_page_has_the_collateral_and_what_was_exchanged(folder: Path) -> None:
    (run,) = report_data([open_run(folder)])
    (story,) = run["stories"]
    assert story["counted"] == [
        {"asset": "USDE", "balance": 7000.0, "price": 0.65, "ratio": 0.99, "value": 4504.5}
    ]
    assert [one["repaid"] for one in story["exchanges"]] == [4550.0]
    assert sum(part["amount"] for part in story["parts"]) == pytest.approx(-4504.5)


def test_a_run_has_a_table_of_it(folder: Path) -> None:
    (row,) = open_run(folder).upkeep().rows()
    assert (row["kind"], row["asset"], row["bought"], row["cause"]) == (
        "exchange",
        "USDE",
        "USDT",
        "liquidation",
    )
    assert (row["amount"], row["repaid"], row["rate"]) == (7_000, 4_550, None)

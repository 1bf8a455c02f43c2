"""Steps: everything that can be asked of the venue, written in a scenario and checked there."""

import asyncio
from pathlib import Path

import msgspec

from exchange.core.messages import (
    Batch,
    Command,
    ComputeMarkPrice,
    ListInstrument,
    OpenAccount,
    PassTime,
    PublishBook,
    UpdateOrders,
)
from exchange.journal import Journal
from tools.build import Run
from tools.running import carry_out
from tools.scenario import Scenario
from tools.script import Script
from tools.step_parts import Step
from tools.steps import ACTIONS, commands
from tools.times import utc

GRID = 'settle = "USD", tick_size = "1", lot_size = "0.1"'
CONTRACT = f'{{ symbol = "BTC", {GRID} }}'
SPOT = f'{{ symbol = "BTC/USD", kind = "spot", base = "BTC", {GRID} }}'
OF_CLOCK_AND_OPENING = {ListInstrument, OpenAccount, ComputeMarkPrice, PassTime}
NOT_FOR_STEPS = {Batch, PublishBook, UpdateOrders}
"""Several steps at once, what is published of a book, and history order by order."""


def scenario(steps: str, accounts: str, instruments: str = CONTRACT) -> Run:
    text = f'name = "steps"\nrulebook = "textbook"\ninstruments = [{instruments}]\n'
    return Run(msgspec.toml.decode(text + accounts + steps, type=Scenario), Path("steps.toml"))


def checked(run: Run) -> Script:
    asyncio.run(run.go(Journal()))
    return run.script


ANNA = """
[[accounts]]
name = "anna"
deposits = { USD = "10000" }
"""


def test_a_scenario_without_a_start_begins_with_its_first_dated_step() -> None:
    dated = (
        '[[steps]]\nat = "+0"\n\n[[steps]]\nat = "2025-10-10T21:00:00"\nmark = { BTC = "100" }\n'
    )

    assert utc(scenario(dated, ANNA).start) == "2025-10-10T21:00:00Z"
    assert utc(scenario("", ANNA).start) == "2024-01-01T00:00:00Z"


def test_every_command_of_a_trader_or_a_feed_can_be_a_step() -> None:
    run = scenario("", ANNA)
    parts = {
        "deposit": {"account": "anna", "asset": "USD", "amount": "1"},
        "withdraw": {"account": "anna", "asset": "USD", "amount": "1"},
        "order": {"account": "anna", "symbol": "BTC", "side": "buy", "size": "1"},
        "amend": {"account": "anna", "symbol": "BTC", "ref": 1, "size": "1"},
        "cancel": {"account": "anna", "ref": 1},
        "leverage": {"account": "anna", "symbol": "BTC", "leverage": 2},
        "mode": {"account": "anna", "symbol": "BTC", "mode": "isolated"},
        "position_mode": {"account": "anna", "mode": "hedge"},
        "margin": {"account": "anna", "symbol": "BTC", "amount": "-1"},
        "auto_margin": {"account": "anna", "symbol": "BTC"},
        "account_mode": {"account": "anna", "mode": "unified"},
        "countdown": {"account": "anna", "seconds": "5"},
        "phase": {"symbol": "BTC", "phase": "paused"},
        "block": {"account": "anna", "symbol": "BTC", "side": "buy", "size": "1", "price": "1"},
        "book": {"symbol": "BTC"},
        "trade": {"symbol": "BTC", "side": "buy", "size": "1", "price": "1"},
        "mark": {"BTC": "1"},
        "index": {"BTC": "1"},
        "volatility": {"BTC": "0.6"},
        "funding": {"symbol": "BTC", "rate": "-0.0001"},
        "settle": {"symbol": "BTC", "price": "1"},
    }
    assert list(parts) == list(ACTIONS)

    made = {
        type(command)
        for name, part in [*parts.items(), ("cancel", {"account": "anna"})]
        for command in commands(msgspec.convert({name: part}, Step), run.instruments, name)
    }

    all_of_them = set(leaves(Command))
    assert all_of_them - made == OF_CLOCK_AND_OPENING | NOT_FOR_STEPS


def leaves(kind: type) -> list[type]:
    below = [leaf for sub in kind.__subclasses__() for leaf in leaves(sub)]
    return below or [kind]


def test_in_hedge_mode_an_account_begins_with_a_long_and_a_short() -> None:
    run = scenario(
        """
[[steps]]
mark = { BTC = "1000" }

[[steps]]
note = "both are there"

[[steps.expect]]
account = "anna"
symbol = "BTC"
position_side = "long"
size = "3"
leverage = 5

[[steps.expect]]
account = "anna"
symbol = "BTC"
position_side = "short"
size = "-2"
entry_price = "1000"

[[steps]]
note = "half of the long is sold"
book = { symbol = "BTC", bids = [["1000", "1.5"]] }

[[steps]]
order = { account = "anna", symbol = "BTC", side = "sell", size = "1.5", position_side = "long" }

[[steps.expect]]
account = "anna"
symbol = "BTC"
position_side = "long"
size = "1.5"
""",
        ANNA
        + "hedge = true\nleverage = { BTC = 5 }\n"
        + 'positions = [{ symbol = "BTC", size = "3" }, { symbol = "BTC", size = "-2" }]\n',
    )
    script = checked(run)

    assert (script.checked, script.failures) == (5, [])


def test_an_order_is_amended_by_its_ref() -> None:
    run = scenario(
        """
[[steps]]
mark = { BTC = "1000" }

[[steps]]
order = { account = "anna", symbol = "BTC", side = "buy", size = "2", price = "900", ref = 7 }

[[steps]]
amend = { account = "anna", symbol = "BTC", ref = 7, size = "1", price = "800" }

[[steps.expect]]
account = "anna"
initial_margin = "80"
""",
        ANNA,
    )
    script = checked(run)

    assert (script.checked, script.failures) == (1, [])


def test_funding_is_due_so_long_after_its_step() -> None:
    run = scenario('[[steps]]\nat = "+90"\nfunding = { symbol = "BTC", rate = "0.0001" }', ANNA)
    seen: list[object] = []

    asyncio.run(run.go(Journal(), [seen.append]))

    (changed,) = [event for event in seen if type(event).__name__ == "FundingRateChanged"]
    assert changed.next_at - changed.at == 8 * 3_600 * 10**9  # type: ignore[attr-defined]


def test_a_spot_market_moves_both_assets(tmp_path: Path) -> None:
    run = scenario(
        """
[[steps]]
book = { symbol = "BTC/USD", asks = [["1000", "5"]] }

[[steps]]
order = { account = "anna", symbol = "BTC/USD", side = "buy", size = "2", price = "1000" }

[[steps.expect]]
account = "anna"
asset = "USD"
wallet = "8000"

[[steps.expect]]
account = "anna"
asset = "BTC"
wallet = "2.5"
""",
        ANNA.replace('USD = "10000"', 'USD = "10000", BTC = "0.5"'),
        SPOT,
    )
    summary = carry_out(run, tmp_path, quiet=True).summary

    assert summary["expectations"] == {"checked": 2, "failures": []}
    assert (summary["money"]["BTC"]["sum"], summary["money"]["USD"]["sum"]) == ("0", "0")

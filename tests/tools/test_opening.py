"""How a scenario begins: accounts, populations, and what the venue does not let them begin with."""

from pathlib import Path

import msgspec
import pytest

from tools.build import Run
from tools.running import Done, carry_out
from tools.scenario import Scenario, ScenarioError

SMALL = """
name = "small"
rulebook = "textbook"
instruments = [{ symbol = "BTC", settle = "USD", tick_size = "1", lot_size = "1" }]
steps = [{ mark = { BTC = "100" } }, { at = "+2" }]
"""
TIGHT = """
[rules]
tiers = [{ floor = "0", maintenance = "0.05", leverage_max = 125 }]
"""
CROWD = """
[[populations]]
name = "crowd"
count = 5
symbols = { BTC = 1 }
leverage = { 100 = 1 }
isolated_percent = 100
"""
ANNA = """
[[accounts]]
name = "anna"
deposits = { USD = "50" }
positions = [{ symbol = "BTC", size = "2" }]
leverage = { BTC = 20 }
"""


def built(text: str) -> Run:
    return Run(msgspec.toml.decode(SMALL + text, type=Scenario), Path("small.toml"))


def ran(text: str, folder: Path) -> Done:
    return carry_out(built(text), folder, quiet=True)


def test_positions_are_brought_in_at_the_mark_once_there_is_one(tmp_path: Path) -> None:
    expected = (
        '\n[[steps.expect]]\naccount = "anna"\nsymbol = "BTC"\nsize = "2"\nunrealised_pnl = "0"'
    )
    last = '\n[[steps]]\nat = "+2"\nnote = "looked at"'
    text = SMALL.replace("steps = ", "# ") + '\n[[steps]]\nmark = { BTC = "100" }' + last + expected
    run = Run(msgspec.toml.decode(text + ANNA, type=Scenario), Path("small.toml"))

    done = carry_out(run, tmp_path, quiet=True)

    assert done.summary["expectations"] == {"checked": 2, "failures": []}


def test_a_position_without_a_mark_is_waited_for(tmp_path: Path) -> None:
    text = SMALL.replace('{ mark = { BTC = "100" } }, ', "")
    run = Run(msgspec.toml.decode(text + ANNA, type=Scenario), Path("small.toml"))

    assert carry_out(run, tmp_path, quiet=True).summary["positions_not_opened"] == 1


def test_a_position_that_the_venue_refuses_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    done = ran(ANNA.replace('"50"', '"0.5"'), tmp_path)

    assert done.exit_code == 1
    assert done.summary["error"].startswith("accounts: the position of anna in BTC was refused: ")
    assert (done.folder / "accounts.parquet").exists()


def test_positions_of_a_population_that_are_refused_are_counted_by_reason(tmp_path: Path) -> None:
    """At a leverage of 100 the margin is 1% of a notional that takes 5%."""
    done = ran(CROWD + TIGHT, tmp_path)

    assert done.exit_code == 0
    assert done.summary["positions_refused"] == {"insufficient_margin": 5}
    assert done.summary["first_refused"]["insufficient_margin"].startswith("crowd-1: ")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("{ BTC = 1 }", "{ ETH = 1 }", "symbol was 'ETH', expected one of BTC"),
        ("{ BTC = 1 }", "{ BTC = 0 }", "symbols had weights [0], expected some above 0"),
        ("{ BTC = 1 }", "{}", "symbols had weights [], expected some above 0"),
        ("{ 100 = 1 }", "{ 100 = -1 }", "leverage had weights [-1], expected some above 0"),
        ("{ 100 = 1 }", "{ high = 1 }", "leverage was 'high', expected a whole number of 1 or mo"),
        ("isolated", 'cushion = "0.9"\nisolated', "cushion was 0.9, expected 1 or more"),
        (
            "isolated",
            'notional_alpha = "0"\nisolated',
            "notional_alpha was 0, expected more than 0",
        ),
        (
            "isolated",
            'notional_most = "10"\nisolated',
            "notional_most was 10, expected 1000 (notional_least) or more",
        ),
        (
            "isolated",
            'distance_least = "0.5"\ndistance_most = "0.2"\nisolated',
            "distance_least was 0.5 and distance_most 0.2, expected 0 <= least <= most < 1",
        ),
        (
            "isolated",
            'entry_spread = "0.5"\nisolated',
            "entry_spread was 0.5, expected 0 to 0.1, and no distance_least",
        ),
        (
            "isolated",
            'distance_least = "0.1"\nentry_spread = "0.01"\nisolated',
            "entry_spread was 0.01, expected 0 to 0.1, and no distance_least",
        ),
    ],
)
def test_a_population_that_makes_no_sense_is_refused(old: str, new: str, line: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        built(CROWD.replace(old, new, 1))

    assert str(refused.value).startswith(f"small.toml: populations[0]: {line}")


def test_an_account_may_not_have_the_name_of_a_population_s_member() -> None:
    with pytest.raises(ScenarioError, match="accounts: name was 'crowd-3', which is taken"):
        built(CROWD + '\n[[accounts]]\nname = "crowd-3"')


CALL = (
    ', { symbol = "CALL", settle = "USD", tick_size = "1", lot_size = "1", on = "BTC",'
    ' right = "call", strike = "100", expiry = "2030-01-01T00:00:00", volatility = "0.5" }]'
)


def with_call(call: str, more: str = "") -> Run:
    """The small scenario with an option beside its contract."""
    lines = SMALL.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("instruments"))
    lines[at] = lines[at].removesuffix("]") + call
    text = "\n".join(lines) + more
    return Run(msgspec.toml.decode(text, type=Scenario), Path("small.toml"))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (CALL, "instruments: CALL was an option on BTC: the rulebook has none on it"),
        (CALL.replace('"BTC"', '"NOTHING"'), "CALL on was 'NOTHING', expected a listed instrument"),
    ],
)
def test_an_option_that_the_venue_would_not_list_is_refused(part: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        with_call(part)
    assert said in str(refused.value)


def test_crowds_hold_no_options() -> None:
    offered = '\n[rules.portfolio.grid]\nmoves = ["0.1"]\n[rules.portfolio.grid.options]\n'
    with pytest.raises(ScenarioError) as refused:
        with_call(CALL, offered + CROWD.replace("BTC = 1", "CALL = 1"))
    assert "CALL is an option, expected a contract: crowds hold no options" in str(refused.value)

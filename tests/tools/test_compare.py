"""The same ticks under several rules: what differs is the rules and nothing else."""

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exchange.core.messages import MarginMode
from exchange.rulebook import load as load_rulebook
from exchange.rulebook import shipped
from tests.crash import CRASH, crash
from tools import cli
from tools.compare import Case, cases, under
from tools.scenario import Scenario, ScenarioError, find, read

STRICT = """
name = "strict"
title = "No more than five times one's money"
fees = { maker = "0", taker = "0.001" }
tiers = [{ floor = "0", maintenance = "0.1", leverage_max = 5 }]
"""


@pytest.fixture
def scenario() -> Scenario:
    return msgspec.toml.decode(CRASH, type=Scenario)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the small crash in it, as a file."""
    monkeypatch.chdir(tmp_path)
    Path("crash.toml").write_text(CRASH)
    return tmp_path


def compare(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code, and what was written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["plimsoll", "compare", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    written = capsys.readouterr()
    return int(ended.value.code or 0), written.out, written.err


def figures(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one["figures"]["USDT"] for one in facts["cases"]}


def test_every_rulebook_meets_every_margin_mode(scenario: Scenario) -> None:
    names = [case.name for case in cases(scenario, "general, textbook", "cross,isolated")]

    assert names == ["general-cross", "general-isolated", "textbook-cross", "textbook-isolated"]


def test_all_are_those_that_are_shipped(scenario: Scenario) -> None:
    found = cases(scenario, "all", "all")

    plain = [MarginMode.CROSS, MarginMode.ISOLATED]
    assert [case for case in found if case.margin in plain] == [
        Case(book, mode) for book in shipped() for mode in plain
    ]
    in_portfolio = [case.rulebook for case in found if case.margin is MarginMode.PORTFOLIO]
    assert in_portfolio == [b for b in shipped() if load_rulebook(b).portfolio.grid is not None]


def test_portfolio_margin_is_only_asked_of_who_offers_it(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match="hyperliquid has no portfolio margin"):
        cases(scenario, "hyperliquid", "portfolio")

    assert "okx-portfolio" in [case.name for case in cases(scenario, "okx", "cross,portfolio")]


def test_nothing_asked_is_the_scenario_as_it_is(scenario: Scenario) -> None:
    assert cases(scenario, "", "") == [Case("general", None)]


def test_what_is_not_known_is_refused(scenario: Scenario) -> None:
    with pytest.raises(
        ScenarioError, match="margin was 'crossed', expected cross, isolated, portfolio"
    ):
        cases(scenario, "", "crossed")
    with pytest.raises(ScenarioError, match="general was asked for twice"):
        cases(scenario, "general,general", "")


def test_a_margin_mode_is_everybodys() -> None:
    october = read(find("october"))

    isolated = under(Case("general", MarginMode.ISOLATED), october, Path())

    everywhere = dict.fromkeys(("BTCUSDT", "ETHUSDT", "SOLUSDT"), "isolated")
    assert all(account.mode == everywhere for account in isolated.accounts)
    assert {part.isolated_percent for part in isolated.populations} == {100}
    hedges = [part for part in isolated.strategies if part.strategy == "hedged_holder"]
    assert [part.parameters["mode"] for part in hedges] == ["isolated", "isolated"]


def test_a_strategy_without_a_mode_keeps_its_parameters() -> None:
    october = read(find("october"))
    trend = next(part for part in october.strategies if part.account == "trend")

    moded = under(Case("general", MarginMode.ISOLATED), october, Path()).strategies

    assert next(part for part in moded if part.account == "trend") == trend


def test_what_a_scenario_expects_is_left_out_and_what_it_does_is_not() -> None:
    seed = read(find("seeds/mode-switch"))

    steps = under(Case("general", None), seed, Path()).steps

    assert [step.mark for step in steps] == [step.mark for step in seed.steps]
    assert any(step.expect for step in seed.steps)
    assert not any(step.expect or step.rejected or step.insurance_fund for step in steps)


def test_each_case_is_the_run_that_it_would_be_by_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = compare(capsys, "crash.toml", "--rulebook", "general,textbook", "--json")

    facts = json.loads(out)
    alone = crash(folder / "alone").summary
    assert code == 0
    assert facts["cases"][0]["digest"] == alone["digest"]
    assert facts["cases"][1]["digest"] != alone["digest"]
    kept = Path(facts["cases"][0]["folder"])
    assert json.loads((kept / "summary.json").read_text()) == alone


@pytest.mark.usefixtures("folder")
def test_figures_are_those_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = compare(capsys, "crash.toml", "--margin", "isolated,cross", "--json", "--accounts")

    facts = json.loads(out)
    summary = json.loads((Path(facts["cases"][0]["folder"]) / "summary.json").read_text())
    money, groups = summary["money"], summary["groups"]
    isolated, cross = figures(facts)["general-isolated"], figures(facts)["general-cross"]
    assert isolated["accounts"] == isolated["liquidations"] == 21
    assert isolated["first"] == "2025-01-01T00:00:10Z"
    assert isolated["fund_left"] == money["USDT"]["balances"]["insurance fund"]
    assert Fraction(isolated["equity"]) == sum(Fraction(group["total"]) for group in groups)
    assert Fraction(cross["lost"]) < Fraction(isolated["lost"])
    # In cross anna's 10,000 stand behind her position, not only its margin of 6,000.
    anna = {one["name"]: one["accounts"]["anna"]["USDT"] for one in facts["cases"]}
    assert anna["general-isolated"]["liquidations"] == 1
    assert anna["general-cross"]["liquidations"] == 0


@pytest.mark.usefixtures("folder")
def test_a_case_that_cannot_begin_is_told_and_the_others_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("strict.toml").write_text(STRICT)

    code, out, _ = compare(capsys, "crash.toml", "--rulebook", "strict.toml,textbook")

    assert code == 1
    assert "leverage of BTC was 10, expected 1 to 5" in " ".join(out.split())
    assert "textbook 21" in " ".join(out.split())


@pytest.mark.usefixtures("folder")
def test_a_rulebook_that_is_not_there_ends_it_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = compare(capsys, "crash.toml", "--rulebook", "general,mars")

    assert code == 2
    assert f"rulebook was 'mars', expected one of {', '.join(shipped())}" in err
    assert not Path("runs").exists()


@pytest.mark.usefixtures("folder")
def test_the_table_shows_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = compare(capsys, "crash.toml", "--margin", "cross,isolated", "--account", "anna")

    assert "…" not in out
    assert "anna, in USDT" in out
    assert "runs/crash-compared-1/general-cross" in out

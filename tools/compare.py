"""The same ticks and strategies under several rules: which cases there are, and what each changes.

Only the rulebook and the margin mode differ between two cases.  What a scenario expects holds under
its own rules, so that it is left out.
"""

from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from exchange.core.messages import MarginMode
from exchange.core.rules import ContractKind
from exchange.rulebook import load as load_rulebook
from exchange.rulebook import shipped
from strategies import load as load_strategy
from tools.compare_runs import Job
from tools.run_folder import next_folder
from tools.scenario import Population, Scenario, ScenarioError, StrategyPart
from tools.step_parts import Step

ALL = "all"
MODE = "mode"
"""What a strategy's parameter is called that sets the margin mode of what it trades."""


class Case(NamedTuple):
    """One set of rules."""

    rulebook: str
    margin: MarginMode | None
    """Everybody's; None: as the scenario says."""

    @property
    def name(self) -> str:
        """For folders and tables."""
        book = Path(self.rulebook).stem if self.rulebook.endswith(".toml") else self.rulebook
        return f"{book}-{self.margin}" if self.margin else book


def cases(scenario: Scenario, rulebooks: str, margins: str) -> list[Case]:
    """Every rulebook with every margin mode, both as lists with commas; "all": those that exist.

    Empty: as the scenario says.  Raises RulebookError or ScenarioError for what is not known.
    """
    asked = shipped() if rulebooks == ALL else named(rulebooks)
    books = asked or [scenario.rulebook]
    modes: list[MarginMode | None] = list(MarginMode)
    if margins != ALL:
        modes = [margin_mode(text) for text in named(margins)]
    made: list[Case] = []
    for book in books:
        offers = load_rulebook(book).portfolio.grid is not None
        lacking = [] if offers else [mode for mode in modes if mode is MarginMode.PORTFOLIO]
        if lacking and ALL not in {rulebooks, margins}:
            raise ScenarioError(f"{book} has no portfolio margin, expected cross or isolated")
        made += [Case(book, mode) for mode in modes or [None] if mode not in lacking]
    names = [case.name for case in made]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(f"{name} was asked for twice, expected each case once")
    return made


def named(texts: str) -> list[str]:
    """A list with commas."""
    return [text.strip() for text in texts.split(",") if text.strip()]


def margin_mode(text: str) -> MarginMode:
    """A margin mode.  Raises ScenarioError."""
    if text not in list(MarginMode):
        raise ScenarioError(f"margin was {text!r}, expected {', '.join(MarginMode)}")
    return MarginMode(text)


def under(case: Case, scenario: Scenario, folder: Path) -> Scenario:
    """The scenario under other rules.  `folder`: where its files are.

    Raises StrategyError for a strategy that is not there.
    """
    book = case.rulebook
    if book.endswith(".toml") and book != scenario.rulebook:
        book = str(Path(book).resolve())
    changed = replace(scenario, rulebook=book, steps=tuple(map(unexpecting, scenario.steps)))
    return in_mode(changed, case.margin, folder) if case.margin else changed


def unexpecting(step: Step) -> Step:
    """A step, without what must be true after it."""
    return replace(step, expect=(), rejected=None, insurance_fund="")


def in_mode(scenario: Scenario, mode: MarginMode, folder: Path) -> Scenario:
    """Every account in one margin mode, in every contract, from beginning to end."""
    contracts = [i.symbol for i in scenario.instruments if i.kind is not ContractKind.SPOT]
    modes = dict.fromkeys(contracts, mode)
    percent = 100 if mode is MarginMode.ISOLATED else 0
    return replace(
        scenario,
        accounts=tuple(replace(part, mode=modes) for part in scenario.accounts),
        populations=tuple(
            replace(
                part,
                isolated_percent=percent,
                portfolio=mode is MarginMode.PORTFOLIO,
                parameters=moded(part, mode, folder),
            )
            for part in scenario.populations
        ),
        strategies=tuple(
            replace(part, parameters=moded(part, mode, folder)) for part in scenario.strategies
        ),
        steps=tuple(replace(step, mode=None) for step in scenario.steps),
    )


def moded(part: Population | StrategyPart, mode: MarginMode, folder: Path) -> dict[str, Any]:
    """The parameters of what `part` trades by, with the mode, if it has such a parameter."""
    given = part.parameters
    if not part.strategy:
        return given
    takes = load_strategy(part.strategy, folder).takes
    return given | {MODE: str(mode)} if MODE in takes.__struct_fields__ else given


def jobs(
    scenario: Scenario, path: Path, asked: list[Case], base: Path, *, until: str = ""
) -> list[Job]:
    """Each case, to be run into a folder of its own.  `path`: the scenario's file."""
    whole = next_folder(base, f"{scenario.name}-compared")
    return [
        Job(case.name, under(case, scenario, path.parent), path, whole / case.name, until)
        for case in asked
    ]

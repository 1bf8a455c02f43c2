"""Stress days: each rebuilt from what was published of it, and what it came to beside that."""

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from exchange.core.units import exact
from exchange.journal import Journal
from tools import scenario as scenarios
from tools.build import Run
from tools.experiments.spread import spread
from tools.experiments.toll import Toll
from tools.scenario import Reported, Scenario, ScenarioError

FAMILY = "stress/"


class Asked(NamedTuple):
    """What a worker is to do."""

    scenario: str
    with_steps: bool
    until: str = ""


class StressDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day, and what the venue made of it.  Money in the quote currency, scaled up to the day."""

    scenario: str
    title: str
    without: str = ""
    """What of that day was left out."""
    rulebook: str
    digest: str
    scale: Fraction
    """How many of the day's contracts one of the run is for."""
    fall: Fraction
    """The mark that was furthest from the first one, as a change from that."""
    open_interest: Fraction
    """Of one side, at its highest."""
    open_interest_reported: Fraction | None
    liquidated: Fraction
    """What liquidations closed of traders' positions, longs and shorts, however."""
    of_it_longs: Fraction
    liquidated_reported: Fraction | None
    deleveraged: Fraction
    """The part of it that auto-deleveraging closed."""
    taken_over: Fraction
    """The part that the venue's own account took over."""
    fund_paid: Fraction
    """By the insurance fund, for what accounts could not."""
    fund_change: Fraction
    """Of the fund, with what the venue's own positions are worth, from beginning to end."""
    socialised: Fraction
    """Losses that other traders bore, or nobody did."""
    wick: Fraction
    """How far from the mark a liquidation traded at most, as a part of it."""
    accounts: int
    """That were liquidated, in the run."""
    refused: int
    """Positions that the venue did not admit."""
    remark: str

    @property
    def ratio(self) -> Fraction | None:
        """Liquidated in the model, for each unit that was reported."""
        reported = self.liquidated_reported
        return None if not reported else self.liquidated / reported


def family() -> list[str]:
    """The stress days that come with the package, the oldest first."""
    return sorted(
        (name for name in scenarios.shipped() if name.startswith(FAMILY)),
        key=lambda name: name.rsplit("-", 3)[1:],
    )


def stress_days(
    names: list[str] | None = None, *, until: str = "", quiet: bool = False
) -> list[StressDay]:
    """Each day, and where its steps are the incident, the day without it.  Raises ScenarioError."""
    asked = [one for name in names or family() for one in asked_of(name, until)]
    return spread(stress_day, asked, "days", quiet=quiet)


def asked_of(name: str, until: str = "") -> Iterator[Asked]:
    """The runs that a scenario is good for."""
    _, scenario = read(name)
    yield Asked(name, with_steps=True, until=until)
    if reported_of(scenario).steps_are:
        yield Asked(name, with_steps=False, until=until)


def read(name: str) -> tuple[Path, Scenario]:
    """A scenario that says what was reported.  Raises ScenarioError."""
    path = scenarios.find(name)
    scenario = scenarios.read(path)
    if scenario.reported is None:
        raise ScenarioError(f"{path}: had no [reported], expected what was published of the day")
    return path, scenario


def reported_of(scenario: Scenario) -> Reported:
    """What was published of the day."""
    assert scenario.reported is not None
    return scenario.reported


def stress_day(asked: Asked) -> StressDay:
    """One of them.  Raises ScenarioError."""
    path, scenario = read(asked.scenario)
    if not asked.with_steps:
        scenario = replace(scenario, steps=())
    reported = reported_of(scenario)
    run = Run(scenario, path, until=asked.until)
    toll = Toll(run.instruments, reported.symbols)
    try:
        outcome = asyncio.run(run.go(Journal(), [toll.observe]))
        scale = exact(reported.scale, "reported.scale")
        told = [
            exact(text, "reported") if text else None
            for text in (reported.open_interest, reported.liquidated)
        ]
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None
    return StressDay(
        scenario=asked.scenario,
        title=scenario.title,
        without="" if asked.with_steps else reported.steps_are,
        rulebook=run.rulebook.name,
        digest=outcome.digest,
        scale=scale,
        fall=toll.fall,
        open_interest=toll.open_interest * scale,
        open_interest_reported=told[0],
        liquidated=(toll.longs + toll.shorts) * scale,
        of_it_longs=toll.longs * scale,
        liquidated_reported=told[1],
        deleveraged=toll.deleveraged * scale,
        taken_over=toll.taken_over * scale,
        fund_paid=toll.fund_paid * scale,
        fund_change=toll.fund_change(run.simulation.venue, run.rulebook) * scale,
        socialised=toll.socialised * scale,
        wick=toll.wick,
        accounts=len(toll.accounts),
        refused=run.opening.refused.total(),
        remark=reported.remark.strip(),
    )

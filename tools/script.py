"""The steps of a scenario, carried out in a run at their times, and checked."""

from collections.abc import Container, Iterator
from functools import partial

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    AccountCommand,
    BlockTrade,
    CommandRejected,
    Event,
    Reject,
)
from exchange.core.units import SECOND, Nanos, UnitError
from exchange.core.venue import Venue
from exchange.runtime import Simulation
from tools.assets import asset_unit
from tools.expectations import (
    Expectation,
    Figure,
    Liquidations,
    difference,
    unless_equal,
)
from tools.step_parts import Expect, Step
from tools.steps import Instruments, commands, listed, moved
from tools.times import moment, utc


class Planned:
    """One step, read and ready: what it asks of the venue, and what must be true after it."""

    def __init__(
        self, step: Step, instruments: Instruments, accounts: Container[str], number: int
    ) -> None:
        self.step = step
        self.what = f"steps[{number}]"
        self.title = f"step {number}" + (f" ({step.note})" if step.note else "")
        moment(step.at or "+0", f"{self.what}.at", 0)
        self.commands = list(commands(step, instruments, self.what))
        for account in self._accounts():
            if account not in accounts and step.rejected is not Reject.UNKNOWN_ACCOUNT:
                raise UnitError(f"{self.what}: account was {account!r}, which the scenario has not")
        self._expected = [
            self._expectation(part, instruments, f"{self.what}.expect[{place}]")
            for place, part in enumerate(step.expect)
        ]
        self._first = next(iter(instruments.values()))
        fund = step.insurance_fund
        self._fund = Figure(fund, f"{self.what}.insurance_fund") if fund else None

    def differences(
        self, venue: Venue, events: list[Event], liquidations: Liquidations
    ) -> Iterator[str]:
        """For every check, what was found instead; empty text where it is as expected."""
        refused = next((event for event in events if isinstance(event, CommandRejected)), None)
        if refused is not None or self.step.rejected is not None:
            found = refused.reason if refused else "none"
            text = unless_equal("refusal", self.step.rejected or "none", found)
            yield f"{text}: {refused.detail}" if text and refused else text
        for expectation in self._expected:
            yield from expectation.differences(venue, liquidations)
        if self._fund is not None:
            fund = venue.balances(self._first.settle)["insurance fund"]
            yield difference("insurance_fund", self._fund, fund * self._first.money_unit)

    def _accounts(self) -> Iterator[str]:
        """The accounts that the step names."""
        for command in self.commands:
            if isinstance(command, AccountCommand | BlockTrade):
                yield command.account
            if isinstance(command, BlockTrade) and command.counterparty != HISTORY:
                yield command.counterparty
        for part in self.step.expect:
            yield part.account

    @staticmethod
    def _expectation(part: Expect, instruments: Instruments, what: str) -> Expectation:
        try:
            own = subject(part, instruments)
            asset = part.asset or own.settle
            unit = asset_unit(instruments.values(), asset)
        except UnitError as error:
            raise UnitError(f"{what}: {error}") from None
        return Expectation(part, own, asset, unit, what)


def subject(part: Expect, instruments: Instruments) -> Instrument:
    """The instrument that an expectation is about; without a symbol, any."""
    if part.symbol:
        return listed(instruments, part.symbol)
    return next(iter(instruments.values()))


class Script:
    """The steps of a scenario, in one run."""

    def __init__(
        self, steps: tuple[Step, ...], instruments: Instruments, accounts: Container[str]
    ) -> None:
        """Raise UnitError for what is not there or not on its grid."""
        self.steps = steps
        self._planned = [
            Planned(step, instruments, accounts, number) for number, step in enumerate(steps)
        ]
        self.checked = 0
        self.failures: list[str] = []
        self.liquidations = Liquidations()

    def plan(self, simulation: Simulation, start: Nanos) -> None:
        """Put every step into the schedule.  Raises UnitError for a time that goes back."""
        for at, planned in zip(self.times(start), self._planned, strict=True):
            simulation.plan_action(at, partial(self._carry_out, planned, simulation))

    def times(self, start: Nanos) -> list[Nanos]:
        """When each step happens.  Raises UnitError for a time that goes back."""
        times: list[Nanos] = []
        for planned in self._planned:
            before = times[-1] if times else start
            text, what = planned.step.at, f"{planned.what}.at"
            at = moment(text, what, start) if text else before + (SECOND if times else 0)
            if at < before:
                raise UnitError(f"{what} was {text}, expected {utc(before)} or later")
            times.append(at)
        return times

    def _carry_out(self, planned: Planned, simulation: Simulation) -> None:
        events: list[Event] = []
        for command in planned.commands:
            events += simulation.carry_out(moved(command, simulation.now))
        for text in planned.differences(simulation.venue, events, self.liquidations):
            self.checked += 1
            if text:
                self.failures.append(f"{planned.title}: {text}")

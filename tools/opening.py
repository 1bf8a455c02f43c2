"""How a scenario begins: instruments, accounts, money; positions as soon as there are marks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    AccountCommand,
    AccountMode,
    BlockTrade,
    Command,
    CommandRejected,
    Deposit,
    ListInstrument,
    MarginMode,
    OpenAccount,
    PositionMode,
    PositionSide,
    SetAccountMode,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Side,
)
from exchange.core.units import SECOND, Lots, MarkPrice, Nanos, Ticks
from exchange.runtime import Simulation
from exchange.scheduler import Turn
from tools.population import Member, entry
from tools.scenario import AccountPart, ScenarioError


class Holding(NamedTuple):
    """A position to bring in for a named account."""

    account: str
    symbol: str
    size: Lots
    """Short below zero."""
    price: Ticks
    """Zero: the mark, to the tick."""
    position_side: PositionSide


class Opening:
    """The first commands of a run.

    Positions wait until their instrument has a mark, and are looked at once a second.  Raises
    ScenarioError in the run where the venue refuses the position of a named account; those of
    populations, which are drawn, are counted.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        accounts: list[tuple[AccountPart, list[tuple[str, int]]]],
        holdings: list[Holding],
        members: list[Member],
        group_of: Mapping[str, str] | None = None,
    ) -> None:
        """`accounts` with their deposits in units of each asset; `group_of` them, if any."""
        self._instruments = instruments
        self._accounts = accounts
        self._holdings = holdings
        self._members = members
        self.group_of = {m.account: m.account.rpartition("-")[0] for m in members}
        self.group_of |= group_of or {}
        """Which population an account belongs to."""
        self.refused: Counter[str] = Counter()
        """Positions of populations that the venue refused, by reason."""
        self.first_refused: dict[str, str] = {}
        """The first of each reason, in full."""

    def accounts(self) -> Iterator[str]:
        """Names of all accounts, those of populations among them."""
        for account, _ in self._accounts:
            yield account.name
        for member in self._members:
            yield member.account

    def commands(self, at: Nanos) -> Iterator[Command]:
        """Instruments, accounts, deposits, terms."""
        for instrument in self._instruments.values():
            yield ListInstrument(at=at, rules=instrument.rules)
        for account, deposits in self._accounts:
            yield OpenAccount(at=at, account=account.name)
            for asset, amount in deposits:
                yield Deposit(at=at, account=account.name, asset=asset, amount=amount)
            yield from _terms(account, at)
            if not account.positions or self._begins_with_options(account):
                yield from _portfolio(account, at)
        for member in self._members:
            yield OpenAccount(at=at, account=member.account)

    def _begins_with_options(self, account: AccountPart) -> bool:
        """Whether some positions can only be brought into a portfolio."""
        held = [self._instruments[one.symbol] for one in account.positions]
        return any(instrument.is_option for instrument in held)

    def start(self, simulation: Simulation, at: Nanos) -> None:
        """Look for marks from now on, once a second, until every position is brought in."""
        self._simulation = simulation
        if self._holdings or self._members:
            simulation.schedule(at, Turn.ORDER, self._look)

    @property
    def waiting(self) -> int:
        """Positions that never had a mark to be brought in at."""
        return len(self._holdings) + len(self._members)

    def _look(self) -> None:
        marks = {symbol: self._simulation.venue.mark_price(symbol) for symbol in self._instruments}
        for holding in [h for h in self._holdings if marks[h.symbol] is not None]:
            self._holdings.remove(holding)
            self._bring(holding, marks[holding.symbol] or 0)
            if all(other.account != holding.account for other in self._holdings):
                self._join_together(holding.account)
        ready = [m for m in self._members if marks[m.symbol] is not None]
        self._members = [m for m in self._members if marks[m.symbol] is None]
        for member in ready:
            own, mark = self._instruments[member.symbol], marks[member.symbol] or 0
            for command in joined(member, own, mark, self._simulation.now):
                refusal = self._carry_out(command)
                if refusal is not None:
                    self.refused[refusal.reason] += 1
                    self.first_refused.setdefault(
                        refusal.reason, f"{member.account}: {refusal.detail}"
                    )
        if self.waiting:
            again = (self._simulation.now // SECOND + 1) * SECOND
            self._simulation.schedule(again, Turn.ORDER, self._look)

    def _join_together(self, name: str) -> None:
        """Portfolio margin, where it is asked for: leg by leg, a hedge would need far more."""
        part = next(account for account, _ in self._accounts if account.name == name)
        if self._begins_with_options(part):
            return
        for command in _portfolio(part, self._simulation.now):
            refusal = self._carry_out(command)
            if refusal is not None:
                raise ScenarioError(
                    f"accounts: portfolio margin of {name} was refused: {refusal.detail}"
                )

    def _bring(self, holding: Holding, mark: MarkPrice) -> None:
        instrument = self._instruments[holding.symbol]
        price = holding.price or max(1, mark // instrument.subticks)
        side = Side.BUY if holding.size > 0 else Side.SELL
        block = replace(
            from_history(
                holding.account, instrument, side, abs(holding.size), price, self._simulation.now
            ),
            position_side=holding.position_side,
        )
        refusal = self._carry_out(block)
        if refusal is not None:
            raise ScenarioError(
                f"accounts: the position of {holding.account} in {holding.symbol} was refused: "
                f"{refusal.detail}"
            )

    def _carry_out(self, command: AccountCommand | BlockTrade) -> CommandRejected | None:
        events = self._simulation.carry_out(command)
        return next((event for event in events if isinstance(event, CommandRejected)), None)


def joined(
    member: Member, instrument: Instrument, mark: MarkPrice, at: Nanos
) -> Iterator[AccountCommand | BlockTrade]:
    """What makes a member of a population once it is admitted: money, terms, position."""
    name = member.account
    begin, leverage = entry(member, instrument, mark)
    yield Deposit(at=at, account=name, asset=instrument.settle, amount=begin.deposit)
    if member.mode is not MarginMode.CROSS:
        yield SetMarginMode(at=at, account=name, symbol=member.symbol, mode=member.mode)
    yield SetLeverage(at=at, account=name, symbol=member.symbol, leverage=leverage)
    yield from_history(name, instrument, member.side, begin.size, begin.price, at)


def from_history(
    account: str, instrument: Instrument, side: Side, size: Lots, price: Ticks, at: Nanos
) -> BlockTrade:
    """A position brought in from before the run."""
    return BlockTrade(
        at=at,
        symbol=instrument.symbol,
        account=account,
        counterparty=HISTORY,
        side=side,
        size=size,
        price=price,
    )


def _terms(part: AccountPart, at: Nanos) -> Iterator[Command]:
    """Position mode, margin modes and leverages; in hedge mode, of both sides."""
    name, sides = part.name, [PositionSide.NET]
    if part.unified:
        yield SetAccountMode(at=at, account=name, mode=AccountMode.UNIFIED)
    if part.hedge:
        yield SetPositionMode(at=at, account=name, mode=PositionMode.HEDGE)
        sides = [PositionSide.LONG, PositionSide.SHORT]
    for side in sides:
        for symbol, mode in part.mode.items():
            if mode is not MarginMode.PORTFOLIO:
                yield SetMarginMode(
                    at=at, account=name, symbol=symbol, position_side=side, mode=mode
                )
        for symbol in part.auto_margin:
            yield SetAutoMargin(at=at, account=name, symbol=symbol, position_side=side, on=True)
        for symbol, leverage in part.leverage.items():
            yield SetLeverage(
                at=at, account=name, symbol=symbol, position_side=side, leverage=leverage
            )


def _portfolio(part: AccountPart, at: Nanos) -> Iterator[SetMarginMode]:
    """Portfolio margin, for the contracts that ask for it."""
    side = PositionSide.LONG if part.hedge else PositionSide.NET
    for symbol, mode in part.mode.items():
        if mode is MarginMode.PORTFOLIO:
            yield SetMarginMode(
                at=at, account=part.name, symbol=symbol, position_side=side, mode=mode
            )

"""The steps of a scenario: commands at their times, and what must be true after them."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

from msgspec.structs import replace

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    AccountView,
    AdjustMargin,
    BlockTrade,
    CancelAll,
    CancelOrder,
    Command,
    CommandRejected,
    Deposit,
    Event,
    LiquidationStarted,
    LiquidationStepTaken,
    PlaceOrder,
    PositionView,
    RecordedTrade,
    SetLeverage,
    SetMarginMode,
    UpdateDepth,
    UpdateIndexPrice,
    UpdateMarkPrice,
    Withdraw,
)
from exchange.core.units import SECOND, MarkPrice, Money, Nanos, UnitError, decimal, exact
from exchange.runtime import Simulation
from tools import scenario as parts
from tools.scenario import Expect, Step
from tools.times import moment

Instruments: TypeAlias = Mapping[str, Instrument]


POSITION_FIELDS = (
    "size",
    "unrealised_pnl",
    "position_equity",
    "position_maintenance",
    "liquidation_price",
    "bankruptcy_price",
    "drawn_down",
)


class Script:
    """The steps of a scenario, as they are carried out and checked in a run."""

    def __init__(self, steps: tuple[Step, ...], instruments: Instruments) -> None:
        """Raise UnitError for a number off its grid and KeyError for an unknown symbol."""
        self._instruments = instruments
        self._steps = [
            (step, list(commands(step, instruments, f"steps[{number}]")))
            for number, step in enumerate(steps)
        ]
        self.checked = 0
        self.failures: list[str] = []
        self._liquidations: dict[str, int] = {}
        self._closed: dict[str, list[str]] = {}

    def plan(self, simulation: Simulation, start: Nanos) -> None:
        """Put every step into the schedule.  Raises UnitError for a time that goes back."""
        at = start
        for number, (step, made) in enumerate(self._steps):
            what = f"steps[{number}].at"
            before, at = at, moment(step.at, what, start) if step.at else at + SECOND * (number > 0)
            if at < before:
                raise UnitError(f"{what} was {step.at}, which is before the step before")
            simulation.plan_action(at, self._action(simulation, number, step, made))

    def observe(self, event: Event) -> None:
        """Count liquidations, and who was closed in which order."""
        if isinstance(event, LiquidationStarted):
            self._liquidations[event.account] = self._liquidations.get(event.account, 0) + 1
        elif isinstance(event, LiquidationStepTaken):
            closed = self._closed.setdefault(event.account, [])
            if not closed or closed[-1] != event.symbol:
                closed.append(event.symbol)

    def _action(
        self, simulation: Simulation, number: int, step: Step, made: list[Command]
    ) -> Callable[[], None]:
        def act() -> None:
            where = f"step {number}" + (f" ({step.note})" if step.note else "")
            events: list[Event] = []
            for command in made:
                events += simulation.carry_out(replace(command, at=simulation.now))
            self._check_refusal(where, step, events)
            for expect in step.expect:
                self._check(simulation, where, expect)
            if step.insurance_fund:
                first = next(iter(self._instruments.values()))
                fund = simulation.venue.balances(first.settle)["insurance fund"]
                self._compare(where, "insurance fund", step.insurance_fund, money(first, fund))

        return act

    # ------------------------------------------------------------------------- checks

    def _check_refusal(self, where: str, step: Step, events: list[Event]) -> None:
        refused = [event for event in events if isinstance(event, CommandRejected)]
        found = refused[0].reason if refused else ""
        if step.rejected or found:
            self.checked += 1
        if found != step.rejected:
            detail = f": {refused[0].detail}" if refused else ""
            expected = step.rejected or "none"
            self.failures.append(
                f"{where}: refusal was {found or 'none'}{detail}, expected {expected}"
            )

    def _check(self, simulation: Simulation, where: str, expect: Expect) -> None:
        first = next(iter(self._instruments.values()))
        own = self._instruments[expect.symbol] if expect.symbol else first
        asset = expect.asset or own.settle
        view = simulation.venue.account_view(expect.account, asset)
        where = f"{where}: {expect.account}"
        for field, value in account_figures(view, own):
            self._compare(where, field, getattr(expect, field), value)
        if expect.symbol:
            where = f"{where} {expect.symbol}"
            figures = dict(position_figures(view, own))
            for field in POSITION_FIELDS:
                found = figures.get(field, "no position")
                self._compare(where, field, getattr(expect, field), found)
        self._check_closing(where, expect)

    def _check_closing(self, where: str, expect: Expect) -> None:
        if expect.liquidations is not None:
            found = self._liquidations.get(expect.account, 0)
            self._note(where, "liquidations", str(expect.liquidations), str(found))
        if expect.closed_first is not None:
            closed = self._closed.get(expect.account, [])
            self._note(where, "closed_first", ", ".join(expect.closed_first), ", ".join(closed))

    def _compare(self, where: str, field: str, expected: str, found: Fraction | str) -> None:
        """Compare to as many decimals as are written."""
        if not expected:
            return
        if isinstance(found, str) or expected in ("none", "infinite"):
            self._note(where, field, expected, str(found))
            return
        places = len(expected.partition(".")[2])
        wanted = decimal(exact(expected, field), places)
        self._note(where, field, wanted, decimal(found, places))

    def _note(self, where: str, field: str, expected: str, found: str) -> None:
        self.checked += 1
        if expected != found:
            self.failures.append(f"{where}: {field} was {found}, expected {expected}")


def money(instrument: Instrument, amount: Money) -> Fraction:
    """An amount in whole units of the settlement asset."""
    return amount * instrument.money_unit


def account_figures(view: AccountView, own: Instrument) -> Iterator[tuple[str, Fraction | str]]:
    """What can be expected of an account, by the field's name."""
    yield "wallet", money(own, view.wallet)
    yield "equity", money(own, view.equity)
    yield "total", money(own, view.total)
    yield "initial_margin", money(own, view.initial_margin)
    yield "maintenance_margin", money(own, view.maintenance_margin)
    yield "available_margin", money(own, view.available_margin)
    yield "margin_ratio", ratio(view.maintenance_margin, view.equity)


def position_figures(view: AccountView, own: Instrument) -> Iterator[tuple[str, Fraction | str]]:
    """What can be expected of a position; where there is none, only its size."""
    position = next((p for p in view.positions if p.symbol == own.symbol), None)
    if position is None:
        yield "size", Fraction(0)
        return
    yield "size", position.size * own.lot_size
    yield "unrealised_pnl", money(own, position.unrealised_pnl)
    yield "position_equity", money(own, position.bucket + position.unrealised_pnl)
    yield "position_maintenance", money(own, position.maintenance_margin)
    yield "liquidation_price", price_or_none(position.liquidation_price, own)
    bankruptcy = position.bankruptcy_price
    yield "bankruptcy_price", "none" if bankruptcy is None else bankruptcy * own.tick_size
    yield "drawn_down", drawn_down(position)


def ratio(maintenance: Money, equity: Money) -> Fraction | str:
    """The margin ratio; where equity is gone it is worse than any number."""
    return Fraction(maintenance, equity) if equity > 0 else "infinite"


def drawn_down(position: PositionView) -> Fraction:
    """The part of an isolated bucket that losses have used up."""
    return Fraction(-position.unrealised_pnl, position.bucket) if position.bucket else Fraction(0)


def price_or_none(price: MarkPrice | None, own: Instrument) -> Fraction | str:
    """A mark price, if there is one."""
    return "none" if price is None else price * own.mark_unit


# ------------------------------------------------------------------------------ commands


def commands(step: Step, instruments: Instruments, what: str) -> Iterator[Command]:
    """What a step asks of the venue.  Raises UnitError, naming the field."""
    asked = [name for name in ACTIONS if getattr(step, name) is not None]
    if len(asked) > 1:
        raise UnitError(f"{what} had {' and '.join(asked)}, expected one of them")
    for name in asked:
        try:
            yield from ACTIONS[name](getattr(step, name), instruments)
        except UnitError as error:
            raise UnitError(f"{what}.{name}: {error}") from None


def listed(instruments: Instruments, symbol: str) -> Instrument:
    """The instrument of a symbol.  Raises UnitError where it is not listed."""
    if symbol not in instruments:
        raise UnitError(f"symbol was {symbol!r}, expected one of {', '.join(instruments)}")
    return instruments[symbol]


def settled_in(instruments: Instruments, asset: str) -> Instrument:
    """An instrument that settles in an asset.  Raises UnitError where there is none."""
    for instrument in instruments.values():
        if instrument.settle == asset:
            return instrument
    known = ", ".join(dict.fromkeys(i.settle for i in instruments.values()))
    raise UnitError(f"asset was {asset!r}, expected one of {known}")


def _deposit(part: parts.Deposit, instruments: Instruments) -> Iterator[Command]:
    amount = settled_in(instruments, part.asset).money(part.amount)
    yield Deposit(at=0, account=part.account, asset=part.asset, amount=amount)


def _withdraw(part: parts.Deposit, instruments: Instruments) -> Iterator[Command]:
    amount = settled_in(instruments, part.asset).money(part.amount)
    yield Withdraw(at=0, account=part.account, asset=part.asset, amount=amount)


def _order(part: parts.OrderStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    yield PlaceOrder(
        at=0,
        account=part.account,
        ref=part.ref,
        symbol=part.symbol,
        side=part.side,
        size=own.size(part.size),
        price=own.price(part.price) if part.price else None,
        time_in_force=part.time_in_force,
        post_only=part.post_only,
        reduce_only=part.reduce_only,
    )


def _cancel(part: parts.CancelStep, instruments: Instruments) -> Iterator[Command]:
    if part.symbol:
        listed(instruments, part.symbol)
    if part.ref:
        yield CancelOrder(at=0, account=part.account, order_ref=part.ref)
    else:
        yield CancelAll(at=0, account=part.account, symbol=part.symbol)


def _leverage(part: parts.LeverageStep, instruments: Instruments) -> Iterator[Command]:
    listed(instruments, part.symbol)
    yield SetLeverage(at=0, account=part.account, symbol=part.symbol, leverage=part.leverage)


def _mode(part: parts.ModeStep, instruments: Instruments) -> Iterator[Command]:
    listed(instruments, part.symbol)
    yield SetMarginMode(at=0, account=part.account, symbol=part.symbol, mode=part.mode)


def _margin(part: parts.MarginStep, instruments: Instruments) -> Iterator[Command]:
    amount = listed(instruments, part.symbol).money(part.amount)
    yield AdjustMargin(at=0, account=part.account, symbol=part.symbol, amount=amount)


def _block(part: parts.BlockStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    yield BlockTrade(
        at=0,
        symbol=part.symbol,
        account=part.account,
        counterparty=part.counterparty or HISTORY,
        side=part.side,
        size=own.size(part.size),
        price=own.price(part.price),
    )


def _book(part: parts.BookStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    sides = [
        tuple((own.price(price), own.size(size)) for price, size in rows)
        for rows in (part.bids, part.asks)
    ]
    yield UpdateDepth(at=0, symbol=part.symbol, bids=sides[0], asks=sides[1], snapshot=True)


def _trade(part: parts.TradeStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    price, size = own.price(part.price), own.size(part.size)
    yield RecordedTrade(at=0, symbol=part.symbol, side=part.side, price=price, size=size)


def _mark(prices: dict[str, str], instruments: Instruments) -> Iterator[Command]:
    for symbol, price in prices.items():
        own = listed(instruments, symbol)
        yield UpdateMarkPrice(at=0, symbol=symbol, price=own.mark(price))


def _index(prices: dict[str, str], instruments: Instruments) -> Iterator[Command]:
    for symbol, price in prices.items():
        own = listed(instruments, symbol)
        yield UpdateIndexPrice(at=0, symbol=symbol, price=own.mark(price))


ACTIONS: dict[str, Callable[..., Iterator[Command]]] = {
    "deposit": _deposit,
    "withdraw": _withdraw,
    "order": _order,
    "cancel": _cancel,
    "leverage": _leverage,
    "mode": _mode,
    "margin": _margin,
    "block": _block,
    "book": _book,
    "trade": _trade,
    "mark": _mark,
    "index": _index,
}

"""What the steps of a scenario ask of the venue: exact commands from decimal text."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from msgspec.structs import replace

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    AdjustMargin,
    AmendOrder,
    BlockTrade,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    Command,
    Deposit,
    PlaceOrder,
    RecordedTrade,
    SetAccountMode,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPhase,
    SetPositionMode,
    SettleInstrument,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateVolatility,
    Withdraw,
)
from exchange.core.units import Lots, MarkPrice, Nanos, Ticks, UnitError, rate
from tools import step_parts as parts
from tools.assets import amount_of
from tools.step_parts import Step
from tools.times import HOUR, duration

Instruments: TypeAlias = Mapping[str, Instrument]


def commands(step: Step, instruments: Instruments, what: str) -> Iterator[Command]:
    """What a step asks of the venue, all at time 0.  Raises UnitError, naming the field."""
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


def price_of(own: Instrument, text: str) -> Ticks:
    """A price of more than nothing.  Raises UnitError."""
    return _positive(own.price(text), text, f"{own.symbol} price")


def size_of(own: Instrument, text: str) -> Lots:
    """A size of more than nothing.  Raises UnitError."""
    return _positive(own.size(text), text, f"{own.symbol} size")


def mark_of(own: Instrument, text: str) -> MarkPrice:
    """A mark or index price of more than nothing.  Raises UnitError."""
    return _positive(own.mark(text), text, f"{own.symbol} mark price")


def _positive(value: int, text: str, what: str) -> int:
    if value <= 0:
        raise UnitError(f"{what} was {text}, expected more than 0")
    return value


def _deposit(part: parts.Deposit, instruments: Instruments) -> Iterator[Command]:
    amount = amount_of(instruments.values(), part.asset, part.amount)
    yield Deposit(at=0, account=part.account, asset=part.asset, amount=amount)


def _withdraw(part: parts.Deposit, instruments: Instruments) -> Iterator[Command]:
    amount = amount_of(instruments.values(), part.asset, part.amount)
    yield Withdraw(at=0, account=part.account, asset=part.asset, amount=amount)


def _order(part: parts.OrderStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    yield PlaceOrder(
        at=0,
        account=part.account,
        ref=part.ref,
        symbol=part.symbol,
        side=part.side,
        size=size_of(own, part.size),
        price=price_of(own, part.price) if part.price else None,
        time_in_force=part.time_in_force,
        post_only=part.post_only,
        reduce_only=part.reduce_only,
        position_side=part.position_side,
    )


def _amend(part: parts.AmendStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    yield AmendOrder(
        at=0,
        account=part.account,
        order_ref=part.ref,
        size=size_of(own, part.size) if part.size else None,
        price=price_of(own, part.price) if part.price else None,
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
    yield SetLeverage(
        at=0,
        account=part.account,
        symbol=part.symbol,
        position_side=part.position_side,
        leverage=part.leverage,
    )


def _mode(part: parts.ModeStep, instruments: Instruments) -> Iterator[Command]:
    listed(instruments, part.symbol)
    yield SetMarginMode(
        at=0,
        account=part.account,
        symbol=part.symbol,
        position_side=part.position_side,
        mode=part.mode,
    )


def _position_mode(part: parts.PositionModeStep, instruments: Instruments) -> Iterator[Command]:  # noqa: ARG001 (as all)
    yield SetPositionMode(at=0, account=part.account, mode=part.mode)


def _countdown(part: parts.CountdownStep, instruments: Instruments) -> Iterator[Command]:  # noqa: ARG001 (as all)
    timeout = duration(part.seconds, "seconds")
    yield CancelAllAfter(at=0, account=part.account, timeout=timeout)


def _phase(part: parts.PhaseStep, instruments: Instruments) -> Iterator[Command]:
    if part.symbol:
        listed(instruments, part.symbol)
    yield SetPhase(at=0, symbol=part.symbol, phase=part.phase)


def _margin(part: parts.MarginStep, instruments: Instruments) -> Iterator[Command]:
    amount = listed(instruments, part.symbol).money(part.amount)
    yield AdjustMargin(
        at=0,
        account=part.account,
        symbol=part.symbol,
        position_side=part.position_side,
        amount=amount,
    )


def _auto_margin(part: parts.AutoMarginStep, instruments: Instruments) -> Iterator[Command]:
    listed(instruments, part.symbol)
    yield SetAutoMargin(
        at=0,
        account=part.account,
        symbol=part.symbol,
        position_side=part.position_side,
        on=part.on,
    )


def _account_mode(part: parts.AccountModeStep, instruments: Instruments) -> Iterator[Command]:  # noqa: ARG001 (as all)
    yield SetAccountMode(at=0, account=part.account, mode=part.mode)


def _block(part: parts.BlockStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    yield BlockTrade(
        at=0,
        symbol=part.symbol,
        account=part.account,
        position_side=part.position_side,
        counterparty=part.counterparty or HISTORY,
        counterparty_side=part.counterparty_side,
        side=part.side,
        size=size_of(own, part.size),
        price=price_of(own, part.price),
    )


def _book(part: parts.BookStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    sides = [
        tuple((price_of(own, price), size_of(own, size)) for price, size in rows)
        for rows in (part.bids, part.asks)
    ]
    yield UpdateDepth(at=0, symbol=part.symbol, bids=sides[0], asks=sides[1], snapshot=True)


def _trade(part: parts.TradeStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    price, size = price_of(own, part.price), size_of(own, part.size)
    yield RecordedTrade(at=0, symbol=part.symbol, side=part.side, price=price, size=size)


def _mark(prices: dict[str, str], instruments: Instruments) -> Iterator[Command]:
    for symbol, price in prices.items():
        own = listed(instruments, symbol)
        yield UpdateMarkPrice(at=0, symbol=symbol, price=mark_of(own, price))


def _volatility(rates: dict[str, str], instruments: Instruments) -> Iterator[Command]:
    for symbol, told in rates.items():
        listed(instruments, symbol)
        found = _positive(rate(told, f"{symbol} volatility"), told, f"{symbol} volatility")
        yield UpdateVolatility(at=0, symbol=symbol, volatility=found)


def _index(prices: dict[str, str], instruments: Instruments) -> Iterator[Command]:
    for symbol, price in prices.items():
        own = listed(instruments, symbol)
        yield UpdateIndexPrice(at=0, symbol=symbol, price=mark_of(own, price))


def _funding(part: parts.FundingStep, instruments: Instruments) -> Iterator[Command]:
    listed(instruments, part.symbol)
    yield UpdateFundingRate(
        at=0,
        symbol=part.symbol,
        rate=rate(part.rate, "rate"),
        next_at=duration(part.hours_left, "hours_left", HOUR),
        interval=duration(part.hours, "hours", HOUR),
    )


def _settle(part: parts.SettleStep, instruments: Instruments) -> Iterator[Command]:
    own = listed(instruments, part.symbol)
    yield SettleInstrument(at=0, symbol=part.symbol, price=mark_of(own, part.price))


def moved(command: Command, now: Nanos) -> Command:
    """The same command at a moment; one that says when something will be, as long after it."""
    if isinstance(command, UpdateFundingRate):
        return replace(command, at=now, next_at=now + command.next_at)
    return replace(command, at=now)


ACTIONS: dict[str, Callable[..., Iterator[Command]]] = {
    "deposit": _deposit,
    "withdraw": _withdraw,
    "order": _order,
    "amend": _amend,
    "cancel": _cancel,
    "leverage": _leverage,
    "mode": _mode,
    "position_mode": _position_mode,
    "margin": _margin,
    "auto_margin": _auto_margin,
    "account_mode": _account_mode,
    "countdown": _countdown,
    "phase": _phase,
    "block": _block,
    "book": _book,
    "trade": _trade,
    "mark": _mark,
    "index": _index,
    "volatility": _volatility,
    "funding": _funding,
    "settle": _settle,
}

"""The client: a strategy's only way to the venue, the same in a backtest as over a wire."""

from collections.abc import Callable, Coroutine, Generator
from fractions import Fraction
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AccountCommand,
    AccountView,
    AdjustMargin,
    AmendOrder,
    BookView,
    CancelAll,
    CancelOrder,
    CommandRejected,
    Event,
    LiquidationStarted,
    MarginMode,
    MarkPriceChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    PlaceOrder,
    PositionDeleveraged,
    PositionMode,
    PositionSettled,
    PositionSide,
    QuoteChanged,
    Reject,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Side,
    TimeInForce,
)
from exchange.core.units import SECOND, Lots, MarkPrice, Money, Nanos, Ticks
from exchange.gateway import Gateway

T = TypeVar("T")

Size: TypeAlias = int | str
"""Lots, or exact decimal text in the base asset: 5 lots or "0.005"."""
Price: TypeAlias = int | str
"""Ticks, or exact decimal text."""
Seconds: TypeAlias = int | float | str | Fraction


class Order(msgspec.Struct, kw_only=True):
    """One's own order as last heard of."""

    order_id: int
    ref: int
    symbol: str
    side: Side
    price: Ticks | None
    size: Lots
    """As it was accepted."""
    open_size: Lots
    """What may still trade."""
    filled: Lots = 0
    """What has traded."""

    @property
    def is_open(self) -> bool:
        """Whether it still rests in the book."""
        return self.open_size > 0


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal: nothing was changed."""

    reason: Reject
    detail: str


class Wait(Generic[T]):
    """What a strategy awaits: a value that will come at a moment of virtual time."""

    def __init__(self) -> None:
        self.task: Any = None
        self.is_done = False
        self._value: T | None = None
        self._resume: Callable[[Any], None] | None = None

    def __await__(self) -> Generator["Wait[T]", None, T]:
        if not self.is_done:
            yield self
        return self._value  # type: ignore[return-value]

    def suspended(self, task: object, resume: Callable[[Any], None]) -> None:
        """A coroutine waits here, to be resumed by `resume(task)`."""
        self.task, self._resume = task, resume

    def resolve(self, value: T) -> None:
        """The value has come."""
        self.is_done, self._value = True, value
        if self._resume is not None:
            self._resume(self.task)


class Client:
    """An account at the venue.

    Orders: sizes and prices are whole numbers (lots, ticks) or decimal text on the grid; a float
    raises TypeError.  A refusal is a value, `Rejection`, never an exception.
    Views (`quote`, `mark`, `position`, `open_orders`) are what this client has heard so far.
    """

    def __init__(self, gateway: Gateway, spawn: Callable[[Coroutine[Any, Any, Any]], None]) -> None:
        self._gateway = gateway
        self._spawn = spawn
        self._ref = 0
        self._quotes: dict[str, QuoteChanged] = {}
        self._marks: dict[str, MarkPrice] = {}
        self._positions: dict[tuple[str, PositionSide], Lots] = {}
        self._orders: dict[int, Order] = {}

    # --------------------------------------------------------------------------- views

    @property
    def account(self) -> str:
        """The name of the account."""
        return self._gateway.account

    @property
    def now(self) -> Nanos:
        """Virtual time, in ns since 1970."""
        return self._gateway.now

    @property
    def symbols(self) -> list[str]:
        """Every listed contract."""
        return list(self._gateway.instruments)

    def instrument(self, symbol: str) -> Instrument:
        """A contract: its grids, and texts to and from them.  KeyError where there is none."""
        return self._gateway.instruments[symbol]

    def quote(self, symbol: str) -> QuoteChanged | None:
        """The last quote, for strategies that define `on_quote` or have it among their `views`."""
        return self._quotes.get(symbol)

    def mark(self, symbol: str) -> MarkPrice | None:
        """The last mark price, under the same condition."""
        return self._marks.get(symbol)

    def position(self, symbol: str, side: PositionSide = PositionSide.NET) -> Lots:
        """One's position, short below zero; in hedge mode, of the side that is meant."""
        return self._positions.get((symbol, side), 0)

    def open_orders(self, symbol: str = "") -> list[Order]:
        """One's open orders, oldest first."""
        return [o for o in self._orders.values() if not symbol or o.symbol == symbol]

    async def account_view(self, asset: str = "") -> AccountView:
        """The account as it stands when the question arrives; by default in the first asset."""
        wait: Wait[AccountView] = Wait()
        self._gateway.ask_account(asset or self._first_asset(), wait.resolve)
        return await wait

    async def book(self, symbol: str, depth: int = 10) -> BookView:
        """The best price levels as they stand when the question arrives."""
        wait: Wait[BookView] = Wait()
        self._gateway.ask_book(symbol, depth, wait.resolve)
        return await wait

    # -------------------------------------------------------------------------- orders

    async def buy(
        self,
        symbol: str,
        size: Size,
        price: Price | None = None,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        position_side: PositionSide = PositionSide.NET,
    ) -> Order | Rejection:
        """Buy; at the market where no price is given.  Answers once the venue has."""
        return await self._place(
            Side.BUY, symbol, size, price, time_in_force, post_only, reduce_only, position_side
        )

    async def sell(
        self,
        symbol: str,
        size: Size,
        price: Price | None = None,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        position_side: PositionSide = PositionSide.NET,
    ) -> Order | Rejection:
        """Sell; at the market where no price is given.  Answers once the venue has."""
        return await self._place(
            Side.SELL, symbol, size, price, time_in_force, post_only, reduce_only, position_side
        )

    async def close(
        self, symbol: str, position_side: PositionSide = PositionSide.NET
    ) -> Order | Rejection | None:
        """Close the position at the market; None where there is none."""
        held = self.position(symbol, position_side)
        if held == 0:
            return None
        side = Side.SELL if held > 0 else Side.BUY
        return await self._place(
            side,
            symbol,
            abs(held),
            None,
            TimeInForce.IOC,
            post_only=False,
            reduce_only=True,
            position_side=position_side,
        )

    async def amend(
        self, order: Order, *, size: Size | None = None, price: Price | None = None
    ) -> Order | Rejection:
        """Change an order's open size or its price.  It keeps its place only if it shrinks."""
        instrument = self.instrument(order.symbol)
        command = AmendOrder(
            at=0,
            account=self.account,
            ref=self._next_ref(),
            order_id=order.order_id,
            size=None if size is None else lots(instrument, size),
            price=None if price is None else ticks(instrument, price),
        )
        return refusal(await self._send(command)) or order

    async def cancel(self, order: Order) -> Rejection | None:
        """Cancel an order; a refusal usually means that it was filled before."""
        command = CancelOrder(
            at=0, account=self.account, ref=self._next_ref(), order_id=order.order_id
        )
        return refusal(await self._send(command))

    async def cancel_all(self, symbol: str = "") -> Rejection | None:
        """Cancel every open order, or those of one instrument."""
        command = CancelAll(at=0, account=self.account, ref=self._next_ref(), symbol=symbol)
        return refusal(await self._send(command))

    # -------------------------------------------------------------------------- margin

    async def set_position_mode(self, mode: PositionMode | str) -> Rejection | None:
        """Go over to "one_way" or "hedge" mode; only without positions and open orders."""
        command = SetPositionMode(
            at=0, account=self.account, ref=self._next_ref(), mode=PositionMode(mode)
        )
        return refusal(await self._send(command))

    async def set_leverage(
        self, symbol: str, leverage: int, position_side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Choose the leverage that initial margin is computed with."""
        command = SetLeverage(
            at=0,
            account=self.account,
            ref=self._next_ref(),
            symbol=symbol,
            position_side=position_side,
            leverage=leverage,
        )
        return refusal(await self._send(command))

    async def set_margin_mode(
        self,
        symbol: str,
        mode: MarginMode | str,
        position_side: PositionSide = PositionSide.NET,
    ) -> Rejection | None:
        """Move a position, open or not, between "cross" and "isolated" margin."""
        command = SetMarginMode(
            at=0,
            account=self.account,
            ref=self._next_ref(),
            symbol=symbol,
            position_side=position_side,
            mode=MarginMode(mode),
        )
        return refusal(await self._send(command))

    async def adjust_margin(
        self, symbol: str, amount: Money | str, position_side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Add money to an isolated position, or take some out (negative)."""
        instrument = self.instrument(symbol)
        units = grid_number(amount, instrument.money, "amount", "units", "12.5")
        command = AdjustMargin(
            at=0,
            account=self.account,
            ref=self._next_ref(),
            symbol=symbol,
            position_side=position_side,
            amount=units,
        )
        return refusal(await self._send(command))

    # ---------------------------------------------------------------------------- time

    async def sleep(self, seconds: Seconds) -> None:
        """Wait in virtual time; it costs nothing."""
        await self.at(self.now + nanos(seconds))

    async def at(self, moment: Nanos) -> None:
        """Wait until a moment of virtual time."""
        wait: Wait[None] = Wait()
        self._gateway.wake(moment, lambda: wait.resolve(None))
        await wait

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Let a coroutine run beside the hooks."""
        self._spawn(coroutine)

    def every(self, seconds: Seconds, action: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Run `action()` again and again, with a pause between two runs."""
        pause = nanos(seconds)
        if pause <= 0:
            raise ValueError(f"every: seconds was {seconds}, expected more than 0")

        async def loop() -> None:
            while True:
                await self.at(self.now + pause)
                await action()

        self._spawn(loop())

    # ------------------------------------------------------------------------- hearing

    def hear(self, event: Event) -> None:
        """Keep the views up to date with an event that was delivered."""
        match event:
            case QuoteChanged():
                self._quotes[event.symbol] = event
            case MarkPriceChanged():
                self._marks[event.symbol] = event.price
            case OrderAccepted():
                self._orders[event.order_id] = accepted_order(event)
            case OrderFilled():
                self._positions[event.symbol, event.position_side] = event.position
                self._fold(event)
            case OrderCancelled() | OrderAmended():
                self._fold(event)
            case PositionSettled():
                self._positions[event.symbol, event.position_side] = 0
            case PositionDeleveraged():
                self._positions[event.symbol, event.position_side] = event.position
            case LiquidationStarted():
                self._positions |= {(p.symbol, p.position_side): p.size for p in event.positions}
            case _:
                pass

    def _fold(self, event: OrderFilled | OrderCancelled | OrderAmended) -> None:
        order = self._orders.get(event.order_id)
        if order is not None:
            fold(order, event)
            if not order.is_open:
                del self._orders[order.order_id]

    # ------------------------------------------------------------------------- sending

    async def _place(
        self,
        side: Side,
        symbol: str,
        size: Size,
        price: Price | None,
        time_in_force: TimeInForce,
        post_only: bool,  # noqa: FBT001 (the callers' keyword)
        reduce_only: bool,  # noqa: FBT001
        position_side: PositionSide = PositionSide.NET,
    ) -> Order | Rejection:
        instrument = self.instrument(symbol)
        command = PlaceOrder(
            at=0,
            account=self.account,
            ref=self._next_ref(),
            symbol=symbol,
            side=side,
            size=lots(instrument, size),
            price=None if price is None else ticks(instrument, price),
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            position_side=position_side,
        )
        events = await self._send(command)
        return refusal(events) or placed_order(events, self._orders)

    async def _send(self, command: AccountCommand) -> list[Event]:
        wait: Wait[list[Event]] = Wait()
        self._gateway.send(command, wait.resolve)
        return await wait

    def _next_ref(self) -> int:
        self._ref += 1
        return self._ref

    def _first_asset(self) -> str:
        return next(iter(self._gateway.instruments.values())).settle


def refusal(events: list[Event]) -> Rejection | None:
    """The refusal that a command was answered with, if it was."""
    if events and isinstance(first := events[0], CommandRejected):
        return Rejection(reason=first.reason, detail=first.detail)
    return None


def accepted_order(event: OrderAccepted) -> Order:
    """An order as the venue took it."""
    return Order(
        order_id=event.order_id,
        ref=event.ref,
        symbol=event.symbol,
        side=event.side,
        price=event.price,
        size=event.size,
        open_size=event.size,
    )


def placed_order(events: list[Event], orders: dict[int, Order]) -> Order:
    """An order after all that its placing led to: the one in the book, or what became of it."""
    (accepted,) = (e for e in events if isinstance(e, OrderAccepted))
    order = orders.get(accepted.order_id)
    if order is None:
        order = accepted_order(accepted)
        for event in events:
            if isinstance(event, (OrderFilled, OrderCancelled)):
                fold(order, event)
    return order


def fold(order: Order, event: OrderFilled | OrderCancelled | OrderAmended) -> None:
    """Carry an event into the order that it is about, and into no other."""
    if event.order_id != order.order_id:
        return
    match event:
        case OrderFilled():
            order.filled += event.size
            order.open_size = event.open_size
        case OrderCancelled():
            order.open_size = 0
        case OrderAmended():
            order.size = order.filled + event.size
            order.open_size, order.price = event.size, event.price


def lots(instrument: Instrument, size: Size) -> Lots:
    """A size in lots.  Raises UnitError off the grid, TypeError for a float."""
    return grid_number(size, instrument.size, "size", "lots", "0.005")


def ticks(instrument: Instrument, price: Price) -> Ticks:
    """A price in ticks.  Raises UnitError off the grid, TypeError for a float."""
    return grid_number(price, instrument.price, "price", "ticks", "61800.1")


def grid_number(
    value: int | str, read: Callable[[str], int], what: str, unit: str, example: str
) -> int:
    """A whole number as it is, and text read exactly."""
    if isinstance(value, str):
        return read(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(
        f"{what} was {value!r}, expected whole {unit} as int or exact text such as {example!r}"
    )


def nanos(seconds: Seconds) -> Nanos:
    """Seconds as ns, rounded to the nearest."""
    return round(Fraction(seconds) * SECOND)

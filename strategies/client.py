"""The client: a strategy's only way to the venue, the same in a backtest as over a wire."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeAlias, Unpack

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AccountCommand,
    AccountView,
    AdjustMargin,
    AmendOrder,
    BookView,
    CancelAll,
    CancelOrder,
    Deposit,
    Event,
    MarginMode,
    PlaceOrder,
    PositionMode,
    PositionSide,
    PositionView,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Side,
    TimeInForce,
    Withdraw,
)
from exchange.core.units import Money, Nanos
from exchange.gateway import Gateway
from strategies.orders import (
    Order,
    Price,
    Rejection,
    Size,
    Terms,
    grid_number,
    lots,
    placed_order,
    refusal,
    ticks,
)
from strategies.streams import Seconds, Streams, nanos
from strategies.waiting import Wait

Amount: TypeAlias = Money | str
"""Smallest units of an asset, or exact decimal text: "12.5"."""


class Client(Streams):
    """An account at the venue.

    Orders: sizes and prices are whole numbers (lots, ticks) or decimal text on the grid; a float
    raises TypeError, text off the grid UnitError, an unknown symbol KeyError.  A refusal is a
    value, `Rejection`, never an exception.
    Views (`quote`, `mark`, `position`, `open_orders`, ...) are what this client has heard so far.
    """

    def __init__(
        self,
        gateway: Gateway,
        spawn: Callable[[Coroutine[Any, Any, Any]], None],
        symbols: frozenset[str] | None = None,
    ) -> None:
        """`symbols`: whose market data may be followed; None: all."""
        super().__init__(gateway, symbols)
        self._spawn = spawn
        self._ref = 0

    @property
    def account(self) -> str:
        """The name of the account."""
        return self._gateway.account

    @property
    def symbols(self) -> list[str]:
        """Every listed contract."""
        return list(self._gateway.instruments)

    @property
    def random(self) -> Random:
        """A source of chance of one's own, the same in every run of the same seed."""
        return self._gateway.random

    # ----------------------------------------------------------------------- questions

    async def account_view(self, asset: str = "") -> AccountView:
        """The account as it stands when the question arrives; by default in the first asset."""
        wait: Wait[AccountView] = Wait()
        self._gateway.ask_account(asset or self._first_asset(), wait.resolve)
        return await wait

    async def position_view(
        self, symbol: str, side: PositionSide = PositionSide.NET
    ) -> PositionView | None:
        """One's position with its margin, liquidation and bankruptcy price; None where flat."""
        view = await self.account_view(self.instrument(symbol).settle)
        asked = (symbol, side)
        return next((p for p in view.positions if (p.symbol, p.position_side) == asked), None)

    async def book(self, symbol: str, depth: int = 10) -> BookView:
        """The best price levels as they stand when the question arrives."""
        wait: Wait[BookView] = Wait()
        self._gateway.ask_book(symbol, depth, wait.resolve)
        return await wait

    # -------------------------------------------------------------------------- orders

    async def buy(
        self, symbol: str, size: Size, price: Price | None = None, **terms: Unpack[Terms]
    ) -> Order | Rejection:
        """Buy; at the market where no price is given.  Answers once the venue has."""
        return await self._place(Side.BUY, symbol, size, price, terms)

    async def sell(
        self, symbol: str, size: Size, price: Price | None = None, **terms: Unpack[Terms]
    ) -> Order | Rejection:
        """Sell; at the market where no price is given.  Answers once the venue has."""
        return await self._place(Side.SELL, symbol, size, price, terms)

    async def close(
        self, symbol: str, side: PositionSide = PositionSide.NET
    ) -> Order | Rejection | None:
        """Close the position at the market; None where there is none."""
        held = self.position(symbol, side)
        if held == 0:
            return None
        closing = Side.SELL if held > 0 else Side.BUY
        terms: Terms = {"time_in_force": TimeInForce.IOC, "position_side": side}
        if side is PositionSide.NET:
            terms["reduce_only"] = True
        return await self._place(closing, symbol, abs(held), None, terms)

    async def amend(
        self, order: Order, *, size: Size | None = None, price: Price | None = None
    ) -> Order | Rejection:
        """Change an order's open size or its price.  It keeps its place only if it shrinks."""
        instrument = self.instrument(order.symbol)
        refused = await self._command(
            AmendOrder,
            order_id=order.order_id,
            size=None if size is None else lots(instrument, size),
            price=None if price is None else ticks(instrument, price),
        )
        return refused or order

    async def cancel(self, order: Order) -> Rejection | None:
        """Cancel an order; a refusal usually means that it was filled before."""
        return await self._command(CancelOrder, order_id=order.order_id)

    async def cancel_all(self, symbol: str = "") -> Rejection | None:
        """Cancel every open order, or those of one instrument."""
        return await self._command(CancelAll, symbol=symbol)

    # ---------------------------------------------------------------- margin and money

    async def set_leverage(
        self, symbol: str, leverage: int, side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Choose the leverage that initial margin is computed with."""
        return await self._command(
            SetLeverage, symbol=symbol, leverage=leverage, position_side=side
        )

    async def set_margin_mode(
        self, symbol: str, mode: MarginMode | str, side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Move a position, open or not, between "cross" and "isolated" margin."""
        return await self._command(
            SetMarginMode, symbol=symbol, mode=MarginMode(mode), position_side=side
        )

    async def set_position_mode(self, mode: PositionMode | str) -> Rejection | None:
        """Go over to "one_way" or "hedge" mode; only without positions and open orders."""
        return await self._command(SetPositionMode, mode=PositionMode(mode))

    async def adjust_margin(
        self, symbol: str, amount: Amount, side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Add money to an isolated position, or take some out (negative)."""
        units = money(self.instrument(symbol), amount)
        return await self._command(AdjustMargin, symbol=symbol, amount=units, position_side=side)

    async def deposit(self, amount: Amount, asset: str = "") -> Rejection | None:
        """Bring money in from outside; by default of the first asset."""
        asset = asset or self._first_asset()
        return await self._command(Deposit, asset=asset, amount=self._units(amount, asset))

    async def withdraw(self, amount: Amount, asset: str = "") -> Rejection | None:
        """Take money out, no more than is free of margin; by default of the first asset."""
        asset = asset or self._first_asset()
        return await self._command(Withdraw, asset=asset, amount=self._units(amount, asset))

    # ---------------------------------------------------------------------------- time

    @property
    def now(self) -> Nanos:
        """Virtual time, in ns since 1970."""
        return self._gateway.now

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

    # ------------------------------------------------------------------------- sending

    async def _place(
        self, side: Side, symbol: str, size: Size, price: Price | None, terms: Terms
    ) -> Order | Rejection:
        instrument = self.instrument(symbol)
        events = await self._send(
            PlaceOrder(
                at=0,
                account=self.account,
                ref=self._next_ref(),
                symbol=symbol,
                side=side,
                size=lots(instrument, size),
                price=None if price is None else ticks(instrument, price),
                **terms,
            )
        )
        return refusal(events) or placed_order(events, self._orders)

    async def _command(self, kind: type[AccountCommand], **fields: Any) -> Rejection | None:  # noqa: ANN401
        """Send a command of which only a refusal is worth telling."""
        return refusal(
            await self._send(kind(at=0, account=self.account, ref=self._next_ref(), **fields))
        )

    async def _send(self, command: AccountCommand) -> list[Event]:
        wait: Wait[list[Event]] = Wait()
        self._gateway.send(command, wait.resolve)
        return await wait

    def _next_ref(self) -> int:
        self._ref += 1
        return self._ref

    def _first_asset(self) -> str:
        return next(iter(self._gateway.instruments.values())).settle

    def _units(self, amount: Amount, asset: str) -> Money:
        for instrument in self._gateway.instruments.values():
            if instrument.settle == asset:
                return money(instrument, amount)
        raise KeyError(asset)


def money(instrument: Instrument, amount: Amount) -> Money:
    """An amount in the smallest units of the settlement asset."""
    return grid_number(amount, instrument.money, "amount", "units", "12.5")

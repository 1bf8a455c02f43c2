"""The client: a strategy's only way to the venue, the same in a backtest as over a wire."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from exchange.core.messages import (
    AccountMode,
    AccountView,
    AdjustMargin,
    BookView,
    Deposit,
    MarginMode,
    PortfolioUnit,
    PositionMode,
    PositionSide,
    PositionView,
    SetAccountMode,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    UnifiedView,
    Withdraw,
)
from exchange.core.units import Money, Nanos
from exchange.gateway import Gateway
from strategies.numbers import Amount, money
from strategies.orders import Rejection
from strategies.streams import Seconds, nanos
from strategies.trading import Trading
from strategies.waiting import Wait


class Client(Trading):
    """An account at the venue.

    Orders: sizes and prices are whole numbers (lots, ticks) or decimal text on the grid; a float
    raises TypeError, text off the grid UnitError, a symbol that is not listed
    UnknownInstrumentError (a KeyError).  A refusal is a value, `Rejection`, never an exception.
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

    async def unified_view(self) -> UnifiedView | None:
        """The account as a whole, where its assets stand together; None where each stands alone."""
        wait: Wait[UnifiedView | None] = Wait()
        self._gateway.ask_unified(wait.resolve)
        return await wait

    async def portfolio_view(self, asset: str = "") -> tuple[PortfolioUnit, ...]:
        """What a portfolio's maintenance margin is made of; empty in another mode."""
        wait: Wait[tuple[PortfolioUnit, ...]] = Wait()
        self._gateway.ask_portfolio(asset or self._first_asset(), wait.resolve)
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
        self.instrument(symbol)
        wait: Wait[BookView] = Wait()
        self._gateway.ask_book(symbol, depth, wait.resolve)
        return await wait

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

    async def set_account_mode(self, mode: AccountMode | str) -> Rejection | None:
        """Let all one's assets stand together ("unified"), or each by itself ("single")."""
        return await self._command(SetAccountMode, mode=AccountMode(mode))

    async def adjust_margin(
        self, symbol: str, amount: Amount, side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Add money to an isolated position, or take some out (negative)."""
        units = money(self.instrument(symbol), amount)
        return await self._command(AdjustMargin, symbol=symbol, amount=units, position_side=side)

    async def set_auto_margin(
        self, symbol: str, *, on: bool = True, side: PositionSide = PositionSide.NET
    ) -> Rejection | None:
        """Let an isolated position draw on the wallet before it is liquidated, or no longer."""
        return await self._command(SetAutoMargin, symbol=symbol, on=on, position_side=side)

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

    def _first_asset(self) -> str:
        return next(iter(self._gateway.instruments.values())).settle

    def _units(self, amount: Amount, asset: str) -> Money:
        for instrument in self._gateway.instruments.values():
            if instrument.settle == asset:
                return money(instrument, amount)
        raise KeyError(asset)

"""The liquidation hunter: goes with a cascade while it runs, and leaves when it is quiet.

Liquidations are printed on the tape.  Where longs are being closed, more of them are near: the
price that falls because of one is the mark that breaks the next.
"""

from collections import deque

from exchange.core.messages import Side, Traded, TradeKind
from exchange.core.units import SECOND
from strategies.base import Parameters, Strategy


class LiquidationHunterParameters(Parameters, frozen=True, kw_only=True):
    """Sizes as decimal text in the base asset."""

    symbol: str
    size: str
    trigger: str
    """Liquidated on one side, net, within the window, before it goes along."""
    window_seconds: int = 5
    quiet_seconds: int = 10
    """Without another liquidation on its side, it takes its profit or loss."""
    leverage: int = 10


class LiquidationHunter(Strategy):
    """Sells while longs are being liquidated, and buys while shorts are."""

    takes = LiquidationHunterParameters
    parameters: LiquidationHunterParameters

    async def on_start(self) -> None:
        """Read the sizes, set the leverage."""
        own = self.parameters
        instrument = self.client.instrument(own.symbol)
        self.size, self.trigger = instrument.size(own.size), instrument.size(own.trigger)
        self.prints: deque[tuple[int, int]] = deque()
        """Liquidations of the window: time, and lots (sold below zero)."""
        self.last_at = 0
        await self.client.set_leverage(own.symbol, own.leverage)

    async def on_trade(self, trade: Traded) -> None:
        """Add up liquidations, and join when there are enough of them."""
        own = self.parameters
        if trade.kind is not TradeKind.LIQUIDATION or trade.symbol != own.symbol:
            return
        self.prints.append((trade.at, trade.size if trade.side is Side.BUY else -trade.size))
        while self.prints[0][0] < trade.at - own.window_seconds * SECOND:
            self.prints.popleft()
        total = sum(lots for _, lots in self.prints)
        held = self.client.position(own.symbol)
        if held * total > 0:
            self.last_at = trade.at
        elif held == 0 and abs(total) >= self.trigger:
            self.last_at = trade.at
            send = self.client.buy if total > 0 else self.client.sell
            await send(own.symbol, self.size)

    async def on_timer(self) -> None:
        """Leave when the cascade has stopped."""
        quiet = self.client.now - self.last_at > self.parameters.quiet_seconds * SECOND
        if quiet and self.client.position(self.parameters.symbol):
            await self.client.close(self.parameters.symbol)

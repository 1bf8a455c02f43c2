"""A leveraged trend follower in cross margin: long when the mark rises, short when it falls."""

from exchange.core.messages import MarkPriceChanged
from strategies.base import Parameters, Strategy


class TrendFollowerParameters(Parameters, frozen=True, kw_only=True):
    """Windows in mark prices (one each venue interval)."""

    symbol: str
    fast: int = 30
    slow: int = 180
    leverage: int = 10
    margin_percent: int = 50
    """How much of the available margin a new position may use."""


class TrendFollower(Strategy):
    """Holds a position in the direction of two moving averages, and turns it when they cross.

    Exponential averages in integers: each mark moves the average by a window's part of the
    distance.  The averages are kept in mark units times SCALE.
    """

    takes = TrendFollowerParameters
    parameters: TrendFollowerParameters
    SCALE = 1 << 16

    async def on_start(self) -> None:
        """Set the leverage."""
        self.seen = 0
        self.fast = self.slow = 0
        await self.client.set_margin_mode(self.parameters.symbol, "cross")
        await self.client.set_leverage(self.parameters.symbol, self.parameters.leverage)

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Follow the averages, and trade once they know enough."""
        if mark.symbol != self.parameters.symbol:
            return
        here = mark.price * self.SCALE
        self.seen += 1
        if self.seen == 1:
            self.fast = self.slow = here
        self.fast += (here - self.fast) // self.parameters.fast
        self.slow += (here - self.slow) // self.parameters.slow
        if self.seen > self.parameters.slow:
            await self.hold(1 if self.fast > self.slow else -1, mark.price)

    async def hold(self, direction: int, mark: int) -> None:
        """Be on one side of the market: close the other, then open."""
        symbol = self.parameters.symbol
        held = self.client.position(symbol)
        if held * direction > 0:
            return
        if held:
            await self.client.close(symbol)
            return
        size = await self.affordable(mark)
        if size > 0:
            send = self.client.buy if direction > 0 else self.client.sell
            await send(symbol, size)

    async def affordable(self, mark: int) -> int:
        """Lots that the chosen part of the available margin carries at the chosen leverage."""
        instrument = self.client.instrument(self.parameters.symbol)
        view = await self.client.account_view(instrument.settle)
        margin = view.available_margin * self.parameters.margin_percent // 100
        return instrument.lots_worth(mark, margin * self.parameters.leverage)

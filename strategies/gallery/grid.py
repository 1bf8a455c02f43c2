"""A grid: bids below the market and asks above it, each answered one step back when it is filled.

It earns a step each time the price comes and goes.  What it earns in a range, it holds against a
trend: bought all the way down, sold all the way up.
"""

from exchange.core.messages import MarkPriceChanged, OrderFilled, Side, TradeKind
from strategies.base import Parameters, Strategy


class GridParameters(Parameters, frozen=True, kw_only=True):
    """The size is decimal text in the base asset."""

    symbol: str
    size: str
    """Of each order."""
    step_ticks: int
    """Between two orders."""
    levels: int = 5
    """On each side of where the market was at first."""


class Grid(Strategy):
    """Lays its orders once, around the first mark, and answers fills from then on."""

    takes = GridParameters
    parameters: GridParameters

    async def on_start(self) -> None:
        """Read the size once."""
        self.instrument = self.client.instrument(self.parameters.symbol)
        self.size = self.instrument.size(self.parameters.size)
        self.is_laid = False

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Lay the grid."""
        own = self.parameters
        if self.is_laid or mark.symbol != own.symbol:
            return
        self.is_laid = True
        middle = mark.price // self.instrument.subticks
        for level in range(1, own.levels + 1):
            await self.client.buy(own.symbol, self.size, middle - level * own.step_ticks)
            await self.client.sell(own.symbol, self.size, middle + level * own.step_ticks)

    async def on_fill(self, fill: OrderFilled) -> None:
        """Offer what was bought one step higher, and bid for what was sold one step lower."""
        own = self.parameters
        if fill.symbol != own.symbol or fill.kind is not TradeKind.BOOK:
            return
        if fill.side is Side.BUY:
            await self.client.sell(own.symbol, fill.size, fill.price + own.step_ticks)
        else:
            await self.client.buy(own.symbol, fill.size, fill.price - own.step_ticks)

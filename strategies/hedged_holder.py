"""A hedge of two legs: long one contract, short another, held to the end.

In cross margin the gain of one leg carries the loss of the other, and the hedge lives as long as
the difference does.  Its isolated twin holds the same legs, each on its own money, and loses
whichever leg the market goes against: run the two side by side.
"""

from exchange.core.messages import MarginMode, MarkPriceChanged
from strategies.base import Parameters, Strategy


class HedgedHolderParameters(Parameters, frozen=True, kw_only=True):
    """Sizes as decimal text in each contract's base asset."""

    long: str
    long_size: str
    short: str
    short_size: str
    mode: MarginMode = MarginMode.CROSS
    leverage: int = 10


class HedgedHolder(Strategy):
    """Opens both legs once both contracts have a mark price, and holds."""

    takes = HedgedHolderParameters
    parameters: HedgedHolderParameters

    async def on_start(self) -> None:
        """Set mode and leverage of both legs."""
        self.is_open = False
        self.marked: set[str] = set()
        for symbol in (self.parameters.long, self.parameters.short):
            await self.client.set_margin_mode(symbol, self.parameters.mode)
            await self.client.set_leverage(symbol, self.parameters.leverage)

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Open, once both legs were marked."""
        own = self.parameters
        self.marked.add(mark.symbol)
        if self.is_open or not self.marked.issuperset((own.long, own.short)):
            return
        self.is_open = True
        await self.client.buy(own.long, own.long_size)
        await self.client.sell(own.short, own.short_size)

"""A hedge of two legs: long one contract, short another, held to the end.

In cross margin the gain of one leg carries the loss of the other, and the hedge lives as long as
the difference does.  Its isolated twin holds the same legs, each on its own money, and loses
whichever leg the market goes against: run the two side by side.
"""

from exchange.core.messages import MarginMode, MarkPriceChanged
from strategies.base import Parameters, Strategy
from strategies.orders import Order


class HedgedHolderParameters(Parameters, frozen=True, kw_only=True):
    """Sizes as decimal text in each contract's base asset."""

    long: str
    long_size: str
    short: str
    short_size: str
    mode: MarginMode = MarginMode.CROSS
    leverage: int = 10


class HedgedHolder(Strategy):
    """Opens each leg as the book allows, mark by mark, until it is whole; then holds.

    A leg that is refused is given up.
    """

    takes = HedgedHolderParameters
    parameters: HedgedHolderParameters

    async def on_start(self) -> None:
        """Set mode and leverage of both legs."""
        own = self.parameters
        self.marked: set[str] = set()
        self.missing: dict[str, int] = {}
        for symbol in (own.long, own.short):
            await self.client.set_margin_mode(symbol, own.mode)
            await self.client.set_leverage(symbol, own.leverage)
        self.missing = {
            own.long: self.client.instrument(own.long).size(own.long_size),
            own.short: -self.client.instrument(own.short).size(own.short_size),
        }

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Buy and sell what is missing, once both legs have a mark."""
        self.marked.add(mark.symbol)
        if not self.marked.issuperset((self.parameters.long, self.parameters.short)):
            return
        for symbol, lots in list(self.missing.items()):
            send = self.client.buy if lots > 0 else self.client.sell
            order = await send(symbol, abs(lots))
            filled = order.filled if isinstance(order, Order) else abs(lots)
            self.missing[symbol] -= filled if lots > 0 else -filled
            if self.missing[symbol] == 0:
                del self.missing[symbol]

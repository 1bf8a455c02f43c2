"""A noise trader: buys and sells for no reason, now and then, as most people do.

One of them says little; a population with this strategy is the retail flow of a market, each
account with its own margin and its own end.
"""

from exchange.core.messages import Side
from exchange.core.units import SECOND
from strategies.base import Parameters, Strategy
from strategies.orders import Order


class NoiseTraderParameters(Parameters, frozen=True, kw_only=True):
    """Sizes as decimal text in the base asset."""

    symbol: str
    size_most: str
    """Each order has a size from one lot to this."""
    pause_seconds: int = 60
    """Mean time between two orders; a single pause is anything from nothing to twice as much."""
    passive_percent: int = 40
    """How many of the orders wait at the best price of their side instead of taking."""


class NoiseTrader(Strategy):
    """Tosses a coin for each of its decisions; its last resting order is cancelled for the next."""

    takes = NoiseTraderParameters
    parameters: NoiseTraderParameters

    async def on_start(self) -> None:
        """Trade, and pause, for ever."""
        own, random = self.parameters, self.client.random
        most = self.client.instrument(own.symbol).size(own.size_most)
        resting: object = None
        while True:
            await self.client.at(self.client.now + random.randrange(2 * own.pause_seconds * SECOND))
            if isinstance(resting, Order) and resting.is_open:
                await self.client.cancel(resting)
            side = Side.BUY if random.getrandbits(1) else Side.SELL
            price = None
            if random.randrange(100) < own.passive_percent:
                book = await self.client.book(own.symbol, depth=1)
                levels = book.bids if side is Side.BUY else book.asks
                price = levels[0][0] if levels else None
            send = self.client.buy if side is Side.BUY else self.client.sell
            resting = await send(own.symbol, random.randrange(1, most + 1), price)

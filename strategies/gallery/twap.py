"""Execution in equal slices over time: a large order that does not want to move the market."""

from collections.abc import Sequence
from typing import ClassVar

from exchange.core.messages import Side, TimeInForce
from strategies.base import Parameters, Strategy
from strategies.orders import Order


class TwapParameters(Parameters, frozen=True, kw_only=True):
    """What to trade, and by when."""

    symbol: str
    side: Side
    size: str
    """In all, as decimal text in the base asset."""
    seconds: int
    """From the first slice to the end of the last."""
    slices: int = 10
    wait_seconds: int = 5
    """Before the first slice: the market needs a mark."""


class Twap(Strategy):
    """Sends a market order at the begin of each slice.

    What one slice does not get is added to the next.
    """

    takes: ClassVar[type[Parameters]] = TwapParameters
    parameters: TwapParameters

    async def on_start(self) -> None:
        """Work through the slices; hooks are not needed."""
        own = self.parameters
        total = self.client.instrument(own.symbol).size(own.size)
        send = self.client.buy if own.side is Side.BUY else self.client.sell
        self.filled = self.planned = 0
        await self.client.sleep(own.wait_seconds)
        weights = self.weights()
        for number in range(1, len(weights) + 1):
            self.planned = total * sum(weights[:number]) // sum(weights)
            missing = self.planned - self.filled
            if missing > 0:
                order = await send(own.symbol, missing, time_in_force=TimeInForce.IOC)
                self.filled += order.filled if isinstance(order, Order) else 0
            await self.client.sleep(f"{own.seconds}/{len(weights)}")

    def weights(self) -> Sequence[int]:
        """How much of the whole each slice is: the same."""
        return [1] * self.parameters.slices

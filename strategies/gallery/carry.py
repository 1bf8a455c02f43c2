"""Two legs that cancel out: spot bought, and as much of a perpetual sold.

What its price does no longer matters to the account; what the two differ by does.
"""

from exchange.core.messages import TimeInForce
from strategies.base import Parameters, Strategy
from strategies.orders import Order


class CarryParameters(Parameters, frozen=True, kw_only=True):
    """What is held against what."""

    spot: str
    perpetual: str
    """Or a dated future, which comes home by itself."""
    size: str
    """Of each leg, as decimal text in the base asset."""
    leverage: int = 3


class Carry(Strategy):
    """Has both legs or none."""

    takes = CarryParameters
    parameters: CarryParameters

    async def on_start(self) -> None:
        """Set the perpetual's leverage."""
        self.bought = 0
        """Lots of spot."""
        await self.client.set_leverage(self.parameters.perpetual, self.parameters.leverage)

    async def open(self) -> None:
        """Buy spot, and sell as much of the perpetual as could be bought."""
        own = self.parameters
        order = await self.client.buy(own.spot, own.size, time_in_force=TimeInForce.IOC)
        self.bought = order.filled if isinstance(order, Order) else 0
        if self.bought:
            text = self.client.instrument(own.spot).size_text(self.bought)
            await self.client.sell(own.perpetual, text)

    async def leave(self) -> None:
        """Sell spot, less what its fee took, and buy the perpetual back."""
        own = self.parameters
        instrument = self.client.instrument(own.spot)
        view = await self.client.account_view(instrument.base)
        await self.client.sell(own.spot, view.wallet // instrument.base_units)
        await self.client.close(own.perpetual)
        self.bought = 0

"""The basis trade: buy spot and sell the perpetual while it is dear, and wait until it is not.

Long and short of the same coin, the account does not care where its price goes; it earns what
the perpetual was too dear when it was sold.
"""

from fractions import Fraction

from exchange.core.messages import QuoteChanged, TimeInForce
from exchange.core.units import exact
from strategies.base import Parameters, Strategy
from strategies.orders import Order


class BasisTraderParameters(Parameters, frozen=True, kw_only=True):
    """Bases as parts of the spot price."""

    spot: str
    perpetual: str
    """Or a dated future, which comes home by itself."""
    size: str
    """Of each leg, as decimal text in the base asset."""
    enter: str = "0.004"
    """Basis at which both legs are opened: perpetual bid over spot ask."""
    leave: str = "0.001"
    """And at which they are closed: perpetual ask over spot bid."""
    leverage: int = 3


class BasisTrader(Strategy):
    """Has both legs or none."""

    takes = BasisTraderParameters
    parameters: BasisTraderParameters
    views = (QuoteChanged,)

    async def on_start(self) -> None:
        """Set the perpetual's leverage."""
        own = self.parameters
        self.enter_at, self.leave_at = exact(own.enter, "enter"), exact(own.leave, "leave")
        self.bought = 0
        """Lots of spot."""
        await self.client.set_leverage(own.perpetual, own.leverage)

    async def on_timer(self) -> None:
        """Look at the basis, at the prices that could be had."""
        own = self.parameters
        spot, perpetual = self.client.quote(own.spot), self.client.quote(own.perpetual)
        if spot is None or perpetual is None or not (spot.bid and spot.ask):
            return
        if self.bought == 0 and perpetual.bid:
            if self.basis(perpetual.bid, spot.ask) >= self.enter_at:
                await self.open()
        elif perpetual.ask and self.basis(perpetual.ask, spot.bid) <= self.leave_at:
            await self.leave()

    def basis(self, perpetual: int, spot: int) -> Fraction:
        """How much dearer the perpetual is, as a part of the spot price."""
        own = self.parameters
        dear = perpetual * self.client.instrument(own.perpetual).tick_size
        return dear / (spot * self.client.instrument(own.spot).tick_size) - 1

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

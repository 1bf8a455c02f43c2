"""The basis trade: buy spot and sell the perpetual while it is dear, and wait until it is not.

It earns what the perpetual was too dear when it was sold, wherever the coin itself goes.
"""

from fractions import Fraction

from exchange.core.messages import QuoteChanged
from exchange.core.units import exact
from strategies.gallery.carry import Carry, CarryParameters


class BasisTraderParameters(CarryParameters, frozen=True, kw_only=True):
    """Bases as parts of the spot price."""

    enter: str = "0.004"
    """Basis at which both legs are opened: perpetual bid over spot ask."""
    leave: str = "0.001"
    """And at which they are closed: perpetual ask over spot bid."""


class BasisTrader(Carry):
    """Looks at the basis at the prices that could be had."""

    takes = BasisTraderParameters
    parameters: BasisTraderParameters
    views = (QuoteChanged,)

    async def on_start(self) -> None:
        """Read the thresholds."""
        await super().on_start()
        self.enter_at = exact(self.parameters.enter, "enter")
        self.leave_at = exact(self.parameters.leave, "leave")

    async def on_timer(self) -> None:
        """Open when it is dear, leave when it is not."""
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

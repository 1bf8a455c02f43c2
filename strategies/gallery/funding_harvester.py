"""The funding harvest: be short, against spot, while longs pay shorts for it.

While everybody wants to be long, they pay those who are not; who holds the coin as well is paid for
nothing but the work, and for the fees of getting in and out.
"""

from exchange.core.messages import FundingPaid, FundingRateChanged
from exchange.core.units import rate
from strategies.gallery.carry import Carry, CarryParameters


class FundingHarvesterParameters(CarryParameters, frozen=True, kw_only=True):
    """Rates as they are told: parts of notional for each payment, longs paying above zero."""

    enter: str = "0.0005"
    """Rate from which on it is worth it."""
    leave: str = "0.0001"
    """And below which it is not any more."""


class FundingHarvester(Carry):
    """Opens both legs for a high rate, and closes them when it has gone."""

    takes = FundingHarvesterParameters
    parameters: FundingHarvesterParameters
    views = (FundingRateChanged,)

    async def on_start(self) -> None:
        """Read the thresholds."""
        await super().on_start()
        self.enter_at = rate(self.parameters.enter, "enter")
        self.leave_at = rate(self.parameters.leave, "leave")
        self.received = 0
        """Funding, in units of the settlement asset."""

    async def on_timer(self) -> None:
        """Look at the rate in force."""
        funding = self.client.funding(self.parameters.perpetual)
        if funding is not None and self.bought == 0 and funding.rate >= self.enter_at:
            await self.open()
        elif funding is not None and self.bought and funding.rate < self.leave_at:
            await self.leave()

    async def on_funding(self, event: FundingPaid) -> None:
        """Count what it is for."""
        self.received -= event.amount

"""A backstop: deep bids and asks, far from the mark, for the day on which nobody else has any.

Most days it does nothing.  In a cascade it buys what liquidations throw onto an empty book, well
below the mark, and gives it back when the price has returned.  For the venue, it is the difference
between a fall and a default of the insurance fund.
"""

from exchange.core.messages import MarkPriceChanged
from exchange.core.units import RATE_ONE, rate
from strategies.gallery.quoting import Quoting, QuotingParameters


class BackstopParameters(QuotingParameters, frozen=True, kw_only=True):
    """Distances as parts of the mark price."""

    distance: str = "0.01"
    """Of bids and asks from the mark."""
    give_back: str = "0.001"
    """How far beyond the mark, and what it paid, it offers what it has had to take."""


class Backstop(Quoting):
    """Moves its quotes with the mark, and when it holds something, the one that gives it back."""

    takes = BackstopParameters
    parameters: BackstopParameters

    async def on_start(self) -> None:
        """Read sizes and distances."""
        await super().on_start()
        self.distance = rate(self.parameters.distance, "distance")
        self.give_back = rate(self.parameters.give_back, "give_back")

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Follow the mark, and give back for no less than was paid."""
        symbol = self.parameters.symbol
        if mark.symbol != symbol:
            return
        instrument = self.client.instrument(symbol)
        bid = ask = mark.price // instrument.subticks
        held = await self.client.position_view(symbol)
        if held is None or held.size > 0:
            bid = bid * (RATE_ONE - self.distance) // RATE_ONE
        if held is None or held.size < 0:
            ask = ask * (RATE_ONE + self.distance) // RATE_ONE
        if held is not None:
            paid = instrument.price_of(held.cost, held.size)
            if held.size > 0:
                ask = max(ask, paid) * (RATE_ONE + self.give_back) // RATE_ONE
            else:
                bid = min(bid, paid) * (RATE_ONE - self.give_back) // RATE_ONE
        await self.keep(bid, ask)

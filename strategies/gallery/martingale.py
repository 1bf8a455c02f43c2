"""The martingale: double after every loss, and be sure to win; until the money is gone.

It wins nearly every round, its equity climbs in a straight line, and one run of losses takes
everything.  To be read, not to be used.
"""

from exchange.core.messages import MarkPriceChanged
from exchange.core.units import RATE_ONE, rate
from strategies.base import Parameters, Strategy

RESERVE_PERCENT = 10
"""Of the available margin, for fees and the way to the next price."""


class MartingaleParameters(Parameters, frozen=True, kw_only=True):
    """Rounds of a stake, won or lost at a distance from where they began."""

    symbol: str
    stake: str
    """Size of the first bet of a row, as decimal text in the base asset."""
    distance: str = "0.002"
    """How far the mark must move, as a part of it, to win or lose a bet."""
    leverage: int = 50


class Martingale(Strategy):
    """Bets on a coin's side; a bet that is lost is made again at twice the size."""

    takes = MartingaleParameters
    parameters: MartingaleParameters

    async def on_start(self) -> None:
        """Begin with the smallest stake."""
        own = self.parameters
        self.stake = self.client.instrument(own.symbol).size(own.stake)
        self.distance = rate(own.distance, "distance")
        self.size, self.begun_at = self.stake, 0
        self.won = self.lost = 0
        await self.client.set_leverage(own.symbol, own.leverage)

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Let a bet run to its distance; then cash it, or double."""
        symbol = self.parameters.symbol
        if mark.symbol != symbol:
            return
        held = self.client.position(symbol)
        moved = (mark.price - self.begun_at) * (1 if held > 0 else -1)
        if held == 0:
            await self.bet(mark.price)
        elif abs(moved) * RATE_ONE >= self.distance * self.begun_at:
            await self.client.close(symbol)
            self.won += moved > 0
            self.lost += moved < 0
            self.size = self.stake if moved > 0 else self.size * 2

    async def bet(self, mark: int) -> None:
        """Toss the coin, for twice what was lost, or for all that is left."""
        own = self.parameters
        instrument = self.client.instrument(own.symbol)
        view = await self.client.account_view(instrument.settle)
        margin = view.available_margin * (100 - RESERVE_PERCENT) // 100
        size = min(self.size, instrument.lots_worth(mark, margin * own.leverage))
        if size > 0:
            send = self.client.buy if self.client.random.getrandbits(1) else self.client.sell
            self.begun_at = mark
            await send(own.symbol, size)

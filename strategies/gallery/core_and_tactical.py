"""A core in cross margin, and beside it a tactical position that can lose its own money only.

The core is held through everything, backed by the whole account.  The tactical position follows
breakouts at high leverage in isolated margin: when it is liquidated, its bucket is gone, and the
core does not notice.
"""

from collections import deque

from exchange.core.messages import LiquidationEnded, MarkPriceChanged
from exchange.core.units import SECOND
from strategies.base import LiquidationEvent, Parameters, Strategy


class CoreAndTacticalParameters(Parameters, frozen=True, kw_only=True):
    """Two contracts, or one in hedge mode would do as well; sizes and money as decimal text."""

    core: str
    core_size: str
    tactical: str
    stake: str
    """Margin of each tactical position, in the settlement asset: all that it can lose."""
    leverage: int = 50
    window: int = 60
    """Marks whose highest or lowest must be passed."""
    rest_seconds: int = 120
    """After a liquidation."""


class CoreAndTactical(Strategy):
    """Buys the core at the first mark; then goes with every breakout of the other contract."""

    takes = CoreAndTacticalParameters
    parameters: CoreAndTacticalParameters

    async def on_start(self) -> None:
        """Set the terms of both."""
        own = self.parameters
        instrument = self.client.instrument(own.tactical)
        self.stake = instrument.money(own.stake)
        self.marks: deque[int] = deque(maxlen=own.window)
        self.rests_until = 0
        await self.client.set_margin_mode(own.core, "cross")
        await self.client.set_margin_mode(own.tactical, "isolated")
        await self.client.set_leverage(own.tactical, own.leverage)

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """Have the core; watch the other for a breakout."""
        own = self.parameters
        if mark.symbol == own.core and not self.client.position(own.core):
            await self.client.buy(own.core, own.core_size)
        if mark.symbol != own.tactical:
            return
        full = len(self.marks) == own.window and self.client.now >= self.rests_until
        high, low = max(self.marks, default=0), min(self.marks, default=0)
        self.marks.append(mark.price)
        if full and mark.price > high:
            await self.go(1, mark.price)
        elif full and mark.price < low:
            await self.go(-1, mark.price)

    async def go(self, direction: int, mark: int) -> None:
        """Be on the side of the breakout, with one stake."""
        own = self.parameters
        held = self.client.position(own.tactical)
        if held * direction > 0:
            return
        if held:
            await self.client.close(own.tactical)
        lots = self.client.instrument(own.tactical).lots_worth(mark, self.stake * own.leverage)
        send = self.client.buy if direction > 0 else self.client.sell
        await send(own.tactical, lots)

    async def on_liquidation(self, event: LiquidationEvent) -> None:
        """Rest after the tactical position was taken."""
        if isinstance(event, LiquidationEnded) and event.symbol == self.parameters.tactical:
            self.rests_until = self.client.now + self.parameters.rest_seconds * SECOND

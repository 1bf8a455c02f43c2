"""Pairs: two contracts that move together are traded against each other when they come apart."""

from collections import deque

from exchange.core.messages import MarkPriceChanged
from exchange.core.units import RATE_ONE, exact
from strategies.base import Parameters, Strategy
from strategies.orders import Rejection


class PairsTraderParameters(Parameters, frozen=True, kw_only=True):
    """The spread is the ratio of the two marks."""

    one: str
    other: str
    notional: str = "10000"
    """Of each leg, in the settlement asset."""
    window: int = 120
    """How many of the latest ratios, one each timer, mean and deviation are taken of."""
    enter: str = "2"
    """Standard deviations from the mean at which both legs are opened."""
    leave: str = "0.5"
    """And at which they are closed again."""
    leverage: int = 5


class PairsTrader(Strategy):
    """Sells the one that is dear and buys the one that is cheap, and waits for the mean.

    Everything is decided in whole numbers: the ratio in parts of RATE_ONE, and a distance against
    the deviation by their squares.
    """

    takes = PairsTraderParameters
    parameters: PairsTraderParameters
    views = (MarkPriceChanged,)

    async def on_start(self) -> None:
        """Set the leverage of both legs."""
        own = self.parameters
        self.ratios: deque[int] = deque(maxlen=own.window)
        self.enter_at, self.leave_at = exact(own.enter, "enter"), exact(own.leave, "leave")
        self.money = self.client.instrument(own.one).money(own.notional)
        for symbol in (own.one, own.other):
            await self.client.set_leverage(symbol, own.leverage)

    async def on_timer(self) -> None:
        """Look at the ratio, and at what it has been."""
        own = self.parameters
        one, other = self.client.mark(own.one), self.client.mark(own.other)
        if one is None or other is None:
            return
        ratio = one * RATE_ONE // other
        if len(self.ratios) == own.window:
            await self.decide(ratio, one, other)
        self.ratios.append(ratio)

    async def decide(self, ratio: int, one: int, other: int) -> None:
        """Open far from the mean, close near it, and else let be."""
        count, total = len(self.ratios), sum(self.ratios)
        distance = ratio * count - total
        variance = count * sum(r * r for r in self.ratios) - total * total
        held = self.client.position(self.parameters.one)
        if held == 0 and distance**2 > self.enter_at**2 * variance:
            await self.open(1 if distance < 0 else -1, one, other)
        elif held and (distance**2 < self.leave_at**2 * variance or (held > 0) is (distance > 0)):
            await self.leave_both()

    async def open(self, direction: int, one: int, other: int) -> None:
        """Trade the same notional in both legs, long the first where `direction` is 1."""
        for symbol, mark, side in (
            (self.parameters.one, one, direction),
            (self.parameters.other, other, -direction),
        ):
            send = self.client.buy if side > 0 else self.client.sell
            lots = self.client.instrument(symbol).lots_worth(mark, self.money)
            if isinstance(await send(symbol, lots), Rejection):
                await self.leave_both()
                return

    async def leave_both(self) -> None:
        """Close both legs: one alone is a bet on the market."""
        await self.client.close(self.parameters.one)
        await self.client.close(self.parameters.other)

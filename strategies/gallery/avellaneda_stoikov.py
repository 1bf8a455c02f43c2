"""The market maker of Avellaneda and Stoikov: quotes by volatility, risk aversion and inventory.

M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance 8
(2008), with an horizon that never comes nearer, as for a market that does not close:

    reservation price = middle - inventory * gamma * variance * horizon
    half spread       = gamma * variance * horizon / 2 + ln(1 + gamma / kappa) / gamma
"""

from decimal import Context, Decimal
from fractions import Fraction
from math import ceil, floor

from exchange.core.units import exact
from strategies.gallery.quoting import MiddleQuoting, QuotingParameters

EXACT = Context(prec=24)
"""The logarithm is taken in decimal arithmetic, which gives the same digits on every machine."""
SCALE = 1 << 16
"""The variance is kept in parts of this."""


class AvellanedaStoikovParameters(QuotingParameters, frozen=True, kw_only=True):
    """Prices in ticks, inventory in quotes of `size`."""

    gamma: str = "0.01"
    """Risk aversion: how many ticks of price one tick of risk is worth."""
    kappa: str = "0.1"
    """How fast fills get rarer, for each tick further from the middle."""
    horizon_seconds: int = 10
    """How long inventory is expected to be held."""
    window_seconds: int = 60
    """Over how long the variance of the middle is averaged."""


class AvellanedaStoikov(MiddleQuoting):
    """Quotes wider when the market moves more, and around a price that it is indifferent at."""

    takes = AvellanedaStoikovParameters
    parameters: AvellanedaStoikovParameters

    async def on_start(self) -> None:
        """Compute what does not change."""
        await super().on_start()
        self.gamma = exact(self.parameters.gamma, "gamma")
        self.edge = edge(self.gamma, exact(self.parameters.kappa, "kappa"))
        self.variance = self.middle = self.last = 0

    async def on_timer(self) -> None:
        """Measure the variance of a second: the mean of squares, in ticks squared."""
        if self.last:
            moved = (self.middle - self.last) ** 2 * SCALE // 4
            self.variance += (moved - self.variance) // self.parameters.window_seconds
        self.last = self.middle

    def prices(self, middle: int) -> tuple[int, int]:
        """The reservation price, and half a spread to each side."""
        self.middle = middle
        risk = self.gamma * Fraction(self.variance, SCALE) * self.parameters.horizon_seconds
        inventory = Fraction(self.client.position(self.parameters.symbol), self.size)
        reservation = Fraction(middle, 2) - inventory * risk
        half = risk / 2 + self.edge
        return floor(reservation - half), ceil(reservation + half)


def edge(gamma: Fraction, kappa: Fraction) -> Fraction:
    """What is asked for even without risk: ln(1 + gamma / kappa) / gamma, in ticks.

    >>> round(float(edge(Fraction(1, 100), Fraction(1, 10))), 4)
    9.531
    """
    ratio = 1 + gamma / kappa
    logarithm = EXACT.ln(EXACT.divide(Decimal(ratio.numerator), Decimal(ratio.denominator)))
    return Fraction(logarithm) / gamma

"""What an option is worth, by Black's formula, and how its margin sees volatility change.

Its price is forward: the mark of the market that it is on.  No interest is reckoned with.
"""

from typing import Final

from exchange.core.grid import Grid
from exchange.core.kinds import OptionRight
from exchange.core.pricing import BITS, ONE, option_value, power, square_root
from exchange.core.units import RATE_ONE, SECOND, Lots, MarkPrice, Nanos, Rate, ceil_div

DAY: Final = 86_400 * SECOND
YEAR: Final = 365 * DAY
SHOCK_DAYS: Final = 30
"""An option with so many days to go has a shock of its base."""
FINE: Final = 1 << 20
"""Parts of a mark unit in which values are compared, so that rounding to marks is no loss."""
CALM: Final = (0,)
SHOCKS: Final = (0, 1, -1)
"""Volatility as it is, up, and down."""
KNOWN_MAX: Final = 1 << 10


class Option:
    """A European option, settled in cash: its terms, and what its worth depends on besides a price.

    One on a linear or spot market is worth max(price - strike, 0) at expiry (a put the reverse), in
    the quote money; one on an inverse market that over the price, in the coin.
    """

    def __init__(
        self, source: int, strike: MarkPrice, right: OptionRight, coin: MarkPrice, grid: Grid
    ) -> None:
        self.source = source
        """Number of the instrument whose mark is its underlying's price."""
        self.strike = strike
        self.is_call = right is OptionRight.CALL
        self.coin = coin
        """Paid in coin: a whole coin in mark units; else 0."""
        self.grid = grid
        self.volatility: Rate = 0
        """Implied, a year's, as it was told."""
        self.time_left: Nanos = 0
        """To expiry, as of its last mark."""
        self.days_left = 0
        """The same in days, that begun included; 1 at least."""
        self.shock: Rate = 0
        """How far volatility may rise or fall, as a part of itself."""
        self._root = 0
        """The square root of the years to expiry, in parts of ONE."""
        self._known: dict[tuple[MarkPrice, Rate], int] = {}

    def pass_to(self, time_left: Nanos) -> None:
        """Let there be so much time left."""
        self.time_left = max(0, time_left)
        self._root = square_root((self.time_left << 2 * BITS) // YEAR)
        self._known.clear()
        days = max(1, ceil_div(self.time_left, DAY))
        if days != self.days_left:
            self.days_left = days
            exponent = self.grid.volatility_power * ONE // RATE_ONE
            scaled = self.grid.volatility_base * power(SHOCK_DAYS, days, exponent)
            self.shock = (scaled + ONE // 2) // ONE

    def shocked(self, shock: int) -> Rate:
        """Volatility up (1), down (-1), or as it is (0)."""
        return max(0, self.volatility * (RATE_ONE + shock * self.shock) // RATE_ONE)

    def worth(self, price: MarkPrice, volatility: Rate) -> int:
        """What it is worth where its underlying is at a price, in parts of FINE of a mark unit."""
        key = (price, volatility)
        found = self._known.get(key, -1)
        if found < 0:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            deviation = volatility * self._root // RATE_ONE
            part = option_value(price, self.strike, deviation, call=self.is_call)
            found = part * FINE * (self.coin or price) // ONE
            self._known[key] = found
        return found

    def mark(self, price: MarkPrice) -> MarkPrice:
        """Its mark price, rounded to the nearest, and never nothing; 0 without a price."""
        return max(1, (self.worth(price, self.volatility) + FINE // 2) // FINE) if price else 0

    def loss_after(self, price: MarkPrice, move: Rate, shock: int) -> int:
        """What a long one loses when prices move by a part of themselves, and volatility as well.

        In parts of FINE of a mark unit.
        """
        moved = max(1, price * (RATE_ONE + move) // RATE_ONE)
        return self.worth(price, self.volatility) - self.worth(moved, self.shocked(shock))

    def payoff(self, price: MarkPrice) -> MarkPrice:
        """What it pays at expiry, rounded down to a mark unit."""
        gain = max(0, price - self.strike if self.is_call else self.strike - price)
        return gain * self.coin // price if self.coin else gain

    def covered(self, price: MarkPrice, size: Lots) -> MarkPrice:
        """The underlying of so many lots, one by one, in mark units of its settlement money."""
        return (self.coin or price) * size

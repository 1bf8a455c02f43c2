"""The mark price: what margin is measured at, made so that no single trade can move it far.

By default the median of three prices (Binance's published rule, as of 18 September 2025): index
with the funding still to come, index with averaged basis, the contract's own last price.
"""

from collections import deque

from exchange.core.policies import MarkInput
from exchange.core.rules import MarkRules
from exchange.core.units import (
    RATE_ONE,
    SECOND,
    MarkPrice,
    Nanos,
    Rate,
    Ticks,
    UnitError,
    exact,
    rate,
)

FINE = 1 << 20
"""Parts of half a mark unit in which the moving average is kept."""


class MarkModel:
    """One instrument's inputs of the mark price.  Prices are in mark units, rounded down."""

    def __init__(self, rules: MarkRules) -> None:
        """Raises UnitError where the number of inputs is not odd."""
        if len(rules.inputs) % 2 == 0:
            raise UnitError(f"mark.inputs were {len(rules.inputs)}, expected an odd number")
        self.inputs = rules.inputs
        self.index: MarkPrice = 0
        """Zero until the first one comes."""
        self.index_at: Nanos = 0
        self.rate: Rate = 0
        self.next_at: Nanos = 0
        self.interval: Nanos = 0
        stale = exact(rules.stale_after_seconds, "mark.stale_after_seconds") * SECOND
        self.stale_after: Nanos = int(stale)
        self.is_bounded = rules.premium_max != ""
        self.premium_max: Rate = rate(rules.premium_max or "0", "mark.premium_max")
        self.basis: deque[int] = deque(maxlen=rules.basis_samples)
        """Twice the basis, so that the middle of two prices stays whole."""
        step = exact(rules.interval_seconds, "mark.interval_seconds")
        share = step * RATE_ONE // (step + exact(rules.ema_seconds, "mark.ema_seconds"))
        self.ema_share: Rate = int(share)
        self.ema = 0
        """Twice the moving average of the basis, in parts of FINE."""
        self.sampled = False
        self.bid: MarkPrice = 0
        self.ask: MarkPrice = 0
        """Best quotes of the latest sample; 0: there was none."""

    def is_stale(self, now: Nanos) -> bool:
        """Whether there is no index price, or only one too old to be used."""
        return self.index == 0 or 0 < self.stale_after < now - self.index_at

    def sample(self, bid: Ticks, ask: Ticks, subticks: int) -> None:
        """Note the basis of this moment.  A one-sided book says nothing."""
        self.bid, self.ask = bid * subticks, ask * subticks
        if not bid or not ask:
            return
        basis = self.bid + self.ask - 2 * self.index
        self.basis.append(basis)
        if self.sampled:
            self.ema += (basis * FINE - self.ema) * self.ema_share // RATE_ONE
        else:
            self.ema, self.sampled = basis * FINE, True

    def price(self, now: Nanos, last: MarkPrice | None) -> MarkPrice:
        """The mark price of this moment; `last` is the contract's last price, if it has traded."""
        found = sorted([self.input(one, now, last) for one in self.inputs])
        median = found[len(found) // 2]
        if self.is_bounded:
            reach = self.index * self.premium_max // RATE_ONE
            median = min(max(median, self.index - reach), self.index + reach)
        return max(1, median)

    def input(self, which: MarkInput, now: Nanos, last: MarkPrice | None) -> MarkPrice:
        """One of the prices that the mark may be made of."""
        if which is MarkInput.INDEX_WITH_FUNDING:
            return self.index + self._funding_to_come(now)
        if which is MarkInput.INDEX_WITH_BASIS_EMA:
            return self.index + self.ema // (2 * FINE)
        if which is MarkInput.BOOK:
            prices = sorted((self.bid, self.ask, last or 0))
            return prices[1] if prices[0] else self.index
        if which is MarkInput.LAST and last is not None:
            return last
        if which is MarkInput.INDEX:
            return self.index
        count = len(self.basis)
        return self.index + (sum(self.basis) // (2 * count) if count else 0)

    def _funding_to_come(self, now: Nanos) -> int:
        if self.interval == 0:
            return 0
        left = min(max(self.next_at - now, 0), self.interval)
        return self.index * self.rate * left // (RATE_ONE * self.interval)

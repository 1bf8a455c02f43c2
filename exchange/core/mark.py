"""The mark price: what margin is measured at, made so that no single trade can move it far.

The median of three prices (Binance's published rule, as of 18 September 2025):
  1. index price x (1 + funding rate x share of the funding interval still to come)
  2. index price + average of the latest basis samples, basis = middle of best quotes - index
  3. the contract's own last price
"""

from collections import deque

from exchange.core.units import RATE_ONE, MarkPrice, Nanos, Rate, Ticks


class MarkModel:
    """One instrument's inputs of the mark price.  Prices are in mark units, rounded down."""

    def __init__(self, samples: int, stale_after: Nanos) -> None:
        self.index: MarkPrice = 0
        """Zero until the first one comes."""
        self.index_at: Nanos = 0
        self.rate: Rate = 0
        self.next_at: Nanos = 0
        self.interval: Nanos = 0
        self.stale_after = stale_after
        self.basis: deque[int] = deque(maxlen=samples)
        """Twice the basis, so that the middle of two prices stays whole."""

    def is_stale(self, now: Nanos) -> bool:
        """Whether there is no index price, or only one too old to be used."""
        return self.index == 0 or 0 < self.stale_after < now - self.index_at

    def sample(self, bid: Ticks, ask: Ticks, subticks: int) -> None:
        """Note the basis of this moment.  A one-sided book says nothing."""
        if bid and ask:
            self.basis.append((bid + ask) * subticks - 2 * self.index)

    def price(self, now: Nanos, last: MarkPrice | None) -> MarkPrice:
        """The mark price of this moment; `last` is the contract's last price, if it has traded."""
        with_funding = self.index + self._funding_to_come(now)
        count = len(self.basis)
        with_basis = self.index + (sum(self.basis) // (2 * count) if count else 0)
        own = with_basis if last is None else last
        return sorted((with_funding, with_basis, own))[1]

    def _funding_to_come(self, now: Nanos) -> int:
        if self.interval == 0:
            return 0
        left = min(max(self.next_at - now, 0), self.interval)
        return self.index * self.rate * left // (RATE_ONE * self.interval)

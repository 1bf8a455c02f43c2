"""The average index price before expiry, which dated futures settle at."""

from exchange.core.units import MarkPrice, Nanos


class IndexAverage:
    """The index price weighted by time, over a stretch that ends with expiry.

    Binance, OKX (the last hour) and Deribit (the last 30 minutes) average samples of one second or
    less; weighting by time is the same without the sampling.
    """

    def __init__(self, opens: Nanos, closes: Nanos) -> None:
        self.opens = opens
        self.closes = closes
        self.price: MarkPrice = 0
        """The index in force; 0 until the first one comes."""
        self.since: Nanos = 0
        self.weighted = 0
        self.covered: Nanos = 0

    def note(self, at: Nanos, price: MarkPrice) -> None:
        """A new index price is in force from `at` on."""
        self._run_to(at)
        self.price = price

    def value(self) -> MarkPrice | None:
        """The average at expiry, rounded down to a mark unit; None where no index was told."""
        self._run_to(self.closes)
        return self.weighted // self.covered if self.covered else None

    def _run_to(self, at: Nanos) -> None:
        start, end = max(self.since, self.opens), min(at, self.closes)
        if self.price and end > start:
            self.weighted += self.price * (end - start)
            self.covered += end - start
        self.since = at

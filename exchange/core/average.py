"""Prices averaged over time, for settlement and funding."""

from exchange.core.units import MarkPrice, Nanos


class TimeAverage:
    """A price weighted by time, over a stretch.

    Binance, OKX (the last hour) and Deribit (the last 30 minutes) average samples of one second or
    less for settlement; weighting by time is the same without the sampling.
    """

    def __init__(self, opens: Nanos, closes: Nanos) -> None:
        self.opens = opens
        self.closes = closes
        self.price: MarkPrice = 0
        """The price in force; 0 until the first one comes."""
        self.since: Nanos = 0
        self.weighted = 0
        self.covered: Nanos = 0

    def note(self, at: Nanos, price: MarkPrice) -> None:
        """A new price is in force from `at` on."""
        more = self._more(at)
        self.weighted += self.price * more
        self.covered += more
        self.since, self.price = at, price

    def value(self, at: Nanos | None = None) -> MarkPrice | None:
        """The average up to `at`, else the end, rounded down to a mark unit.

        None where no price was told.
        """
        more = self._more(self.closes if at is None else at)
        covered = self.covered + more
        return (self.weighted + self.price * more) // covered if covered else None

    def following(self, closes: Nanos) -> "TimeAverage":
        """The average of the next stretch, which begins with the price in force."""
        other = TimeAverage(self.closes, closes)
        other.note(self.closes, self.price)
        return other

    def _more(self, at: Nanos) -> Nanos:
        """How long the price in force counts, up to `at`."""
        if self.price == 0:
            return 0
        return max(0, min(at, self.closes) - max(self.since, self.opens))

"""History's rebuilt book against its own record."""

from exchange.core.units import Ticks
from exchange.core.venue import Venue
from exchange.feed import BookCheck
from exchange.outcome import BookChecks


class Comparison:
    """Counts how often the two agree, by instrument."""

    def __init__(self, venue: Venue) -> None:
        self.checks: dict[str, BookChecks] = {}
        self._venue = venue

    def compare(self, check: BookCheck) -> None:
        """Hold history's best prices, as they stand, against what its record tells."""
        tally = self.checks.setdefault(check.symbol, BookChecks())
        bid, bid_size, ask, ask_size = self._venue.history_quote(check.symbol)
        tally.total += 1
        prices = bid == check.bid and ask == check.ask
        sizes = bid_size == check.bid_size and ask_size == check.ask_size
        tally.prices_agreed += prices
        tally.agreed += prices and sizes
        if not prices and not tally.first_difference:
            tally.first_difference = self._difference(check, bid, ask)

    def _difference(self, check: BookCheck, bid: Ticks, ask: Ticks) -> str:
        text = self._venue.instruments[check.symbol].price_text
        return (
            f"at {check.at} the book had {text(bid)} / {text(ask)}, "
            f"the record {text(check.bid)} / {text(check.ask)}"
        )

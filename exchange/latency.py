"""How long messages travel between a client and the venue."""

import msgspec

from exchange.core.units import Nanos


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Constant travel times in ns of virtual time.

    Entry: client to venue.  Response: the venue's answers and the client's own events.  Market
    data: quotes, trades and prices.
    """

    entry: Nanos = 0
    response: Nanos = 0
    market_data: Nanos = 0

    def __post_init__(self) -> None:
        """Refuse a message that arrives before it is sent."""
        if min(self.entry, self.response, self.market_data) < 0:
            raise ValueError(f"latency was {self}, expected 0 or more")

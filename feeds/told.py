"""What a reader tells: items for the venue, and quotes and liquidations, each with its row.

Not everything that a file says goes to the venue: a recorded quote is a check of the book where
there is one, and the book where there is none.  `feeds.market` decides.
"""

from typing import TypeAlias, final

import msgspec

from exchange.core.messages import Side
from exchange.core.units import Lots, Nanos, Ticks
from exchange.feed import FeedItem


@final
class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """The best bid and ask as they were recorded.  Zero price and size: that side was empty."""

    at: Nanos
    symbol: str
    bid: Ticks
    bid_size: Lots
    ask: Ticks
    ask_size: Lots
    sized: bool = True
    """False: the record tells prices only."""


@final
class Liquidation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A forced order that was filled, as the venue announced it."""

    at: Nanos
    symbol: str
    side: Side
    """The order's side: a long is liquidated by selling."""
    price: Ticks
    size: Lots


Said: TypeAlias = FeedItem | Quote | Liquidation
Told: TypeAlias = tuple[int, Said, int]
"""Row, what it said, and the update id of a depth update or quote (zero: it has none)."""

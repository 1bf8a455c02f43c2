"""What a feed is to the venue: an async iterable of batches of items, sorted by time."""

from collections.abc import AsyncIterator
from typing import Final, Protocol, TypeAlias, final

import msgspec

from exchange.core.messages import (
    Command,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateVolatility,
)
from exchange.core.units import Lots, Nanos, Ticks
from exchange.scheduler import Turn


@final
class BookCheck(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """After every item before this one, history's best bid and ask must be these."""

    at: Nanos
    symbol: str
    bid: Ticks
    bid_size: Lots
    ask: Ticks
    ask_size: Lots


FeedItem: TypeAlias = Command | BookCheck

TURNS: Final[dict[type[FeedItem], Turn]] = {
    UpdateMarkPrice: Turn.MARK,
    UpdateVolatility: Turn.MARK,
    UpdateIndexPrice: Turn.MARK,
    UpdateFundingRate: Turn.MARK,
}
"""What comes before depth and trades of the same instant; all else has Turn.HISTORY."""


class Feed(Protocol):
    """What the market did.  Items come in batches, and time never goes back."""

    def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin from the first item."""
        ...

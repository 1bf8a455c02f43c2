"""What a tick file holds: its format, its venue, and each market that was recorded in it."""

from enum import StrEnum
from pathlib import Path

import msgspec

from feeds.defects import TickFileError


class Market(StrEnum):
    """What is traded there."""

    LINEAR = "linear"
    """A contract settled in the money it is quoted in."""
    INVERSE = "inverse"
    """A contract settled in the coin."""
    SPOT = "spot"


class Carries(StrEnum):
    """What a file tells of a market."""

    ORDERS = "orders"
    """Every single order (L3)."""
    BOOK = "book"
    """Sizes at price levels (L2)."""
    QUOTES = "quotes"
    """Best bid and ask (L1)."""
    TRADES = "trades"
    LIQUIDATIONS = "liquidations"
    """Forced orders; where trades are told too, these are among them."""
    MARK = "mark price"
    INDEX = "index price"
    FUNDING = "funding rate"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One market in a file."""

    symbol: str
    """As the file calls it; empty where the file does not say."""
    market: Market
    carries: tuple[Carries, ...]
    settle: str = "USDT"
    """Settlement asset of the contract; of a spot market, what it is quoted in."""
    contract: str = "1"
    """What a size of 1 in the file stands for, in the instrument's unit of size."""
    numbered: bool = False
    """Depth and quotes carry update ids of one series, so that a quote names its book."""

    @property
    def has_levels(self) -> bool:
        """Whether a book of many levels can be rebuilt from it."""
        return Carries.ORDERS in self.carries or Carries.BOOK in self.carries

    @property
    def has_book(self) -> bool:
        """Whether a book can be rebuilt from it, if only its best levels."""
        return self.has_levels or Carries.QUOTES in self.carries


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a tick file is."""

    format: str
    """Its name in the registry (feeds/formats)."""
    title: str
    """The format as people call it."""
    venue: str
    listings: tuple[Listing, ...]

    def find(self, path: Path, called: str, *, spot: bool) -> Listing:
        """The market of that name, rather a spot market if `spot`.  Raises TickFileError."""
        named = [one for one in self.listings if one.symbol in {called, ""}]
        for listing in named:
            if (listing.market is Market.SPOT) is spot:
                return listing
        if named:
            return named[0]
        held = ", ".join(f"{one.symbol} ({one.market})" for one in self.listings[:8])
        raise TickFileError(f"{path}: holds {held}, expected {called}")

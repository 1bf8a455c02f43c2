"""What a venue's message says, in words that all venues share.

Figures stay text until a reader with the market's grids takes them.
"""

from typing import ClassVar, Protocol, TypeAlias, final

import msgspec

Rows: TypeAlias = list[tuple[str, str]]
"""Price and size of levels; a size of zero empties one."""
RowsText: TypeAlias = Rows | msgspec.Raw
"""The same, or as it stands in the message."""


@final
class Depth(msgspec.Struct, frozen=True, gc=False):
    """Levels of a book: all of them, or those that changed."""

    symbol: str
    """Empty: the message does not say."""
    bids: RowsText
    asks: RowsText
    snapshot: bool
    last: int = 0
    """The update id at which the book stands after it; zero: the venue gives none."""
    first: int | None = None
    previous: int | None = None
    """The `last` of the update before."""
    number: int = 0
    """The number that quotes of the same book have too; zero: none."""
    spot: bool | None = None
    """Whether it is of a spot market, where the message shows."""
    book: str = ""
    """Which of a market's books it is of, where a venue sends several, of different depths."""
    fault: str = ""
    """What is wrong with the book after it, where the venue's own checksum tells."""


@final
class Trade(msgspec.Struct, frozen=True, gc=False):
    """A trade."""

    symbol: str
    name: str
    """The venue's id."""
    buys: bool
    """The taker's side."""
    price: str
    size: str
    counts: bool = False
    """Ids count up by one, so that missing ones tell something."""
    in_book: bool = True
    """False: an insurance fund, a block or ADL, which the book never saw."""
    spot: bool | None = None
    keys: tuple[str, ...] = ()
    """Of its price, size and name, where it is one object of JSON with these."""


class Quoted(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask.  Empty text: that side has none; an empty size with a price: not told."""

    symbol: str
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    number: int = 0
    spot: bool | None = None
    keys: ClassVar[tuple[str, ...]] = ()
    """Of bid, its size, ask, its size and number, where it is one object of JSON with these."""


@final
class Prices(msgspec.Struct, frozen=True, gc=False):
    """Mark price, index price and funding; empty where it was not told."""

    symbol: str
    mark: str = ""
    spot_index: str = ""
    """The index price."""
    rate: str = ""
    pays_ms: int = 0
    """When the rate is paid next, in ms."""
    hours: int = 8
    """Between two payments."""
    spot: bool | None = None


@final
class Forced(msgspec.Struct, frozen=True, gc=False):
    """A liquidation order that was filled."""

    symbol: str
    buys: bool
    """The order's side, whatever the venue calls a side."""
    price: str
    size: str
    spot: bool | None = None


Message: TypeAlias = Depth | Trade | Quoted | Prices | Forced


class Dialect(Protocol):
    """One venue's messages, read in order: some only make sense after those before them."""

    venue: str
    contracts: str
    """The venue's contracts, as `feeds.venues` names them."""
    snapshots_reset: bool
    """A snapshot in the stream replaces the book (else only the first one is used)."""
    depth_tells_spot: bool
    """Only depth updates tell spot from contracts."""

    def read(self, channel: str, body: bytes) -> list[Message]:
        """What a message says; nothing if it is of a kind that no feed needs.

        `channel` is where it came from, as far as the recording tells.
        Raises RowError for one that is torn, or lacks a field of its kind.
        """
        ...

    def speaks(self, body: bytes) -> bool:
        """Whether a message looks like this venue's."""
        ...

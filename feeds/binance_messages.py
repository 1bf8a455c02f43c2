"""Binance's messages as they come over its websocket, under readable names.

A recorded line is `<local receive time in ns> <JSON>`, where the JSON is a message of a combined
stream (`{"stream": ..., "data": {...}}`) or a depth snapshot from the REST API.
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from typing import Generic, TypeAlias, TypeVar, final

import msgspec

from feeds.defects import Defect, RowError

Rows: TypeAlias = list[tuple[str, str]]
T = TypeVar("T")
NANOSECOND_DIGITS = 19
"""Of a time since 1970, from 2001 to 2286."""
STREAM_NAME_MAX = 100


class Combined(msgspec.Struct, Generic[T]):
    """The envelope of a combined stream."""

    data: T


@final
class DepthDiff(
    msgspec.Struct,
    rename={"symbol": "s", "first": "U", "last": "u", "previous": "pu", "bids": "b", "asks": "a"},
):
    """Changed levels, as absolute sizes: everything between two update ids."""

    symbol: str
    first: int
    last: int
    bids: Rows
    asks: Rows
    previous: int | None = None
    """The `last` of the message before; futures only."""


@final
class DepthSnapshot(msgspec.Struct, rename={"last": "lastUpdateId"}):
    """The whole book (or its best thousand levels) at an update id."""

    last: int
    bids: Rows
    asks: Rows
    symbol: str = ""
    """COIN-M only."""


@final
class BookTicker(
    msgspec.Struct,
    rename={"id": "u", "symbol": "s", "bid": "b", "bid_size": "B", "ask": "a", "ask_size": "A"},
):
    """The best bid and ask at an update id; sent whenever one of the four figures changes."""

    id: int
    symbol: str
    bid: str
    bid_size: str
    ask: str
    ask_size: str


@final
class Trade(
    msgspec.Struct,
    rename={
        "id": "t",
        "symbol": "s",
        "price": "p",
        "size": "q",
        "buyer_is_maker": "m",
        "origin": "X",
    },
):
    """A trade.  `origin` is MARKET, or INSURANCE_FUND or ADL where it was not in the book."""

    id: int

    symbol: str
    price: str
    size: str
    buyer_is_maker: bool
    origin: str = "MARKET"


@final
class MarkPrice(
    msgspec.Struct,
    rename={"symbol": "s", "mark": "p", "index": "i", "rate": "r", "next_funding": "T"},
):
    """Mark price, index price and funding rate of a perpetual; next funding in ms."""

    symbol: str
    mark: str
    index: str
    rate: str
    next_funding: int


Message: TypeAlias = DepthDiff | DepthSnapshot | BookTicker | Trade | MarkPrice

DECODERS: dict[bytes, msgspec.json.Decoder[Combined[Message]]] = {
    b"depth": msgspec.json.Decoder(Combined[DepthDiff]),
    b"bookTicker": msgspec.json.Decoder(Combined[BookTicker]),
    b"trade": msgspec.json.Decoder(Combined[Trade]),
    b"markPrice": msgspec.json.Decoder(Combined[MarkPrice]),
}
SNAPSHOT = msgspec.json.Decoder(DepthSnapshot)


def received(line: bytes) -> tuple[int, bytes]:
    """The local receive time in ns, and the JSON after it.  Raises RowError."""
    at, _, body = line.partition(b" ")
    if len(at) != NANOSECOND_DIGITS or not at.isdigit():
        found = ascii(at[:40].decode(errors="replace"))
        raise RowError(
            Defect.UNREADABLE, f"local time was {found}, expected nanoseconds since 1970"
        )
    return int(at), body


def message(body: bytes) -> Message | None:
    """What a line of JSON says; None for a kind of message that no feed needs.

    Raises RowError for JSON that is torn, or lacks a field of its kind.
    """
    try:
        start = body.find(b"@", 0, STREAM_NAME_MAX) + 1
        if start:
            name = body[start : body.find(b'"', start)]
            decoder = DECODERS.get(name) or DECODERS.get(name.partition(b"@")[0])
            if decoder is not None:
                return decoder.decode(body).data
        elif b'"lastUpdateId"' in body:
            return SNAPSHOT.decode(body)
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RowError(Defect.UNREADABLE, f"not a message of Binance's: {error}") from None
    return None

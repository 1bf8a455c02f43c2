"""Binance's websocket messages, and depth snapshots of its REST API.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
Messages of a combined stream: `{"stream": ..., "data": {...}}`.
"""

from typing import ClassVar, Generic, TypeVar

import msgspec

from feeds.defects import Defect, RowError
from feeds.dialects import said

T = TypeVar("T")
STREAM_NAME_MAX = 100
TRADE_KEYS = ("p", "q", "t")
NAME = 3
"""Where a stream's name stands in a combined message that is split at quotation marks."""


class Combined(msgspec.Struct, Generic[T]):
    """The envelope of a combined stream."""

    data: T


class Wire(msgspec.Struct):
    """A message as it comes; field names are the venue's letters."""

    def said(self) -> said.Message:
        """The same in words that all venues share."""
        raise NotImplementedError


class DepthDiff(Wire):
    """Changed levels, as absolute sizes: everything between two update ids."""

    s: str
    U: int
    u: int
    b: msgspec.Raw
    a: msgspec.Raw
    pu: int | None = None

    def said(self) -> said.Message:
        """`pu` names the update before; only futures have it."""
        return said.Depth(
            self.s,
            self.b,
            self.a,
            snapshot=False,
            last=self.u,
            first=self.U,
            previous=self.pu,
            number=self.u,
            spot=self.pu is None,
        )


class DepthSnapshot(Wire, rename={"last": "lastUpdateId"}):
    """The whole book (or its best thousand levels) at an update id; COIN-M has the symbol too."""

    last: int
    bids: msgspec.Raw
    asks: msgspec.Raw
    symbol: str = ""

    def said(self) -> said.Message:
        """Not told: what market it is of."""
        return said.Depth(
            self.symbol, self.bids, self.asks, snapshot=True, last=self.last, number=self.last
        )


class BookTicker(said.Quoted, frozen=True, gc=False):
    """The best bid and ask at an update id; sent whenever one of the four figures changes.

    Nine rows of ten are of this kind, so it comes as what it says.  Sides with nothing on them have
    zeros.
    """

    symbol: str = msgspec.field(name="s")
    bid: str = msgspec.field(name="b")
    bid_size: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_size: str = msgspec.field(name="A")
    number: int = msgspec.field(name="u")
    keys: ClassVar[tuple[str, ...]] = ("b", "B", "a", "A", "u")

    def said(self) -> said.Message:
        """Itself."""
        return self


class Trade(Wire):
    """A trade.  X is MARKET, or INSURANCE_FUND or ADL where it was not in the book."""

    t: int
    s: str
    p: str
    q: str
    m: bool
    X: str = "MARKET"

    def said(self) -> said.Message:
        """`m`: the buyer was the maker, so the taker sold."""
        in_book = self.X == "MARKET" and bool(self.p.strip("0."))
        return said.Trade(
            self.s,
            str(self.t),
            not self.m,
            self.p,
            self.q,
            counts=True,
            in_book=in_book,
            keys=TRADE_KEYS,
        )


class MarkPrice(Wire):
    """Mark price, index price and funding rate of a perpetual; next funding in ms."""

    s: str
    p: str
    i: str
    r: str
    T: int

    def said(self) -> said.Message:
        """Most contracts pay every 8 h; the stream does not say."""
        return said.Prices(self.s, self.p, self.i, self.r, self.T)


class ForcedOrder(Wire):
    """The order of a liquidation: S its side, ap the average price, z the size filled."""

    s: str
    S: str
    ap: str
    z: str

    def said(self) -> said.Message:
        """At most the latest of each second is sent."""
        return said.Forced(self.s, self.S == "BUY", self.ap, self.z)


class ForceOrder(Wire):
    """The envelope of a forced order."""

    o: ForcedOrder

    def said(self) -> said.Message:
        """What the order says."""
        return self.o.said()


DECODERS: dict[bytes, msgspec.json.Decoder[Combined[Wire]]] = {
    b"depth": msgspec.json.Decoder(Combined[DepthDiff]),
    b"bookTicker": msgspec.json.Decoder(Combined[BookTicker]),
    b"trade": msgspec.json.Decoder(Combined[Trade]),
    b"markPrice": msgspec.json.Decoder(Combined[MarkPrice]),
    b"forceOrder": msgspec.json.Decoder(Combined[ForceOrder]),
}
SNAPSHOT = msgspec.json.Decoder(DepthSnapshot)


class Binance:
    """Spot, USD-M and COIN-M speak alike; depth shows which is which."""

    venue = "binance"
    contracts = "binance-futures"
    depth_tells_spot = True
    snapshots_reset = False

    def __init__(self) -> None:
        self._streams: dict[bytes, msgspec.json.Decoder[Combined[Wire]]] = {}
        """By name, as far as they have been met."""

    def read(self, channel: str, body: bytes) -> list[said.Message]:  # noqa: ARG002
        """What a line of JSON says.  Raises RowError."""
        opening = body.split(b'"', NAME + 1)
        decoder = self._streams.get(opening[NAME]) if len(opening) > NAME else None
        try:
            if decoder is None:
                return self._first(body)
            return [decoder.decode(body).data.said()]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RowError(Defect.UNREADABLE, f"not a message of Binance's: {error}") from None

    def _first(self, body: bytes) -> list[said.Message]:
        """What the first message of a stream says, or one of no stream."""
        start = body.find(b"@", 0, STREAM_NAME_MAX) + 1
        if start:
            begin, end = body.rfind(b'"', 0, start) + 1, body.find(b'"', start)
            kind = body[start:end]
            decoder = DECODERS.get(kind) or DECODERS.get(kind.partition(b"@")[0])
            if decoder is not None:
                found = decoder.decode(body)
                self._streams[body[begin:end]] = decoder
                return [found.data.said()]
        elif b'"lastUpdateId"' in body:
            return [SNAPSHOT.decode(body).said()]
        msgspec.json.decode(body)
        return []

    def speaks(self, body: bytes) -> bool:
        """A combined stream names its stream first; a snapshot has its update id."""
        return b'"stream"' in body[:20] or b'"lastUpdateId"' in body[:200]

"""Bybit's v5 public websocket messages, which its order book archives are made of too.

https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook
"""

import msgspec

from feeds.defects import Defect, RowError
from feeds.dialects import said
from feeds.dialects.said import Rows

TOPIC = b'"topic":"'
HOURS = 8


class BookData(msgspec.Struct):
    """Levels; `u` counts up by one, `seq` is shared with the tickers."""

    s: str
    b: Rows
    a: Rows
    u: int
    seq: int = 0


class Book(msgspec.Struct):
    """A snapshot of the book, or what changed in it."""

    type: str
    data: BookData


class TradeData(msgspec.Struct):
    """A trade; `S` is the taker's side, `BT` a block trade."""

    s: str
    S: str
    v: str
    p: str
    i: str
    BT: bool = False


class Trades(msgspec.Struct):
    """Trades of one message."""

    data: list[TradeData]


class TickerData(msgspec.Struct):
    """What changed of a ticker; a field that is absent keeps its last value."""

    symbol: str
    bid1Price: str = ""
    bid1Size: str = ""
    ask1Price: str = ""
    ask1Size: str = ""
    markPrice: str = ""
    indexPrice: str = ""
    fundingRate: str = ""
    nextFundingTime: str = ""
    fundingIntervalHour: str = ""


class Ticker(msgspec.Struct):
    """A ticker, or what changed of it; `cs` is its number in the series of the book's `seq`."""

    data: TickerData
    cs: int = 0


class ForcedData(msgspec.Struct):
    """A liquidation; `S` is the side of the position, Buy for a long."""

    s: str
    S: str
    v: str
    p: str


class Forced(msgspec.Struct):
    """Liquidations of one message."""

    data: list[ForcedData]


BOOK = msgspec.json.Decoder(Book)
TRADES = msgspec.json.Decoder(Trades)
TICKER = msgspec.json.Decoder(Ticker)
FORCED = msgspec.json.Decoder(Forced)


class Bybit:
    """Linear, inverse and spot look alike: only the address of the connection tells."""

    venue = "bybit"
    contracts = "bybit"
    depth_tells_spot = False
    snapshots_reset = True

    def __init__(self) -> None:
        self._tickers: dict[tuple[str, str], TickerData] = {}

    def read(self, channel: str, body: bytes) -> list[said.Message]:
        """What a message says.  Raises RowError."""
        start = body.find(TOPIC, 0, 100) + len(TOPIC)
        topic = body[start : body.find(b".", start)] if start >= len(TOPIC) else b""
        spot = channel.rstrip("/").endswith("spot") if channel else None
        try:
            if topic == b"orderbook":
                name = body[start:].partition(b'"')[0].decode(errors="replace")
                return [_depth(BOOK.decode(body), spot, name.rpartition(".")[0])]
            if topic == b"publicTrade":
                return [_trade(one, spot) for one in TRADES.decode(body).data]
            if topic == b"tickers":
                return self._ticker(channel, TICKER.decode(body), spot)
            if topic in {b"allLiquidation", b"liquidation"}:
                return [_forced(one, spot) for one in FORCED.decode(body).data]
            msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RowError(Defect.UNREADABLE, f"not a message of Bybit's: {error}") from None
        return []

    def speaks(self, body: bytes) -> bool:
        """Every message of data names its topic near its beginning."""
        return TOPIC in body[:100]

    def _ticker(self, channel: str, ticker: Ticker, spot: bool | None) -> list[said.Message]:  # noqa: FBT001 (three-valued)
        new = ticker.data
        key = (channel, new.symbol)
        old = self._tickers.get(key, TickerData(new.symbol))
        known = TickerData(
            *(getattr(new, f) or getattr(old, f) for f in TickerData.__struct_fields__)
        )
        self._tickers[key] = known
        made: list[said.Message] = []
        if known.bid1Price and known.ask1Price and (new.bid1Price or new.ask1Price):
            quote = (known.bid1Price, known.bid1Size, known.ask1Price, known.ask1Size)
            made.append(said.Quoted(new.symbol, *quote, spot=spot))
        if new.markPrice or new.indexPrice or new.fundingRate or new.nextFundingTime:
            made.append(
                said.Prices(
                    new.symbol,
                    known.markPrice,
                    known.indexPrice,
                    known.fundingRate,
                    _whole(known.nextFundingTime),
                    _whole(known.fundingIntervalHour) or HOURS,
                    spot,
                )
            )
        return made


def _depth(book: Book, spot: bool | None, name: str) -> said.Depth:  # noqa: FBT001 (three-valued)
    data = book.data
    return said.Depth(
        data.s,
        data.b,
        data.a,
        snapshot=book.type == "snapshot",
        last=data.u,
        previous=data.u - 1,
        spot=spot,
        book=name,
    )


def _trade(one: TradeData, spot: bool | None) -> said.Trade:  # noqa: FBT001 (three-valued)
    return said.Trade(one.s, one.i, one.S == "Buy", one.p, one.v, in_book=not one.BT, spot=spot)


def _forced(one: ForcedData, spot: bool | None) -> said.Forced:  # noqa: FBT001 (three-valued)
    """A long is liquidated by selling."""
    return said.Forced(one.s, one.S != "Buy", one.p, one.v, spot)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0

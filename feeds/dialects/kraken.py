"""Kraken Futures' websocket messages: book_snapshot, book, trade, ticker, ticker_lite.

https://docs.kraken.com/api/docs/futures-api/websocket/book
"""

from decimal import Decimal

import msgspec

from feeds.defects import Defect, RowError
from feeds.dialects import said
from feeds.dialects.said import Rows

FEED = b'"feed":"'


class LevelRow(msgspec.Struct):
    """One level."""

    price: Decimal
    qty: Decimal


class BookSnapshot(msgspec.Struct):
    """The whole book."""

    product_id: str
    seq: int
    bids: list[LevelRow]
    asks: list[LevelRow]


class BookChange(msgspec.Struct):
    """One level that changed; `seq` counts up by one for each product."""

    product_id: str
    seq: int
    side: str
    price: Decimal
    qty: Decimal


class TradeFill(msgspec.Struct):
    """A trade; `type` is fill, liquidation, termination or block."""

    product_id: str
    uid: str
    side: str
    qty: Decimal
    price: Decimal
    type: str = "fill"


class Ticker(msgspec.Struct):
    """Best bid and ask; the full ticker has sizes, mark, index and funding too."""

    product_id: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    markPrice: Decimal | None = None
    index: Decimal | None = None


SNAPSHOT = msgspec.json.Decoder(BookSnapshot)
CHANGE = msgspec.json.Decoder(BookChange)
TRADE = msgspec.json.Decoder(TradeFill)
TICKER = msgspec.json.Decoder(Ticker)


class KrakenFutures:
    """Numbers are JSON numbers there, and are read digit by digit."""

    venue = "kraken-futures"
    contracts = "kraken-futures"
    depth_tells_spot = False
    snapshots_reset = True

    def read(self, channel: str, body: bytes) -> list[said.Message]:
        """What a message says.  Raises RowError."""
        del channel
        start = body.find(FEED, 0, 40)
        feed = body[start + len(FEED) :].partition(b'"')[0] if start >= 0 else b""
        try:
            if b'"event"' in body[:20]:
                feed = b""
            if feed == b"book":
                return [_change(CHANGE.decode(body))]
            if feed == b"book_snapshot":
                return [_snapshot(SNAPSHOT.decode(body))]
            if feed == b"trade":
                return [_trade(TRADE.decode(body))]
            if feed in {b"ticker", b"ticker_lite"}:
                return _ticker(TICKER.decode(body))
            msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RowError(Defect.UNREADABLE, f"not a message of Kraken's: {error}") from None
        return []

    def speaks(self, body: bytes) -> bool:
        """Every message of data names its feed and its product."""
        return FEED in body[:60] and b'"product_id"' in body[:120]


def _rows(levels: list[LevelRow]) -> Rows:
    return [(f"{level.price:f}", f"{level.qty:f}") for level in levels]


def _snapshot(book: BookSnapshot) -> said.Depth:
    bids, asks = _rows(book.bids), _rows(book.asks)
    return said.Depth(book.product_id, bids, asks, snapshot=True, last=book.seq, spot=False)


def _change(row: BookChange) -> said.Depth:
    level: Rows = [(f"{row.price:f}", f"{row.qty:f}")]
    bids, asks = (level, []) if row.side == "buy" else ([], level)
    return said.Depth(
        row.product_id,
        bids,
        asks,
        snapshot=False,
        last=row.seq,
        previous=row.seq - 1,
        spot=False,
    )


def _trade(one: TradeFill) -> said.Trade:
    return said.Trade(
        one.product_id,
        one.uid,
        one.side == "buy",
        f"{one.price:f}",
        f"{one.qty:f}",
        in_book=one.type in {"fill", "liquidation"},
        spot=False,
    )


def _ticker(one: Ticker) -> list[said.Message]:
    made: list[said.Message] = []
    if one.bid is not None or one.ask is not None:
        bid, bid_size = _text(one.bid), _text(one.bid_size)
        ask, ask_size = _text(one.ask), _text(one.ask_size)
        made.append(said.Quoted(one.product_id, bid, bid_size, ask, ask_size, spot=False))
    if one.markPrice is not None or one.index is not None:
        made.append(said.Prices(one.product_id, _text(one.markPrice), _text(one.index), spot=False))
    return made


def _text(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"

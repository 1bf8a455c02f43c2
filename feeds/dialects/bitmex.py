"""BitMEX's realtime websocket messages.

https://www.bitmex.com/app/wsAPI: levels of orderBookL2 have ids, and only `partial` and `insert`
tell a level's price; `update` tells its new size, `delete` that it is gone.
"""

from decimal import Decimal

import msgspec

from feeds.clock_text import Written
from feeds.defects import Defect, RowError
from feeds.dialects import said
from feeds.dialects.said import Rows

TABLE = b'"table":"'
CLOCK = Written()
GONE = "0"


class LevelRow(msgspec.Struct):
    """One level, or what changed of it."""

    symbol: str
    id: int
    side: str
    size: Decimal | None = None
    price: Decimal | None = None


class QuoteRow(msgspec.Struct):
    """Best bid and ask."""

    symbol: str
    bidPrice: Decimal | None = None
    bidSize: Decimal | None = None
    askPrice: Decimal | None = None
    askSize: Decimal | None = None


class TradeRow(msgspec.Struct):
    """A trade; `side` is the taker's."""

    symbol: str
    side: str
    size: Decimal
    price: Decimal
    trdMatchID: str = ""
    trdType: str = "Regular"


class InstrumentRow(msgspec.Struct):
    """Mark price, index price and funding, where they changed."""

    symbol: str
    markPrice: Decimal | None = None
    indicativeSettlePrice: Decimal | None = None
    fundingRate: Decimal | None = None
    fundingTimestamp: str = ""


class LevelTable(msgspec.Struct):
    """Rows of orderBookL2."""

    action: str
    data: list[LevelRow]


class QuoteTable(msgspec.Struct):
    """Rows of quote."""

    action: str
    data: list[QuoteRow]


class TradeTable(msgspec.Struct):
    """Rows of trade."""

    action: str
    data: list[TradeRow]


class InstrumentTable(msgspec.Struct):
    """Rows of instrument."""

    action: str
    data: list[InstrumentRow]


LEVELS = msgspec.json.Decoder(LevelTable)
QUOTES = msgspec.json.Decoder(QuoteTable)
TRADES = msgspec.json.Decoder(TradeTable)
INSTRUMENTS = msgspec.json.Decoder(InstrumentTable)


class Bitmex:
    """Remembers the price of each level by its id."""

    venue = "bitmex"
    contracts = "bitmex"
    depth_tells_spot = False
    snapshots_reset = True

    def __init__(self) -> None:
        self._prices: dict[tuple[str, int], str] = {}

    def read(self, channel: str, body: bytes) -> list[said.Message]:
        """What a message says.  Raises RowError; a GAP for a level that was never told."""
        del channel
        start = body.find(TABLE, 0, 20)
        table = body[start + len(TABLE) :].partition(b'"')[0] if start >= 0 else b""
        try:
            if table in {b"orderBookL2", b"orderBookL2_25"}:
                return self._depth(LEVELS.decode(body))
            if table == b"quote":
                found = QUOTES.decode(body)
                return [_quote(row) for row in found.data]
            if table == b"trade":
                trades = TRADES.decode(body)
                # The first message of a subscription is the last trade before it.
                return [_trade(row) for row in trades.data if trades.action == "insert"]
            if table == b"instrument":
                return [_instrument(row) for row in INSTRUMENTS.decode(body).data]
            msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RowError(Defect.UNREADABLE, f"not a message of BitMEX's: {error}") from None
        return []

    def speaks(self, body: bytes) -> bool:
        """Every message of data names its table first."""
        return TABLE in body[:20]

    def _depth(self, table: LevelTable) -> list[said.Message]:
        """A message is of one symbol."""
        if not table.data:
            return []
        symbol = table.data[0].symbol
        bids: Rows = []
        asks: Rows = []
        for row in table.data:
            price = self._price(table.action, row)
            size = GONE if table.action == "delete" or row.size is None else f"{row.size:f}"
            (bids if row.side == "Buy" else asks).append((price, size))
        return [said.Depth(symbol, bids, asks, snapshot=table.action == "partial", spot=False)]

    def _price(self, action: str, row: LevelRow) -> str:
        key = (row.symbol, row.id)
        if row.price is not None and action != "delete":
            self._prices[key] = f"{row.price:f}"
        known = self._prices.get(key)
        if known is None:
            raise RowError(Defect.GAP, f"level {row.id} of {row.symbol} was never inserted")
        if action == "delete":
            del self._prices[key]
        return known


def _quote(row: QuoteRow) -> said.Quoted:
    bid, bid_size = _text(row.bidPrice), _text(row.bidSize)
    ask, ask_size = _text(row.askPrice), _text(row.askSize)
    return said.Quoted(row.symbol, bid, bid_size, ask, ask_size, spot=False)


def _trade(row: TradeRow) -> said.Trade:
    return said.Trade(
        row.symbol,
        row.trdMatchID,
        row.side == "Buy",
        f"{row.price:f}",
        f"{row.size:f}",
        in_book=row.trdType == "Regular",
        spot=False,
    )


def _instrument(row: InstrumentRow) -> said.Prices:
    pays = 0
    if row.fundingTimestamp:
        pays = CLOCK.read(row.fundingTimestamp) // 1_000_000
    mark, index = _text(row.markPrice), _text(row.indicativeSettlePrice)
    return said.Prices(row.symbol, mark, index, _text(row.fundingRate), pays, spot=False)


def _text(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"

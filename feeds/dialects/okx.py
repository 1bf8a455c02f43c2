"""OKX's v5 public websocket messages, and its order book archives.

https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
The checksum of a book is the CRC-32 of its best 25 levels, `bid:size:ask:size:...`, as they were
written.  Tickers are no quotes: their best prices are those of the last trade's moment, seconds old
at times while the book has moved (seen in a recording of 2022-05-13).
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from zlib import crc32

import msgspec
from msgspec.structs import replace
from sortedcontainers import SortedDict

from feeds.defects import Defect, RowError
from feeds.dialects import said

LEVELS_SUMMED = 25
SIGN_BIT, WORD = 1 << 31, 1 << 32
Row = tuple[str, ...]
"""Price, size, a figure no longer in use, number of orders."""


class Arg(msgspec.Struct):
    """The channel of a message."""

    channel: str = ""
    instId: str = ""


class Book(msgspec.Struct):
    """Levels of a book."""

    asks: list[Row]
    bids: list[Row]
    checksum: int | None = None
    seqId: int = 0
    prevSeqId: int | None = None
    instId: str = ""
    """Of the archives, whose lines have no envelope."""
    action: str = ""


class Books(msgspec.Struct):
    """Books of one channel."""

    arg: Arg
    data: list[Book]
    action: str = ""


class TradeData(msgspec.Struct):
    """A trade; `side` is the taker's, `sz` in contracts of a swap."""

    instId: str
    tradeId: str
    px: str
    sz: str
    side: str


class Trades(msgspec.Struct):
    """Trades of one message."""

    data: list[TradeData]


class PriceData(msgspec.Struct):
    """Mark price, or funding."""

    instId: str
    markPx: str = ""
    fundingRate: str = ""
    fundingTime: str = ""


class PriceList(msgspec.Struct):
    """Prices of one message."""

    data: list[PriceData]


BOOKS = msgspec.json.Decoder(Books)
ARCHIVED = msgspec.json.Decoder(Book)
TRADES = msgspec.json.Decoder(Trades)
PRICES = msgspec.json.Decoder(PriceList)
CHANNEL = b'"channel":"'


class Summed:
    """The text of one book, for its checksum."""

    def __init__(self) -> None:
        self._bids: SortedDict[Decimal, str] = SortedDict(lambda price: -price)
        self._asks: SortedDict[Decimal, str] = SortedDict()

    def take(self, book: Book, *, snapshot: bool) -> int:
        """Apply levels; the checksum afterwards."""
        for side, rows in ((self._bids, book.bids), (self._asks, book.asks)):
            if snapshot:
                side.clear()
            for price, size, *_ in rows:
                if size.strip("0."):
                    side[Decimal(price)] = f"{price}:{size}"
                else:
                    side.pop(Decimal(price), None)
        parts = zip_longest(_best(self._bids), _best(self._asks))
        text = ":".join(part for pair in parts for part in pair if part is not None)
        value = crc32(text.encode())
        return value - WORD if value & SIGN_BIT else value


class Okx:
    """Spot pairs have two parts in their name, contracts three."""

    venue = "okx"
    contracts = "okx"
    depth_tells_spot = False
    snapshots_reset = True

    def __init__(self) -> None:
        self._books: dict[str, Summed] = {}

    def read(self, channel: str, body: bytes) -> list[said.Message]:
        """What a message says.  Raises RowError; a GAP where a checksum is not the book's."""
        del channel
        start = -1 if b'"event"' in body[:20] else body.find(CHANNEL, 0, 100)
        name = body[start + len(CHANNEL) :].partition(b'"')[0].decode(errors="replace")
        try:
            if start < 0:
                return self._archived(body)
            if name == "bbo-tbt":
                books = BOOKS.decode(body)
                return [_quote(books.arg.instId, one) for one in books.data]
            if name.startswith("books"):
                books = BOOKS.decode(body)
                return [self._depth(books, one) for one in books.data]
            if name.startswith("trades"):
                return [_trade(one) for one in TRADES.decode(body).data]
            if name in {"mark-price", "funding-rate"}:
                return [_prices(one) for one in PRICES.decode(body).data]
            msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            if isinstance(error, RowError):
                raise
            raise RowError(Defect.UNREADABLE, f"not a message of OKX's: {error}") from None
        return []

    def speaks(self, body: bytes) -> bool:
        """Every message of data names its instrument."""
        return b'"instId":"' in body[:200]

    def _archived(self, body: bytes) -> list[said.Message]:
        if b'"instId"' not in body or b'"asks"' not in body:
            msgspec.json.decode(body)
            return []
        book = ARCHIVED.decode(body)
        return [_levels(book.instId, book, snapshot=book.action == "snapshot")]

    def _depth(self, books: Books, book: Book) -> said.Depth:
        """Channels without an action (books5) send the whole of what they show."""
        symbol, snapshot = books.arg.instId, books.action != "update"
        made = _levels(symbol, book, snapshot=snapshot, channel=books.arg.channel)
        if book.checksum is not None and books.arg.channel.startswith("books"):
            summed = self._books.setdefault(f"{books.arg.channel} {symbol}", Summed())
            found = summed.take(book, snapshot=snapshot)
            if found != book.checksum:
                return replace(made, fault=f"checksum was {found}, expected {book.checksum}")
        return made


def _best(side: "SortedDict[Decimal, str]") -> Iterator[str]:
    for _, text in zip(range(LEVELS_SUMMED), side.values(), strict=False):
        yield text


def _is_spot(symbol: str) -> bool:
    return symbol.count("-") == 1


def _levels(symbol: str, book: Book, *, snapshot: bool, channel: str = "") -> said.Depth:
    return said.Depth(
        symbol,
        [(row[0], row[1]) for row in book.bids],
        [(row[0], row[1]) for row in book.asks],
        snapshot=snapshot,
        last=book.seqId,
        previous=book.prevSeqId,
        spot=_is_spot(symbol),
        book=channel,
    )


def _trade(one: TradeData) -> said.Trade:
    spot = _is_spot(one.instId)
    return said.Trade(one.instId, one.tradeId, one.side == "buy", one.px, one.sz, spot=spot)


def _quote(symbol: str, book: Book) -> said.Quoted:
    """The best of both sides; a side that is empty has no row."""
    bid = book.bids[0] if book.bids else ("", "")
    ask = book.asks[0] if book.asks else ("", "")
    return said.Quoted(symbol, bid[0], bid[1], ask[0], ask[1], spot=_is_spot(symbol))


def _prices(one: PriceData) -> said.Prices:
    pays = int(one.fundingTime) if one.fundingTime.isdecimal() else 0
    rate = one.fundingRate
    return said.Prices(one.instId, one.markPx, "", rate, pays, spot=_is_spot(one.instId))

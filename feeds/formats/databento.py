"""Databento's DBN files: every order (MBO), levels (MBP-10), quotes (MBP-1) and trades.

https://databento.com/docs/schemas-and-data-formats (read 2026-11-20).  Time is `ts_recv`, when
Databento's own machine had the message.  Records of one event end with the flag F_LAST and apply
at once.  A fill (F) says what the cancel or modify after it says too, and is not looked at.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from exchange.core.messages import RecordedTrade, Side, UpdateDepth
from exchange.core.units import Lots, Nanos, Ticks, UnitError
from feeds.best import changes
from feeds.defects import Defect, OnDefect, RowError, TickFileError
from feeds.figures import Figures
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.order_mirror import OrderMirror
from feeds.packed import Damaged
from feeds.sample import Sample
from feeds.source import FileSource
from feeds.told import Quote, Told
from feeds.venues import listing

MAGIC = b"DBN"
LAST, SNAPSHOT = 128, 32
NO_PRICE = (1 << 63) - 1
BUYS, SELLS = "B", "A"
EXTRA = "reading Databento's files needs `pip install 'plimsoll[databento]'`"


class Databento(FileSource):
    """One instrument of one file."""

    def __init__(self, opening: Opening, instrument_id: int | None) -> None:
        super().__init__(opening.path, opening.scale, opening.called, opening.on_defect)
        self._id = instrument_id

    def told(self) -> Iterator[Told]:
        """What every record of the instrument says."""
        scale = self.scale
        self.prices = Figures(scale.prices)
        self.sizes, self.trade_sizes = Figures(scale.sizes, 0), Figures(scale.trade_sizes, 0)
        self.begin_reading()
        row = 0
        for record in self._records():
            if self._id is not None and record.instrument_id != self._id:
                continue
            row += 1
            try:
                at = self._time.forward(row, record.ts_recv)
                yield from self.record(row, at, record)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
        yield from self.end_reading(row)

    def begin_reading(self) -> None:
        """Nothing was read yet."""

    def record(self, row: int, at: Nanos, record: Any) -> Iterator[Told]:  # noqa: ANN401 (no stubs)
        """What one record says.  Raises RowError or UnitError."""
        raise NotImplementedError

    def end_reading(self, row: int) -> Iterator[Told]:
        """What is left to say at the end."""
        del row
        yield from ()

    def _records(self) -> Iterator[Any]:
        decoder, count = _decoder(self.path), 0
        try:
            for chunk in self._file.chunks():
                for record in _decoded(decoder, chunk, f"{self.path}:{count + 1}"):
                    if hasattr(record, "instrument_id"):
                        count += 1
                        yield record
        except Damaged as damage:
            text = f"compressed data ends here: {damage}"
            self._defects.found(count + 1, Defect.TRUNCATED, text)
            return
        if decoder.buffer():
            self._defects.found(count + 1, Defect.TRUNCATED, "the file ends within a record")

    def trade(self, at: Nanos, record: Any) -> RecordedTrade | None:  # noqa: ANN401 (no stubs)
        """A trade; None where its side is not known."""
        side = str(record.side)
        if side not in {BUYS, SELLS}:
            self.notes["trades of unknown side"] += 1
            return None
        return RecordedTrade(
            at=at,
            symbol=self.symbol,
            side=Side.BUY if side == BUYS else Side.SELL,
            price=self.prices[record.price],
            size=self.trade_sizes[record.size],
        )


class ByOrder(Databento):
    """MBO: every order.  An auction's crossed book is told when it is over."""

    def begin_reading(self) -> None:
        """No order is known."""
        self._mirror = OrderMirror(self.symbol)
        self._at: Nanos = 0
        self._in_snapshot = False

    def record(self, row: int, at: Nanos, record: Any) -> Iterator[Told]:  # noqa: ANN401 (no stubs)
        """A trade at once; orders when their event is whole."""
        snapshot = bool(int(record.flags) & SNAPSHOT)
        if self._in_snapshot and not snapshot:
            yield from self._update(row)
        self._in_snapshot = snapshot
        self._at = at
        action = str(record.action)
        if action == "T":
            trade = self.trade(at, record)
            if trade is not None:
                yield row, trade, 0
        elif action in {"A", "M", "C"}:
            self._order(action, record)
        elif action == "R":
            self._mirror.clear()
        elif action not in {"F", "N"}:
            raise RowError(Defect.UNREADABLE, f"action was {action!r}, expected one of ACMRTFN")
        if int(record.flags) & LAST:
            yield from self._update(row)

    def end_reading(self, row: int) -> Iterator[Told]:
        """A file may end with a snapshot that has no last record."""
        yield from self._update(row)

    def _order(self, action: str, record: Any) -> None:  # noqa: ANN401 (no stubs)
        mirror, number = self._mirror, int(record.order_id)
        if action == "C":
            known = mirror.known.get(number)
            if known is None:
                self.notes["cancels of orders that were never told"] += 1
                return
            buy, price, open_size = known
            left = open_size - self.sizes[record.size]
            if left < 0:
                raise RowError(
                    Defect.BAD_NUMBER,
                    f"order {number} lost {record.size}, expected {open_size} lots at most",
                )
            mirror.put(number, price, left, buy=buy)
            return
        side = str(record.side)
        if side not in {BUYS, SELLS}:
            raise RowError(Defect.UNREADABLE, f"side of order {number} was {side!r}, expected A, B")
        if action == "A" and number in mirror.known and not int(record.flags) & SNAPSHOT:
            raise RowError(Defect.REPEATED, f"order {number} is added twice")
        price, size = self.prices[record.price], self.sizes[record.size]
        mirror.put(number, price, size, buy=side == BUYS)

    def _update(self, row: int) -> Iterator[Told]:
        if self._mirror.is_crossed:
            self.notes["events within an auction, whose book is crossed"] += 1
            return
        update = self._mirror.update(self._at)
        if update is not None:
            yield row, update, 0


class ByLevel(Databento):
    """MBP-10: the ten best levels after each change among them; MBP-1: the best ones.

    A level that leaves the range that is shown leaves the book: nothing is known of it.
    """

    def begin_reading(self) -> None:
        """No level is known."""
        self._bids: dict[Ticks, Lots] = {}
        self._asks: dict[Ticks, Lots] = {}
        self._fresh = True

    def record(self, row: int, at: Nanos, record: Any) -> Iterator[Told]:  # noqa: ANN401 (no stubs)
        """A trade, and the levels after it."""
        if str(record.action) == "T":
            trade = self.trade(at, record)
            if trade is not None:
                yield row, trade, 0
        pairs = record.levels
        bids = self._side((pair.bid_px, pair.bid_sz) for pair in pairs)
        asks = self._side((pair.ask_px, pair.ask_sz) for pair in pairs)
        rows = changes(self._bids, bids), changes(self._asks, asks)
        if int(record.flags) & LAST and any(rows):
            self._bids, self._asks = bids, asks
            update = UpdateDepth(
                at=at, symbol=self.symbol, bids=rows[0], asks=rows[1], snapshot=self._fresh
            )
            yield row, update, 0
            self._fresh = False

    def _side(self, pairs: Iterator[tuple[int, int]]) -> dict[Ticks, Lots]:
        return {
            self.prices[price]: self.sizes[size]
            for price, size in pairs
            if price != NO_PRICE and size
        }


class ByQuote(Databento):
    """MBP-1, TBBO and BBO: the best bid and ask, and the trades among them."""

    def record(self, row: int, at: Nanos, record: Any) -> Iterator[Told]:  # noqa: ANN401 (no stubs)
        """A trade, and the quote after it."""
        if str(getattr(record, "action", "")) == "T":
            trade = self.trade(at, record)
            if trade is not None:
                yield row, trade, 0
        best = record.levels[0]
        bid, bid_size = self._side(best.bid_px, best.bid_sz)
        ask, ask_size = self._side(best.ask_px, best.ask_sz)
        quote = Quote(
            at=at, symbol=self.symbol, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size
        )
        yield row, quote, 0

    def _side(self, price: int, size: int) -> tuple[Ticks, Lots]:
        return (0, 0) if price == NO_PRICE else (self.prices[price], self.sizes[size])


class ByTrade(Databento):
    """Trades alone."""

    def record(self, row: int, at: Nanos, record: Any) -> Iterator[Told]:  # noqa: ANN401 (no stubs)
        """One trade."""
        trade = self.trade(at, record)
        if trade is not None:
            yield row, trade, 0


# ------------------------------------------------------------------------------ recognition


class Schema(NamedTuple):
    """One kind of file."""

    source: Callable[[Opening, int | None], Databento]
    carries: tuple[Carries, ...]


SCHEMAS = {
    "mbo": Schema(ByOrder, (Carries.ORDERS, Carries.TRADES)),
    "mbp-10": Schema(ByLevel, (Carries.BOOK, Carries.TRADES)),
    "mbp-1": Schema(ByQuote, (Carries.QUOTES, Carries.TRADES)),
    "tbbo": Schema(ByQuote, (Carries.QUOTES, Carries.TRADES)),
    "trades": Schema(ByTrade, (Carries.TRADES,)),
}


def _decoder(path: object) -> Any:  # noqa: ANN401 (no stubs)
    try:
        from databento_dbn import DBNDecoder  # noqa: PLC0415 (optional)
    except ImportError:
        raise TickFileError(f"{path}: {EXTRA}") from None
    return DBNDecoder()


def _decoded(decoder: Any, data: bytes, where: str) -> list[Any]:  # noqa: ANN401 (no stubs)
    """What there is to read once `data` is there too.  Raises TickFileError for what is no DBN."""
    try:
        decoder.write(data)
        found: list[Any] = decoder.decode()
    except Exception as error:  # noqa: BLE001 (a ValueError, and in later releases a DBNError)
        raise TickFileError(f"{where}: {error}") from None
    return found


def _metadata(sample: Sample) -> Any:  # noqa: ANN401 (no stubs)
    found = _decoded(_decoder(sample.path), sample.head, f"{sample.path}:1")
    if not found:
        raise TickFileError(f"{sample.path}:1: the file ends within its metadata")
    return found[0]


def _sniff(sample: Sample) -> FileKind | None:
    if not sample.head.startswith(MAGIC):
        return None
    about = _metadata(sample)
    name = str(about.schema)
    schema = SCHEMAS.get(name)
    if schema is None:
        raise TickFileError(
            f"{sample.path}: a Databento file of {name}, expected {', '.join(SCHEMAS)}"
        )
    venue = str(about.dataset).lower()
    markets = tuple(listing(venue, symbol, *schema.carries) for symbol in about.symbols)
    return FileKind(format="databento", title=f"Databento {name}", venue=venue, listings=markets)


def _open(opening: Opening) -> Databento:
    about = _metadata(opening.sample)
    intervals = about.mappings.get(opening.called, [])
    ids = {interval["symbol"] for interval in intervals}
    known = int(ids.pop()) if len(ids) == 1 else None
    policy: OnDefect = opening.on_defect
    return SCHEMAS[str(about.schema)].source(opening._replace(on_defect=policy), known)


FORMAT = Format("databento", _sniff, _open)

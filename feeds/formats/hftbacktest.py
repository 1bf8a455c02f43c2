"""hftbacktest's event files: an .npz (or .npy) with one structured array.

https://hftbacktest.readthedocs.io/en/latest/data.html: each event has flags for the clock that it
is visible to.  What the local clock saw is read, in its order; a file without such events is read
by the exchange's clock.  Figures are floats there and are taken as the shortest decimals that they
stand for.  The array is read piece by piece, never held whole.
"""

import ast
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

from exchange.core.messages import RecordedTrade, Side, UpdateDepth
from exchange.core.units import Lots, Nanos, Ticks, UnitError
from feeds.best import changes
from feeds.defects import Defect, RowError, TickFileError
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind, Listing
from feeds.packed import Damaged
from feeds.sample import Sample
from feeds.source import FileSource
from feeds.told import Told
from feeds.venues import terms

MAGIC = b"\x93NUMPY"
EVENT = Struct("<QqqddQqd")
"""ev, exch_ts, local_ts, px, qty, order_id, ival, fval."""
FIELDS = ("ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval")
DEPTH, TRADE, CLEAR, SNAPSHOT, BBO = 1, 2, 3, 4, 5
KIND = 0xFF
BUY, SELL, LOCAL, EXCHANGE = 1 << 29, 1 << 28, 1 << 30, 1 << 31
LEVELS = {DEPTH, CLEAR, SNAPSHOT}


class Event(NamedTuple):
    """One event that the chosen clock saw."""

    at: Nanos
    is_level: bool
    row: int
    kind: int
    buys: bool
    price: float
    size: float


class Hftbacktest(FileSource):
    """The events of one market.  Levels of one moment apply at once."""

    clock = LOCAL

    def told(self) -> Iterator[Told]:
        """Depth updates and trades."""
        self._bids: dict[Ticks, Lots] = {}
        self._asks: dict[Ticks, Lots] = {}
        self._fresh = True
        for (at, is_level), group in groupby(self._events(), key=itemgetter(0, 1)):
            if is_level:
                yield from self._depth(at, group)
                continue
            for event in group:
                try:
                    yield event.row, self._trade(event), 0
                except (RowError, UnitError) as error:
                    self._defects.caught(event.row, error)

    def _depth(self, at: Nanos, group: Iterator[Event]) -> Iterator[Told]:
        old = dict(self._bids), dict(self._asks)
        row = 0
        for event in group:
            row = event.row
            try:
                self._level(event)
            except (RowError, UnitError) as error:
                self._defects.caught(event.row, error)
        bids, asks = changes(old[0], self._bids), changes(old[1], self._asks)
        if bids or asks:
            update = UpdateDepth(
                at=at, symbol=self.symbol, bids=bids, asks=asks, snapshot=self._fresh
            )
            yield row, update, 0
            self._fresh = False

    def _level(self, event: Event) -> None:
        side = self._bids if event.buys else self._asks
        if event.kind == CLEAR:
            self._clear(side, event)
            return
        price = self.scale.prices[_text(event.price)]
        size = self.scale.sizes[_text(event.size)]
        if size:
            side[price] = size
        else:
            side.pop(price, None)

    def _clear(self, side: dict[Ticks, Lots], event: Event) -> None:
        """From the best up to the price, with it; without a price, everything."""
        if not event.price > 0:
            side.clear()
            return
        bound = self.scale.prices[_text(event.price)]
        for price in list(side):
            if price >= bound if event.buys else price <= bound:
                del side[price]

    def _trade(self, event: Event) -> RecordedTrade:
        return RecordedTrade(
            at=event.at,
            symbol=self.symbol,
            side=Side.BUY if event.buys else Side.SELL,
            price=self.scale.prices[_text(event.price)],
            size=self.scale.trade_sizes[_text(event.size)],
        )

    def _events(self) -> Iterator[Event]:
        for row, raw in self._rows():
            flags, exchange, local, price, size, *_ = EVENT.unpack(raw)
            kind = flags & KIND
            if not flags & self.clock:
                continue
            if kind not in LEVELS and kind != TRADE:
                self.notes["events of other kinds"] += 1
                continue
            try:
                at = self._time.forward(row, local if self.clock == LOCAL else exchange)
                if not flags & (BUY | SELL) and kind != CLEAR:
                    raise RowError(Defect.UNREADABLE, f"event {flags:#x} has no side")  # noqa: TRY301
            except RowError as error:
                self._defects.caught(row, error)
                continue
            yield Event(at, kind in LEVELS, row, kind, bool(flags & BUY), price, size)

    def _rows(self) -> Iterator[tuple[int, bytes]]:
        """Every event's bytes, with its number from 1."""
        row, rest = 0, b""
        try:
            chunks = self._file.chunks()
            rest = _beyond_header(chunks, self.path)
            for chunk in chunks:
                whole = len(rest) - len(rest) % EVENT.size
                for start in range(0, whole, EVENT.size):
                    row += 1
                    yield row, rest[start : start + EVENT.size]
                rest = rest[whole:] + chunk
            for start in range(0, len(rest) - EVENT.size + 1, EVENT.size):
                row += 1
                yield row, rest[start : start + EVENT.size]
        except Damaged as damage:
            self._defects.found(row + 1, Defect.TRUNCATED, f"compressed data ends here: {damage}")
            return
        if len(rest) % EVENT.size:
            self._defects.found(row + 1, Defect.TRUNCATED, "the array ends within an event")


def _header(head: bytes, path: object) -> tuple[int, object]:
    """How long the header of an array is, and what it says."""
    width = 2 if head[len(MAGIC)] == 1 else 4
    start = len(MAGIC) + 2
    length = int.from_bytes(head[start : start + width], "little")
    begin = start + width
    try:
        told = ast.literal_eval(head[begin : begin + length].decode())
    except (ValueError, SyntaxError, UnicodeDecodeError):
        raise TickFileError(f"{path}: the header of its array cannot be read") from None
    return begin + length, told


def _beyond_header(chunks: Iterator[bytes], path: object) -> bytes:
    rest = next(chunks, b"")
    length, _ = _header(rest, path)
    return rest[length:]


def _text(value: float) -> str:
    """The shortest decimal that a float stands for; NaN and infinity stay what they are."""
    text = repr(value)
    return text.removesuffix(".0")


def _sniff(sample: Sample) -> FileKind | None:
    if not sample.head.startswith(MAGIC):
        return None
    _, told = _header(sample.head, sample.path)
    descr = told.get("descr") if isinstance(told, dict) else None
    names = [field[0] for field in descr] if isinstance(descr, list) else []
    if names != list(FIELDS):
        raise TickFileError(
            f"{sample.path}: an array of {', '.join(map(str, names))[:200] or 'plain numbers'}, "
            f"expected the events of hftbacktest: {', '.join(FIELDS)}"
        )
    symbol = sample.path.stem.partition("_")[0].upper()
    what = terms("binance-futures", symbol)
    listing = Listing(
        symbol=symbol,
        market=what.market,
        carries=(Carries.BOOK, Carries.TRADES),
        settle=what.settle,
        contract=what.contract,
    )
    return FileKind(format="hftbacktest", title="hftbacktest events", venue="", listings=(listing,))


def _open(opening: Opening) -> Hftbacktest:
    source = Hftbacktest(opening.path, opening.scale, opening.called, opening.on_defect)
    length, _ = _header(opening.sample.head, opening.path)
    first = opening.sample.head[length : length + EVENT.size]
    if len(first) == EVENT.size and not EVENT.unpack(first)[0] & LOCAL:
        source.clock = EXCHANGE
    return source


FORMAT = Format("hftbacktest", _sniff, _open)

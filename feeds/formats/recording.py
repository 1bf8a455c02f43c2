"""Recordings of venues' websockets, and archives made of such messages.

Time is the local receive time where the recorder kept it: the moment at which a trader on that
machine knew.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.units import SECOND, Lots, Nanos, Ticks, UnitError
from feeds.defects import (
    Defect,
    Names,
    Numbers,
    OnDefect,
    RowError,
    TickFileError,
    repetition,
)
from feeds.depth_chain import DepthChain, Link
from feeds.dialects import DIALECTS, Dialect
from feeds.dialects.said import Depth, Forced, Message, Prices, Quoted, Rows, RowsText, Trade
from feeds.format import Format, Opening
from feeds.frames import Collector, MakeRecorder, recorder_of
from feeds.known_lines import KnownLines
from feeds.level_text import LevelText
from feeds.line_shape import COMPILED
from feeds.listing import Carries, FileKind, Listing, Market
from feeds.sample import LINES_KEPT, Sample
from feeds.scale import Scale
from feeds.source import FileSource
from feeds.told import Liquidation, Quote, Told
from feeds.venues import terms

BUFFER_MAX: Final = 20_000
"""Depth updates kept while there is no snapshot; minutes of the busiest stream."""
ROWS_SEEN: Final = 20_000
"""Rows in which every market of a recording must have appeared."""
BYTES_SEEN: Final = 1 << 24
Key: TypeAlias = tuple[str, bool | None]
"""A symbol, and whether it is a spot market, where that was told."""
ROWS: Final = msgspec.json.Decoder(Rows)
HOUR: Final[Nanos] = 3600 * SECOND
MILLISECOND: Final = 1_000_000


class Recording(FileSource):
    """One market of one recording.

    Trades before the first snapshot are left out, because there is no book yet, and so are
    trades that did not happen in the book (insurance fund, ADL, block trades, price 0).
    """

    def __init__(
        self,
        path: Path,
        scale: Scale,
        called: str,
        on_defect: OnDefect,
        *,
        recorder: MakeRecorder,
        dialect: type[Dialect],
        listing: Listing,
        alone: bool,
        book: str = "",
    ) -> None:
        """`alone`: the recording is of one market, and another in it is a defect.

        `book`: which book of the market, where there are several.
        """
        super().__init__(path, scale, called, on_defect)
        self._recorder = recorder
        self._dialect = dialect
        self._foreign = listing.market is not Market.SPOT
        """Whether messages are of another market that are of a spot market."""
        self._has_book = Carries.BOOK in listing.carries
        self._alone = alone
        self._book = book
        self._level_text = LevelText(scale.prices, scale.sizes)
        self._is_plain = COMPILED and scale.is_plain
        """Whether the quick ways are open, which take plain figures only."""
        self._learns = self._is_plain and recorder is Collector
        """Whether lines are known by their shape, once one like them was read."""
        self._says: dict[type[Message], Callable[[int, Nanos, Any], None]] = {
            Depth: self._depth,
            Trade: self._trade,
            Prices: self._prices,
            Forced: self._forced,
        }
        """What adds what a message tells; others are quotes.  They raise RowError or UnitError."""

    def told(self) -> Iterator[Told]:
        """Everything that was recorded of the market."""
        return chain.from_iterable(self._rows())

    def _rows(self) -> Iterator[list[Told]]:
        """The same, some rows at a time."""
        self._told: list[Told] = []
        self._chain = DepthChain()
        self._buffer: list[tuple[int, Depth]] = []
        self._numbers = Numbers("trade", self.notes)
        self._names = Names("trade")
        self._prices_known = Prices("")
        self._synchronised = not self._has_book
        self._known = KnownLines(self.scale, self._time, self._numbers)
        self._line, row = b"", 0
        frame_of, read = self._recorder().frame, self._dialect().read
        try:
            for first, lines in self._file.blocks():
                place = self._take_known(lines, 0, first)
                while place < len(lines):
                    row, line = first + place, lines[place]
                    try:
                        if line == self._line:
                            raise repetition()
                        self._line = line
                        frame = frame_of(line)
                        if frame is not None:
                            at, channel, body = frame
                            self._heard(row, at, read(channel, body))
                    except RowError as error:
                        self._defects.caught(row, error)
                    place = self._take_known(lines, place + 1, first)
                row = first + place - 1
                yield self._told
                self._told = []
        except TickFileError:
            yield self._told
            raise
        if not self._synchronised:
            self._defects.found(
                row, Defect.NO_SNAPSHOT, "the file ends without a depth snapshot to begin from"
            )

    def _take_known(self, lines: list[bytes], place: int, first: int) -> int:
        """Add what lines of known shapes say, from a place on; the place of the next other one."""
        if not self._learns:
            return place
        after = self._known.take(lines, place, first, self._line, self._told)
        self._line = lines[after - 1] if after > place else self._line
        return after

    def _heard(self, row: int, at: Nanos, messages: list[Message]) -> None:
        """Add what the messages of a line tell.  Raises RowError for the line as a whole."""
        if not messages:
            self.notes["messages of other kinds"] += 1
        own, called, foreign = messages, self.called, self._foreign
        for message in messages:
            if message.symbol != called or message.spot is foreign:
                own = list(filter(self._is_own, messages))
                break
        if own or self._alone:
            at = self._time.forward(row, at)
        for message in own:
            try:
                self._says.get(type(message), self._quote)(row, at, message)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)

    def _is_own(self, message: Message) -> bool:
        """Whether it is of this market.  Raises RowError where no other may be there."""
        if message.spot is self._foreign and not self._dialect.depth_tells_spot:
            return False
        if message.symbol == self.called or not message.symbol:
            return True
        if self._alone:
            text = f"symbol was {message.symbol[:40]}, expected {self.called}"
            raise RowError(Defect.UNKNOWN_SYMBOL, text)
        return False

    # ---------------------------------------------------------------------------- depth

    def _depth(self, row: int, at: Nanos, depth: Depth) -> None:
        if not self._has_book or depth.book != self._book:
            return
        if depth.snapshot:
            self._snapshot(row, at, depth)
        else:
            self._diff(row, at, depth)
        if depth.fault:
            self._fault(row, f"depth updates are missing: {depth.fault}")

    def _snapshot(self, row: int, at: Nanos, snapshot: Depth) -> None:
        if self._chain.last is not None and not self._dialect.snapshots_reset:
            self.notes["snapshots not needed"] += 1
            return
        update = self._update(at, snapshot.bids, snapshot.asks, snapshot=True)
        self._synchronised = True
        self._chain.start(snapshot.last)
        self._told.append((row, update, snapshot.number))
        buffered, self._buffer = self._buffer, []
        for earlier, diff in buffered:
            try:
                self._diff(earlier, at, diff)
            except (RowError, UnitError) as error:
                self._defects.caught(earlier, error)

    def _diff(self, row: int, at: Nanos, diff: Depth) -> None:
        link = self._chain.link(diff)
        if link is Link.GAP:
            link = self._gap(row, diff)
        if link is Link.FOLLOWS:
            update = self._update(at, diff.bids, diff.asks)
            self._chain.extend(diff)
            self._told.append((row, update, diff.number))
        elif link is Link.WAITS:
            self._wait(row, diff)
        elif link is Link.OLD:
            self.notes["depth updates older than the snapshot"] += 1
        else:
            text = f"depth update {diff.last} is repeated, the book stands at {self._chain.last}"
            raise RowError(Defect.REPEATED, text)

    def _gap(self, row: int, diff: Depth) -> Link:
        """Stop, or go on from what there is, or wait for the next snapshot."""
        begins = diff.first if diff.previous is None else diff.previous
        text = f"depth updates are missing: the book stands at {self._chain.last}, and this update"
        self._fault(row, f"{text} follows {begins}")
        return Link.FOLLOWS if self._chain.last is not None else Link.WAITS

    def _fault(self, row: int, text: str) -> None:
        self._defects.found(row, Defect.GAP, text)
        if self._defects.on_defect is OnDefect.REPAIR:
            self._chain.lose()

    def _wait(self, row: int, diff: Depth) -> None:
        if len(self._buffer) == BUFFER_MAX:
            raise TickFileError(
                f"{self.path}:{row}: {BUFFER_MAX} depth updates and no snapshot to put them on"
            )
        if self._dialect.snapshots_reset:
            self.notes["depth updates before the snapshot"] += 1
        else:
            self._buffer.append((row, diff))

    def _update(
        self, at: Nanos, bids: RowsText, asks: RowsText, *, snapshot: bool = False
    ) -> UpdateDepth:
        return UpdateDepth(
            at=at,
            symbol=self.symbol,
            bids=self._levels(bids),
            asks=self._levels(asks),
            snapshot=snapshot,
        )

    def _levels(self, rows: RowsText) -> tuple[tuple[Ticks, Lots], ...]:
        if isinstance(rows, msgspec.Raw):
            plain = self._level_text.read(bytes(rows)) if self._is_plain else None
            if plain is not None:
                return plain
            rows = decoded(rows)
        prices, sizes = self.scale.prices, self.scale.sizes
        return tuple([(prices[price], sizes[size]) for price, size in rows])

    # ------------------------------------------------------------------- quotes and trades

    def _quote(self, row: int, at: Nanos, quote: Quoted) -> None:
        bid, bid_size, ask, ask_size = quote.bid, quote.bid_size, quote.ask, quote.ask_size
        prices, sizes = self.scale.quoted, self.scale.sizes
        bid_ticks = prices[bid] if bid else 0
        ask_ticks = prices[ask] if ask else 0
        said = Quote(
            at=at,
            symbol=self.symbol,
            bid=bid_ticks,
            bid_size=sizes[bid_size] if bid_ticks and bid_size else 0,
            ask=ask_ticks,
            ask_size=sizes[ask_size] if ask_ticks and ask_size else 0,
            sized=bool(bid_size or ask_size),
        )
        self._told.append((row, said, quote.number))
        if self._learns and quote.keys:
            self._known.learn_quote(self._line, quote.keys)

    def _trade(self, row: int, at: Nanos, trade: Trade) -> None:
        if trade.counts:
            self._numbers.take(int(trade.name))
        else:
            self._names.take(trade.name, trade.price, trade.size)
        if not trade.in_book:
            self.notes["trades outside the book"] += 1
        elif not self._synchronised:
            self.notes["trades before the snapshot"] += 1
        else:
            said = self._recorded(at, trade)
            self._told.append((row, said, 0))
            if self._learns and trade.keys:
                self._known.learn_trade(self._line, trade.keys, said.side)

    def _recorded(self, at: Nanos, trade: Trade) -> RecordedTrade:
        return RecordedTrade(
            at=at,
            symbol=self.symbol,
            side=Side.BUY if trade.buys else Side.SELL,
            price=self.scale.prices[trade.price],
            size=self.scale.trade_sizes[trade.size],
        )

    def _forced(self, row: int, at: Nanos, forced: Forced) -> None:
        said = Liquidation(
            at=at,
            symbol=self.symbol,
            side=Side.BUY if forced.buys else Side.SELL,
            price=self.scale.prices[forced.price],
            size=self.scale.trade_sizes[forced.size],
        )
        self._told.append((row, said, 0))

    def _prices(self, row: int, at: Nanos, new: Prices) -> None:
        self._told.extend([(row, price, 0) for price in self._changed(at, new)])

    def _changed(
        self, at: Nanos, new: Prices
    ) -> list[UpdateIndexPrice | UpdateFundingRate | UpdateMarkPrice]:
        """What changed, the index first: a mark is made of it."""
        symbol, scale, old = self.symbol, self.scale, self._prices_known
        made: list[UpdateIndexPrice | UpdateFundingRate | UpdateMarkPrice] = []
        if new.spot_index and new.spot_index != old.spot_index:
            price = scale.mark(new.spot_index, "index price")
            made.append(UpdateIndexPrice(at=at, symbol=symbol, price=price))
        funding = (new.rate, new.pays_ms)
        if new.rate and new.pays_ms and funding != (old.rate, old.pays_ms):
            made.append(
                UpdateFundingRate(
                    at=at,
                    symbol=symbol,
                    rate=scale.rate(new.rate),
                    next_at=new.pays_ms * MILLISECOND,
                    interval=new.hours * HOUR,
                )
            )
        if new.mark and new.mark != old.mark:
            price = scale.mark(new.mark, "mark price")
            made.append(UpdateMarkPrice(at=at, symbol=symbol, price=price))
        self._prices_known = Prices(
            "",
            new.mark or old.mark,
            new.spot_index or old.spot_index,
            new.rate or old.rate,
            new.pays_ms,
        )
        return made


def decoded(text: msgspec.Raw) -> Rows:
    """Levels that stand in a message as text.  Raises RowError."""
    try:
        return ROWS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RowError(Defect.UNREADABLE, f"not levels of a book: {error}") from None


# ------------------------------------------------------------------------------ recognition


def _sniff(sample: Sample) -> FileKind | None:
    recorder, dialect = _ways(sample)
    if recorder is None or dialect is None:
        return None
    found = _markets(sample, recorder, dialect)
    if not found and dialect.depth_tells_spot:
        raise TickFileError(
            f"{sample.path}: no depth update in the first {ROWS_SEEN} rows, "
            "so spot and perpetual look alike"
        )
    if not found:
        raise TickFileError(
            f"{sample.path}: a {recorder().title} of {dialect.venue}, but nothing in its first "
            f"{ROWS_SEEN} rows tells a market's depth, quotes, trades or prices"
        )
    return FileKind(
        format="recording",
        title=f"{recorder().title} of {dialect.venue}",
        venue=dialect.venue,
        listings=tuple(found),
    )


def _ways(sample: Sample) -> tuple[MakeRecorder | None, type[Dialect] | None]:
    """Who wrote the file, and whose messages it holds."""
    makes = (recorder_of(line) for line in sample.lines[:20])
    recorder = next((make for make in makes if make is not None), None)
    if recorder is None:
        return None, None
    reader = recorder()
    for line in sample.lines:
        try:
            frame = reader.frame(line)
        except RowError:
            continue
        for dialect in DIALECTS:
            if frame is not None and dialect().speaks(frame[2]):
                return recorder, dialect
    return recorder, None


def _markets(sample: Sample, make: MakeRecorder, dialect: type[Dialect]) -> list[Listing]:
    """Every market that speaks in the first rows, in order of its first word."""
    recorder, reader, seen = make(), dialect(), dict[Key, dict[Carries, bool]]()
    read = 0
    for _, line in sample.more(ROWS_SEEN):
        read += len(line)
        if read > BYTES_SEEN:
            break
        try:
            frame = recorder.frame(line)
            messages = [] if frame is None else reader.read(frame[1], frame[2])
        except RowError:
            continue
        for message in messages:
            if message.symbol:
                _note(seen.setdefault((message.symbol, message.spot), {}), message)
    listings = (
        _listing(dialect, symbol, spot, carries)
        for (symbol, spot), carries in _joined(seen, one=dialect.depth_tells_spot).items()
        if carries
    )
    return [one for one in listings if one is not None]


def _note(carries: dict[Carries, bool], message: Message) -> None:
    """Add what a message carries, and whether it does so with a number."""
    if isinstance(message, Depth):
        carries[Carries.BOOK] = carries.get(Carries.BOOK, False) or message.number > 0
    elif isinstance(message, Quoted):
        carries[Carries.QUOTES] = carries.get(Carries.QUOTES, False) or message.number > 0
    elif isinstance(message, Trade):
        carries[Carries.TRADES] = True
    elif isinstance(message, Forced):
        carries[Carries.LIQUIDATIONS] = True
    else:
        told = {Carries.MARK: message.mark, Carries.INDEX: message.spot_index}
        told[Carries.FUNDING] = message.rate
        carries.update({kind: True for kind, text in told.items() if text})


def _joined(seen: dict[Key, dict[Carries, bool]], *, one: bool) -> dict[Key, dict[Carries, bool]]:
    """Messages that do not tell spot from contract belong to the market of that name that does.

    `one`: there is only one of a name, and the first to tell decides.
    """
    joined: dict[Key, dict[Carries, bool]] = {}
    for (symbol, spot), carries in sorted(seen.items(), key=lambda pair: pair[0][1] is None):
        named = [key for key in joined if key[0] == symbol]
        if (spot is None or one) and len(named) == 1:
            own = joined[named[0]]
            for kind, numbered in carries.items():
                own[kind] = own.get(kind, False) or numbered
        else:
            joined[symbol, spot] = carries
    return joined


def _listing(
    dialect: type[Dialect],
    symbol: str,
    spot: bool | None,  # noqa: FBT001 (three-valued)
    carries: dict[Carries, bool],
) -> Listing | None:
    """The market; None where it is not told what it is."""
    what = terms(f"{dialect.venue}-spot" if spot else dialect.contracts, symbol)
    if spot is None and dialect.depth_tells_spot and what.market is not Market.INVERSE:
        return None
    return Listing(
        symbol=symbol,
        market=Market.SPOT if spot else what.market,
        carries=tuple(kind for kind in Carries if kind in carries),
        settle=what.settle,
        contract=what.contract,
        numbered=carries.get(Carries.BOOK, False) and carries.get(Carries.QUOTES, False),
    )


def _open(opening: Opening) -> Recording:
    recorder, dialect = _ways(opening.sample)
    assert recorder is not None, "recognised before"
    assert dialect is not None, "recognised before"
    return Recording(
        opening.path,
        opening.scale,
        opening.called,
        opening.on_defect,
        recorder=recorder,
        dialect=dialect,
        listing=opening.listing,
        alone=opening.alone,
        book=_deepest(opening, recorder, dialect),
    )


def _deepest(opening: Opening, make: MakeRecorder, dialect: type[Dialect]) -> str:
    """The deepest of a market's books in the first rows; one without a number shows all."""
    recorder, reader, found = make(), dialect(), dict[str, int]()
    for row, line in opening.sample.more(ROWS_SEEN):
        if found and row > LINES_KEPT:
            break
        try:
            frame = recorder.frame(line)
            messages = [] if frame is None else reader.read(frame[1], frame[2])
        except RowError:
            continue
        for one in messages:
            if isinstance(one, Depth) and one.symbol == opening.called:
                digits = "".join(filter(str.isdecimal, one.book))
                found[one.book] = int(digits) if digits else BUFFER_MAX
    return max(found, key=lambda name: found[name], default="")


FORMAT = Format("recording", _sniff, _open)

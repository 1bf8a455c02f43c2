"""Which reader a file needs, and what its instrument looks like, told from header and rows."""

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from math import gcd, lcm
from pathlib import Path

import msgspec

from exchange.core.units import UnitError, decimal
from feeds.binance_messages import (
    BookTicker,
    DepthDiff,
    DepthSnapshot,
    Message,
    Trade,
    message,
    received,
)
from feeds.defects import Defects, OnDefect, RowError, TickFileError
from feeds.grid import decimal_text
from feeds.tardis import header
from feeds.tick_file import TickFile

ROWS_SEEN = 400
"""Lines of a raw recording in which depth, the surest sign of its market, must have appeared."""
ROWS_MEASURED = 100_000
"""Rows from which the grid is inferred; old orders finer than today's lot can be far apart."""
SEEN_MAX = 65_536
DISTINCT_LEAST = 5
"""With fewer different numbers, their common step says little."""
TIME_COLUMNS = {"symbol", "local_timestamp"}
TICKER_COLUMNS = TIME_COLUMNS | {"funding_rate", "index_price", "mark_price"}


class Kind(StrEnum):
    """Which reader a file needs."""

    BINANCE_RAW = "binance_raw"
    TARDIS_DEPTH = "tardis_incremental_book_l2"
    TARDIS_TRADES = "tardis_trades"
    TARDIS_TICKER = "tardis_derivative_ticker"


class Market(StrEnum):
    """What is traded there."""

    PERPETUAL = "perpetual"
    """Linear: settled in the money it is quoted in."""
    COIN_M = "coin_m"
    """Inverse: settled in the coin."""
    SPOT = "spot"
    UNKNOWN = "unknown"


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a tick file is."""

    kind: Kind
    venue: str
    market: Market
    symbol: str


def describe(path: str | Path) -> FileKind:
    """Tell what a tick file is.  Raises TickFileError, saying what was found, where unsure."""
    path = Path(path)
    first = next(_lines(path), None)
    if first is None:
        raise TickFileError(f"{path}:1: the file is empty")
    names = header(first[1][:4000])
    if set(names) >= TIME_COLUMNS:
        return _tardis(path, names)
    try:
        received(first[1])
    except RowError:
        start = ascii(first[1][:40].decode(errors="replace"))
        raise TickFileError(
            f"{path}:1: begins with {start}, expected a raw Binance recording "
            "(`<local ns> <JSON>`) or the header of a Tardis dataset"
        ) from None
    return _binance(path)


def infer_grid(path: str | Path) -> tuple[str, str]:
    """Tick size and lot size, as the greatest steps that every price and size lies on.

    In the file's own units, which on COIN-M are contracts.  Taken down to 1, 5 or 25 times a power
    of ten, as venues choose them.
    Raises TickFileError where too few different numbers were seen to tell.
    """
    path = Path(path)
    ticks, lots = _Step("tick_size"), _Step("lot_size")
    try:
        for price, size in _figures(path, describe(path)):
            ticks.add(price)
            lots.add(size)
        grid = ticks.text, lots.text
    except UnitError as error:
        raise TickFileError(f"{path}: {error}") from None
    return grid


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    return TickFile(path, Defects(path, OnDefect.STOP)).lines()


# -------------------------------------------------------------------------------- Tardis


def _tardis(path: Path, names: list[str]) -> FileKind:
    columns = set(names)
    if "liquidations" in path.name:
        raise TickFileError(f"{path}: was a liquidations dataset, expected trades or a book")
    if columns >= TIME_COLUMNS | {"is_snapshot", "side", "price", "amount"}:
        kind = Kind.TARDIS_DEPTH
    elif columns >= TICKER_COLUMNS:
        kind = Kind.TARDIS_TICKER
    elif columns >= TIME_COLUMNS | {"id", "side", "price", "amount"}:
        kind = Kind.TARDIS_TRADES
    else:
        raise TickFileError(
            f"{path}:1: columns were {','.join(names)[:200]}, expected those of "
            "incremental_book_L2, trades or derivative_ticker"
        )
    row = next(islice(_lines(path), 1, None), None)
    if row is None:
        raise TickFileError(f"{path}:2: no row after the header")
    fields = dict(zip(names, row[1].decode(errors="replace").strip().split(","), strict=False))
    venue, symbol = fields.get("exchange", ""), fields.get("symbol", "")
    return FileKind(kind=kind, venue=venue, market=Market.UNKNOWN, symbol=symbol)


# ------------------------------------------------------------------------------- Binance


def _binance(path: Path) -> FileKind:
    symbol = ""
    for found in _messages(path, ROWS_SEEN):
        symbol = symbol or found.symbol
        market = _market(found)
        if market is not None and symbol:
            return FileKind(kind=Kind.BINANCE_RAW, venue="binance", market=market, symbol=symbol)
    raise TickFileError(
        f"{path}: no depth update in the first {ROWS_SEEN} rows, so spot and perpetual look alike"
    )


def _market(found: Message) -> Market | None:
    """Spot depth has no `pu`; COIN-M symbols name their expiry, `_PERP` or a date."""
    if not isinstance(found, DepthDiff):
        return None
    if found.previous is None:
        return Market.SPOT
    return Market.COIN_M if "USD_" in found.symbol else Market.PERPETUAL


def _messages(path: Path, rows: int) -> Iterator[Message]:
    for row, line in islice(_lines(path), rows):
        try:
            found = message(received(line)[1])
        except RowError as error:
            raise TickFileError(f"{path}:{row}: {error}") from None
        if found is not None:
            yield found


# ---------------------------------------------------------------------------------- grid


def _figures(path: Path, kind: FileKind) -> Iterator[tuple[str, str]]:
    """Prices and sizes as they stand in the file."""
    if kind.kind is Kind.TARDIS_TICKER:
        raise TickFileError(f"{path}: a derivative_ticker has no sizes to infer a lot from")
    if kind.kind is Kind.BINANCE_RAW:
        for found in _messages(path, ROWS_MEASURED):
            if isinstance(found, DepthDiff | DepthSnapshot):
                yield from found.bids
                yield from found.asks
            elif isinstance(found, BookTicker):
                yield found.bid, found.bid_size
                yield found.ask, found.ask_size
            elif isinstance(found, Trade):
                yield found.price, found.size
        return
    names = header(next(_lines(path))[1])
    price, amount = names.index("price"), names.index("amount")
    for row, line in islice(_lines(path), 1, ROWS_MEASURED):
        fields = line.decode(errors="replace").rstrip("\r").split(",")
        if len(fields) != len(names):
            raise TickFileError(f"{path}:{row}: {len(fields)} columns, expected {len(names)}")
        yield fields[price], fields[amount]


class _Step:
    """The greatest step on which every number so far lies."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._step = Fraction(0)
        self._distinct = 0
        self._seen: set[str] = set()

    def add(self, text: str) -> None:
        """Take a number into account.  Raises UnitError if it is none."""
        if text in self._seen:
            return
        if len(self._seen) == SEEN_MAX:
            self._seen.clear()
        self._seen.add(text)
        value, step = Fraction(decimal_text(text, self._what)), self._step
        if value:
            self._distinct += 1
            unit = lcm(value.denominator, step.denominator)
            self._step = Fraction(gcd(int(value * unit), int(step * unit)), unit)

    @property
    def text(self) -> str:
        """The step in decimals.  Raises UnitError where too little was seen."""
        if self._distinct < DISTINCT_LEAST:
            raise UnitError(
                f"{self._distinct} different numbers are too few to infer {self._what} from, "
                "state it instead"
            )
        return decimal(_customary(self._step), places=18)


def _customary(step: Fraction) -> Fraction:
    """The largest of 1, 5 or 25 times a power of ten that `step` is a multiple of."""
    power = Fraction(10) ** len(str(step.numerator))
    while (step / power).denominator != 1:
        power /= 10
    count = int(step / power)
    return power * next(factor for factor in (25, 5, 1) if count % factor == 0)

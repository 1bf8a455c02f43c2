"""Binance's public archives (data.binance.vision): one CSV in a zip, with a header or without.

https://github.com/binance/binance-public-data (read 2026-11-20).  What a file is stands in its
name and in its folders; klines of marks, indices and premiums differ in nothing else.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.units import RATE_ONE, SECOND, Lots, Nanos, Rate, Ticks, UnitError
from feeds.bars import Bar, trades
from feeds.best import changes
from feeds.clock_text import Clock, Digits, Written
from feeds.csv_source import CsvSource, one_of
from feeds.defects import Defect, Names, Numbers, RowError, TickFileError
from feeds.format import Format, Opening
from feeds.grid import half_even, nearest
from feeds.listing import Carries, FileKind
from feeds.sample import Sample
from feeds.told import Liquidation, Quote, Said, Told
from feeds.venues import listing

MILLISECONDS = 13
"""Digits.  Spot archives have microseconds from 2025 on."""
HOUR: Nanos = 3600 * SECOND
FUNDING_INTERVAL: Nanos = 8 * HOUR
INTEREST: Rate = RATE_ONE // 10_000
"""0.01 % for each interval of eight hours."""
CLAMP: Rate = 5 * INTEREST
LENGTHS = {"s": SECOND, "m": 60 * SECOND, "h": HOUR, "d": 24 * HOUR, "w": 7 * 24 * HOUR}


class Archive(CsvSource):
    """One file of the archives."""

    names: tuple[str, ...]
    """The columns of a file without a header."""

    def clock(self) -> Clock:
        """Milliseconds or microseconds since 1970."""
        return Digits(MILLISECONDS, self.notes)

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Files whose rows do not stand alone have their own `told`."""
        raise NotImplementedError


class Trades(Archive):
    """trades: `is_buyer_maker` means that the taker sold."""

    names: tuple[str, ...] = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
    columns = ("id", "price", "qty", "is_buyer_maker")
    time_column = "time"
    counted = "trade"

    def told(self) -> Iterator[Told]:
        """One trade for each row."""
        self._ids = Numbers(self.counted, self.notes)
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """One trade."""
        name, price, size, maker = fields
        if not name.isdecimal():
            raise RowError(Defect.UNREADABLE, f"id was {name[:40]!r}, expected a whole number")
        self._ids.take(int(name))
        sells = one_of(maker.lower(), "is_buyer_maker", "true", "false")
        trade = RecordedTrade(
            at=at,
            symbol=self.symbol,
            side=Side.SELL if sells else Side.BUY,
            price=self.scale.prices[price],
            size=self.scale.trade_sizes[size],
        )
        return ((trade, 0),)


class AggTrades(Trades):
    """aggTrades: the fills of one taker at one price and time, together."""

    names = (
        "agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id",
        "transact_time", "is_buyer_maker",
    )  # fmt: skip
    columns = ("agg_trade_id", "price", "quantity", "is_buyer_maker")
    time_column = "transact_time"
    counted = "aggregate trade"


class BookTicker(Archive):
    """bookTicker: the best bid and ask, at the time of the event."""

    names = (
        "update_id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty",
        "transaction_time", "event_time",
    )  # fmt: skip
    columns = names[:5]
    time_column = "event_time"

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """One quote."""
        name, bid, bid_size, ask, ask_size = fields
        prices, sizes = self.scale.prices, self.scale.sizes
        quote = Quote(
            at=at,
            symbol=self.symbol,
            bid=prices[bid],
            bid_size=sizes[bid_size],
            ask=prices[ask],
            ask_size=sizes[ask_size],
        )
        return ((quote, int(name) if name.isdecimal() else 0),)


class _Band(NamedTuple):
    at: Nanos
    row: int
    percentage: Fraction
    depth: Fraction
    notional: Fraction


class BookDepth(Archive):
    """bookDepth: size and worth of each side within some per cent of the middle, cumulative.

    What lies between two bounds becomes one level, at its average price; bids are rounded down to
    a tick and asks up.  A moment at which a wider band holds less than a narrower one is defective.
    """

    names = ("timestamp", "percentage", "depth", "notional")
    columns = names[1:]
    time_column = "timestamp"

    def clock(self) -> Clock:
        """In words."""
        return Written()

    def told(self) -> Iterator[Told]:
        """One depth update for each moment."""
        bids: dict[Ticks, Lots] = {}
        asks: dict[Ticks, Lots] = {}
        first = True
        for at, group in groupby(self._bands(), key=itemgetter(0)):
            bands = list(group)
            try:
                new_bids = self._side([band for band in bands if band.percentage < 0])
                new_asks = self._side([band for band in bands if band.percentage > 0])
            except RowError as error:
                self._defects.caught(bands[-1].row, error)
                continue
            rows = changes(bids, new_bids), changes(asks, new_asks)
            bids, asks = new_bids, new_asks
            update = UpdateDepth(
                at=at, symbol=self.symbol, bids=rows[0], asks=rows[1], snapshot=first
            )
            yield bands[-1].row, update, 0
            first = False

    def _bands(self) -> Iterator[_Band]:
        exact = Fraction(1, 10**9)
        for row, at, fields in self._rows():
            try:
                figures = (Fraction(nearest(text, exact, "figure")) * exact for text in fields)
                yield _Band(at, row, *figures)
            except UnitError as error:
                self._defects.caught(row, error)

    def _side(self, bands: list[_Band]) -> dict[Ticks, Lots]:
        """Levels, from the middle outwards.  Raises RowError."""
        levels: dict[Ticks, Lots] = {}
        depth = notional = Fraction(0)
        for band in sorted(bands, key=lambda band: abs(band.percentage)):
            size, worth = band.depth - depth, band.notional - notional
            if size < 0 or worth < 0 or (size > 0) is not (worth > 0):
                raise RowError(
                    Defect.BAD_NUMBER,
                    f"depth within {float(band.percentage):g} % was {float(band.depth):g} and its "
                    f"notional {float(band.notional):g}, expected more than nearer the middle",
                )
            if size:
                price = worth / size / self.scale.prices.step
                tick = price.__floor__() if band.percentage < 0 else price.__ceil__()
                lots = round(size / self.scale.sizes.step)
                levels[max(tick, 1)] = levels.get(tick, 0) + lots
            depth, notional = band.depth, band.notional
        return levels


class Klines(Archive):
    """klines: bars of trades, expanded to a path (see `feeds.bars`)."""

    names = (
        "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume",
        "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore",
    )  # fmt: skip
    columns = names[1:6]
    time_column = "open_time"
    length: Nanos = 60 * SECOND
    """Of a bar."""

    def told(self) -> Iterator[Told]:
        """What happens within each bar."""
        self._last: Ticks = 0
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Four trades."""
        prices = self.scale.prices
        bar = self._bar(at, fields, lambda text: prices[text])
        volume = self.scale.sizes[fields[4]]
        made = [(trade, 0) for trade in trades(bar, volume, self.symbol, self._last)]
        self._last = bar.close
        return made

    def _bar(self, at: Nanos, fields: tuple[str, ...], read: Callable[[str], int]) -> Bar:
        bar = Bar(at, self.length, *(read(text) for text in fields[:4]))
        if not bar.is_whole and bar.low != bar.high:
            text = ", ".join(fields[:4])
            raise RowError(
                Defect.BAD_NUMBER,
                f"open, high, low and close were {text}, expected low and high to enclose them",
            )
        return bar


class MarkKlines(Klines):
    """markPriceKlines: bars of the mark price."""

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Four marks."""
        bar = self._bar(at, fields, lambda text: self.scale.mark(text, "mark price"))
        path = bar.path()
        return [(UpdateMarkPrice(at=at, symbol=self.symbol, price=price), 0) for at, price in path]


class IndexKlines(Klines):
    """indexPriceKlines: bars of the index price."""

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Four indices."""
        bar = self._bar(at, fields, lambda text: self.scale.mark(text, "index price"))
        path = bar.path()
        return [(UpdateIndexPrice(at=at, symbol=self.symbol, price=price), 0) for at, price in path]


class PremiumKlines(Klines):
    """premiumIndexKlines: the funding rate that the premium so far would make.

    https://www.binance.com/en/support/faq/360033525031: with P the average of the interval's
    premiums, the n-th weighing n, the rate is P + clamp(0.01 % - P, -0.05 %, 0.05 %).  The closes
    of the bars are taken, and an interval of eight hours.
    """

    def told(self) -> Iterator[Told]:
        """One rate for each bar."""
        self._interval, self._count, self._sum = -1, 0, 0
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """The rate at the end of the bar."""
        premium = self.scale.rate(fields[3])
        end = at + self.length
        interval = (end - 1) // FUNDING_INTERVAL
        if interval != self._interval:
            self._interval, self._count, self._sum = interval, 0, 0
        self._count += 1
        self._sum += self._count * premium
        average = half_even(2 * self._sum, self._count * (self._count + 1))
        rate = average + min(max(INTEREST - average, -CLAMP), CLAMP)
        funding = UpdateFundingRate(
            at=end - 1,
            symbol=self.symbol,
            rate=rate,
            next_at=(interval + 1) * FUNDING_INTERVAL,
            interval=FUNDING_INTERVAL,
        )
        return ((funding, 0),)


class FundingRates(Archive):
    """fundingRate: what was paid, and when.  It is in force from the payment before it on."""

    names = ("calc_time", "funding_interval_hours", "last_funding_rate")
    columns = names[1:]
    time_column = "calc_time"

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """The rate of the interval that ends here."""
        hours, rate = fields
        if not hours.isdecimal() or not 1 <= int(hours) <= 24:  # noqa: PLR2004 (hours of a day)
            raise RowError(Defect.UNREADABLE, f"hours were {hours[:40]!r}, expected 1 to 24")
        interval = int(hours) * HOUR
        funding = UpdateFundingRate(
            at=at - interval,
            symbol=self.symbol,
            rate=self.scale.rate(rate),
            next_at=at,
            interval=interval,
        )
        return ((funding, 0),)


class Liquidations(Archive):
    """liquidationSnapshot (COIN-M): forced orders that were filled, at their average price.

    Every row of these files is there twice (https://dev.binance.vision/t/22392); one is taken.
    """

    names = (
        "time", "side", "order_type", "time_in_force", "original_quantity", "price",
        "average_price", "order_status", "last_fill_quantity", "accumulated_fill_quantity",
    )  # fmt: skip
    columns = ("side", "average_price", "order_status", "accumulated_fill_quantity", "price")
    time_column = "time"

    def told(self) -> Iterator[Told]:
        """One liquidation for each row that is new."""
        self._seen = Names("liquidation")
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """One order."""
        side, price, status, size, _ = fields
        try:
            self._seen.take(str(at), *fields)
        except RowError:
            self.notes["liquidations that are there twice"] += 1
            return ()
        if status != "FILLED":
            self.notes["liquidation orders not filled"] += 1
            return ()
        buys = one_of(side, "side", "BUY", "SELL")
        order = Liquidation(
            at=at,
            symbol=self.symbol,
            side=Side.BUY if buys else Side.SELL,
            price=self.scale.prices[price],
            size=self.scale.trade_sizes[size],
        )
        return ((order, 0),)


# ------------------------------------------------------------------------------ recognition


class Dataset(NamedTuple):
    """One kind of file: what its name or folder says, and who reads it."""

    name: str
    source: type[Archive]
    carries: tuple[Carries, ...]


DATASETS = (
    Dataset("aggTrades", AggTrades, (Carries.TRADES,)),
    Dataset("trades", Trades, (Carries.TRADES,)),
    Dataset("bookTicker", BookTicker, (Carries.QUOTES,)),
    Dataset("bookDepth", BookDepth, (Carries.BOOK,)),
    Dataset("markPriceKlines", MarkKlines, (Carries.MARK,)),
    Dataset("indexPriceKlines", IndexKlines, (Carries.INDEX,)),
    Dataset("premiumIndexKlines", PremiumKlines, (Carries.FUNDING,)),
    Dataset("klines", Klines, (Carries.TRADES,)),
    Dataset("fundingRate", FundingRates, (Carries.FUNDING,)),
    Dataset("liquidationSnapshot", Liquidations, (Carries.LIQUIDATIONS,)),
)
OF_BARS = ("klines", "markPriceKlines", "indexPriceKlines", "premiumIndexKlines")
NAME = re.compile(r"([A-Z0-9]+(?:_[A-Z0-9]+)?)-(\w+)-\d{4}-\d\d(?:-\d\d)?\.csv")
LENGTH = re.compile(r"(\d+)([smhdw])")


def _sniff(sample: Sample) -> FileKind | None:
    dataset = _dataset(sample)
    if dataset is None:
        return None
    symbol, venue = _symbol(sample), _venue(sample, dataset)
    return FileKind(
        format="binance_public",
        title=f"Binance {dataset.name}",
        venue="binance",
        listings=(listing(venue, symbol, *dataset.carries),),
    )


def _dataset(sample: Sample) -> Dataset | None:
    """By folder or name; else by the header; bars with neither could be of four kinds."""
    parts = {*sample.path.parts, *sample.name.split("-"), *sample.path.name.split("-")}
    named = next((one for one in DATASETS if one.name in parts), None)
    if named is not None and _fits(sample, named.source):
        return named
    headed = [one for one in DATASETS if sample.names and _fits(sample, one.source)]
    if len(headed) == 1:
        return headed[0]
    found = NAME.fullmatch(sample.name)
    of_bars = found is not None and LENGTH.fullmatch(found[2]) and _fits(sample, Klines)
    if not headed and not of_bars:
        return None
    if _has_volume(sample):
        return next(one for one in DATASETS if one.source is Klines)
    raise TickFileError(
        f"{sample.path}: Binance bars without volume, expected a folder or a name that tells "
        f"which: {', '.join(OF_BARS)}"
    )


def _fits(sample: Sample, source: type[Archive]) -> bool:
    if sample.names:
        return set(sample.names) >= {source.time_column, *source.columns}
    width = len(source.names)
    return bool(sample.rows) and len(sample.rows[0]) in {width, width + 1}


def _has_volume(sample: Sample) -> bool:
    number = Klines.names.index("volume")
    return any(len(row) > number and row[number].strip("0.") for row in sample.rows)


def _symbol(sample: Sample) -> str:
    """The first part of the name; a file that was renamed does not tell."""
    found = NAME.fullmatch(sample.name) or NAME.fullmatch(f"{sample.path.stem}.csv")
    return found[1] if found else ""


def _venue(sample: Sample, dataset: Dataset) -> str:
    """Spot where a folder or an extra column says so."""
    if "spot" in sample.path.parts:
        return "binance"
    extra = len(dataset.source.names) + 1 if dataset.source in {Trades, AggTrades} else 0
    is_spot = not sample.names and bool(sample.rows) and len(sample.rows[0]) == extra
    return "binance" if is_spot else "binance-futures"


def _open(opening: Opening) -> Archive:
    sample = opening.sample
    dataset = _dataset(sample)
    assert dataset is not None, "recognised before"
    names: tuple[str, ...] = ()
    if not sample.names:
        names = dataset.source.names
        extra = len(sample.rows[0]) - len(names)
        names += ("is_best_match",) * extra
    source = dataset.source(
        opening.path, opening.scale, opening.called, opening.on_defect, names=names
    )
    if isinstance(source, Klines):
        source.length = _length(sample)
    return source


def _length(sample: Sample) -> Nanos:
    """Of a bar: as the name says, else as the first two rows do."""
    found = NAME.fullmatch(sample.name)
    length = LENGTH.fullmatch(found[2]) if found else None
    if length is not None:
        return int(length[1]) * LENGTHS[length[2]]
    starts = [row[0] for row in sample.rows[:2] if row[0].isdecimal()]
    if len(starts) < len(("one", "other")):
        return Klines.length
    step = int(starts[1]) - int(starts[0])
    return step * int("1".ljust(20 - len(starts[0]), "0"))


FORMAT = Format("binance_public", _sniff, _open)

"""QuantConnect Lean's minute files: trade and quote bars in a zip, and funding histories.

https://github.com/QuantConnect/Lean/tree/master/Data: rows of a zip begin with milliseconds since
midnight, the day is in the name; `margin_interest` has `yyyymmdd hh:mm:ss,rate` of each payment.
Prices of crypto are as they were; those of equities are in ten-thousandths.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exchange.core.messages import UpdateFundingRate
from exchange.core.units import SECOND, Nanos, Ticks
from feeds.bars import Bar, trades
from feeds.clock_text import Clock, SinceMidnight, Written, day_in
from feeds.csv_source import CsvSource
from feeds.defects import Defect, RowError, TickFileError
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind, Listing, Market
from feeds.sample import Sample
from feeds.told import Quote, Said, Told
from feeds.venues import terms

FUNDING_INTERVAL: Nanos = 8 * 3600 * SECOND
"""Between two payments."""
LENGTHS = {"minute": 60 * SECOND, "second": SECOND}
INNER = re.compile(r"(\d{8})_([a-z0-9]+)_(minute|second)_(trade|quote)(?:_(perp|spot))?\.csv")
FUNDING_ROW = re.compile(r"\d{8} \d\d:\d\d:\d\d,-?\d+\.?\d*")
VENUES = ("binance", "bybit", "coinbase", "kraken", "bitfinex")


class LeanSource(CsvSource):
    """One Lean file."""

    time_column = "ms"
    names: tuple[str, ...] = ()
    day_name: str
    """A name with the day in it."""
    length: Nanos = LENGTHS["minute"]

    def clock(self) -> Clock:
        """Milliseconds since midnight."""
        day = day_in(self.day_name)
        if day is None:
            raise TickFileError(f"{self.path}: its name has no day")
        return SinceMidnight(day)

    def _bar(self, at: Nanos, fields: Sequence[str]) -> Bar:
        bar = Bar(at, self.length, *(self.scale.prices[text] for text in fields))
        if not bar.is_whole and bar.low != bar.high:
            text = ", ".join(fields)
            raise RowError(
                Defect.BAD_NUMBER,
                f"open, high, low and close were {text}, expected low and high to enclose them",
            )
        return bar


class TradeBars(LeanSource):
    """Bars of trades, expanded to a path (see `feeds.bars`)."""

    names = ("ms", "open", "high", "low", "close", "volume")
    columns = names[1:]

    def told(self) -> Iterator[Told]:
        """Four trades for each bar."""
        self._last: Ticks = 0
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Four trades."""
        bar = self._bar(at, fields[:4])
        made = trades(bar, self.scale.sizes[fields[4]], self.symbol, self._last)
        self._last = bar.close
        return [(trade, 0) for trade in made]


class QuoteBars(LeanSource):
    """Bars of the best bid and ask: both sides move along the path of the bid's bar.

    Sizes are those at the end of the bar.
    """

    names = (
        "ms", "bid_open", "bid_high", "bid_low", "bid_close", "bid_size",
        "ask_open", "ask_high", "ask_low", "ask_close", "ask_size",
    )  # fmt: skip
    columns = names[1:]

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Four quotes."""
        bids, asks = self._bar(at, fields[:4]), self._bar(at, fields[5:9])
        bid_size, ask_size = self.scale.sizes[fields[4]], self.scale.sizes[fields[9]]
        if bids.rises is not asks.rises:
            asks = asks._replace(high=asks.low, low=asks.high)
        made: list[tuple[Said, int]] = []
        for (moment, bid), (_, ask) in zip(bids.path(), asks.path(), strict=True):
            self.notes["quotes of bars that would have crossed"] += ask <= bid
            quote = Quote(
                at=moment,
                symbol=self.symbol,
                bid=bid,
                bid_size=bid_size,
                ask=max(ask, bid + 1),
                ask_size=ask_size,
            )
            made.append((quote, 0))
        return made


class Funding(LeanSource):
    """Funding that was paid: each rate is in force from the payment before it on."""

    names = ("ms", "rate")
    columns = ("rate",)

    def clock(self) -> Clock:
        """In words."""
        return Written()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """The rate of the interval that ends here."""
        funding = UpdateFundingRate(
            at=at - FUNDING_INTERVAL,
            symbol=self.symbol,
            rate=self.scale.rate(fields[0]),
            next_at=at,
            interval=FUNDING_INTERVAL,
        )
        return ((funding, 0),)


class Kind(NamedTuple):
    """What a name tells of a file."""

    source: type[LeanSource]
    symbol: str
    spot: bool
    day_name: str
    length: Nanos


def _kind(sample: Sample) -> Kind | None:
    found = INNER.fullmatch(sample.name)
    if found is not None:
        day, symbol, length, kind, market = found.groups()
        source = QuoteBars if kind == "quote" else TradeBars
        return Kind(source, symbol.upper(), market == "spot", day, LENGTHS[length])
    if sample.first and FUNDING_ROW.fullmatch(sample.first):
        symbol = sample.path.stem.rpartition("_")[2].upper()
        return Kind(Funding, symbol, False, "", FUNDING_INTERVAL)  # noqa: FBT003 (a field)
    return None


def _sniff(sample: Sample) -> FileKind | None:
    kind = _kind(sample)
    if kind is None:
        return None
    text = sample.path.as_posix().lower()
    venue = next((venue for venue in VENUES if venue in text), "")
    return FileKind(
        format="lean",
        title=f"Lean {kind.source.__name__.lower()}",
        venue=venue,
        listings=(_listing(kind, venue),),
    )


def _listing(kind: Kind, venue: str) -> Listing:
    """Contracts quoted in plain dollars are the inverse ones of their venue."""
    told = {TradeBars: Carries.TRADES, QuoteBars: Carries.QUOTES, Funding: Carries.FUNDING}
    symbol = kind.symbol
    if venue == "binance":
        inverse = symbol.endswith("USD") and not kind.spot
        what = terms("binance", f"{symbol}_PERP") if inverse else terms("binance-futures", symbol)
    else:
        what = terms(f"{venue}-spot" if kind.spot else venue, symbol)
    return Listing(
        symbol=symbol,
        market=Market.SPOT if kind.spot else what.market,
        carries=(told[kind.source],),
        settle=what.settle,
        contract=what.contract,
    )


def _open(opening: Opening) -> LeanSource:
    kind = _kind(opening.sample)
    assert kind is not None, "recognised before"
    source = kind.source(
        opening.path, opening.scale, opening.called, opening.on_defect, names=kind.source.names
    )
    source.day_name, source.length = kind.day_name, kind.length
    return source


FORMAT = Format("lean", _sniff, _open)

"""What each market did, interval by interval: trades as bars, and the prices that margin uses."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Event,
    FundingRateChanged,
    IndexPriceChanged,
    Side,
    Traded,
    TradeKind,
)
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Nanos, Rate, Ticks
from exchange.core.venue import Venue
from tools.samples.columns import exact_and_float, floats, scale
from tools.tables import CATEGORY, TIME, Table, unit_steps

PRICES = ("open", "high", "low", "close", "bid", "ask")
MARKS = ("mark", "index")
SIZES = ("volume", "bought", "liquidated_long", "liquidated_short", "deleveraged", "open_interest")
BARS = pa.schema(
    [
        ("at", TIME),
        ("symbol", CATEGORY),
        ("trades", pa.int64()),
        *exact_and_float("ticks", *PRICES),
        *exact_and_float("units", *MARKS),
        *exact_and_float("lots", *SIZES),
        *floats("funding_rate"),
    ]
)
"""A bar covers what happened after the one before, up to and including `at`.  Bid, ask, mark,
index, open interest and funding rate are as they stood then; a price is empty where there was none.
`volume` is what traded in the book, `bought` the part of it with a buyer as taker, and
`liquidated_*` the part that liquidations sent; `deleveraged` traded off the book."""


class Bars:
    """One table, bars.parquet."""

    def __init__(self, folder: Path, instruments: Mapping[str, Instrument]) -> None:
        self._table = Table(folder / "bars.parquet", BARS, unit_steps(instruments))
        self._markets = {symbol: MarketBar(own) for symbol, own in instruments.items()}
        self._notes: dict[type[Event], Callable[[MarketBar, Any], None]] = {
            Traded: MarketBar.traded,
            IndexPriceChanged: MarketBar.index_changed,
            FundingRateChanged: MarketBar.funding_changed,
        }

    def observe(self, event: Event) -> None:
        """Note what an event tells of its market."""
        note = self._notes.get(type(event))
        if note is not None:
            note(self._markets[event.symbol], event)  # type: ignore[attr-defined]

    def take(self, venue: Venue, at: Nanos) -> None:
        """End the bar of every market, and begin the next."""
        listed = venue.instruments
        for symbol, market in self._markets.items():
            if symbol in listed:
                self._table.add(market.row(venue, at))
                market.begin()

    def close(self) -> None:
        """End the file."""
        self._table.close()


class MarketBar:
    """The bar of one market, while it lasts."""

    def __init__(self, own: Instrument) -> None:
        self._own = own
        self._price, self._size = scale(own.tick_size), scale(own.lot_size)
        self._mark = scale(own.mark_unit)
        self._index: MarkPrice | None = None
        self._rate: Rate | None = None
        self.begin()

    def begin(self) -> None:
        """Nothing has traded yet."""
        self._prices: dict[str, Ticks] = {}
        self._sizes: dict[str, Lots] = dict.fromkeys(SIZES, 0)
        self._trades = 0

    def traded(self, event: Traded) -> None:
        """A trade; one off the book makes no price."""
        if event.kind is TradeKind.ADL:
            self._sizes["deleveraged"] += event.size
        if event.kind not in {TradeKind.BOOK, TradeKind.LIQUIDATION}:
            return
        price, prices = event.price, self._prices
        prices.setdefault("open", price)
        prices["high"] = max(price, prices.get("high", price))
        prices["low"] = min(price, prices.get("low", price))
        prices["close"] = price
        self._trades += 1
        self._sizes["volume"] += event.size
        self._sizes["bought"] += event.size if event.side is Side.BUY else 0
        if event.kind is TradeKind.LIQUIDATION:
            whose = "long" if event.side is Side.SELL else "short"
            self._sizes[f"liquidated_{whose}"] += event.size

    def index_changed(self, event: IndexPriceChanged) -> None:
        """The index price in force."""
        self._index = event.price

    def funding_changed(self, event: FundingRateChanged) -> None:
        """The funding rate in force."""
        self._rate = event.rate

    def row(self, venue: Venue, at: Nanos) -> dict[str, Any]:
        """The bar as it ends."""
        top = venue.book_view(self._own.symbol, 1)
        prices: dict[str, Ticks | None] = {name: self._prices.get(name) for name in PRICES}
        prices["bid"] = top.bids[0][0] if top.bids else None
        prices["ask"] = top.asks[0][0] if top.asks else None
        marks = {"mark": venue.mark_price(self._own.symbol), "index": self._index}
        sizes = self._sizes | {"open_interest": venue.open_interest(self._own.symbol)}
        return {
            "at": at,
            "symbol": self._own.symbol,
            "trades": self._trades,
            **{f"{name}_ticks": price for name, price in prices.items()},
            **{k: None if v is None else self._price(v) for k, v in prices.items()},
            **{f"{name}_units": price for name, price in marks.items()},
            **{k: None if v is None else self._mark(v) for k, v in marks.items()},
            **{f"{name}_lots": size for name, size in sizes.items()},
            **{name: self._size(size) for name, size in sizes.items()},
            "funding_rate": None if self._rate is None else self._rate / RATE_ONE,
        }

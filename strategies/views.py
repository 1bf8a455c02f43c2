"""What a client has heard so far: prices, its positions, its open orders."""

from collections.abc import Iterable
from typing import Final, TypeVar

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Event,
    FundingRateChanged,
    IndexPriceChanged,
    LiquidationStarted,
    MarkPriceChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
    PositionDeleveraged,
    PositionSettled,
    PositionSide,
    QuoteChanged,
)
from exchange.core.units import Lots, MarkPrice
from exchange.gateway import Gateway, News
from strategies.orders import Change, Order, accepted_order, fold

T = TypeVar("T")

KEPT: Final = frozenset(
    {
        QuoteChanged,
        MarkPriceChanged,
        IndexPriceChanged,
        FundingRateChanged,
        OrderAccepted,
        OrderFilled,
        OrderCancelled,
        OrderAmended,
        OrderTriggered,
        PositionSettled,
        PositionDeleveraged,
        LiquidationStarted,
    }
)
"""News that a view is kept of."""

NAMED_MAX: Final = 20
"""So many of the instruments that there are an error names."""


class UnknownInstrumentError(KeyError):
    """A symbol that the venue does not list; it says which it does."""

    def __init__(self, symbol: str, listed: Iterable[str]) -> None:
        known = list(listed)
        more = f" and {len(known) - NAMED_MAX} more" if len(known) > NAMED_MAX else ""
        names = ", ".join(known[:NAMED_MAX])
        super().__init__(f"there is no instrument {symbol!r}, expected one of {names}{more}")

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would put it in quotes


class Views:
    """Kept up to date by what is delivered, and so as stale as the line is slow.

    A symbol that the venue does not list raises UnknownInstrumentError, a KeyError.
    """

    def __init__(self) -> None:
        self._gateway: Gateway
        self._quotes: dict[str, QuoteChanged] = {}
        self._marks: dict[str, MarkPrice] = {}
        self._indices: dict[str, MarkPrice] = {}
        self._fundings: dict[str, FundingRateChanged] = {}
        self._positions: dict[tuple[str, PositionSide], Lots] = {}
        self._orders: dict[int, Order] = {}

    def instrument(self, symbol: str) -> Instrument:
        """A contract: its grids, and texts to and from them."""
        listed = self._gateway.instruments
        if symbol not in listed:
            raise UnknownInstrumentError(symbol, listed)
        return listed[symbol]

    def quote(self, symbol: str) -> QuoteChanged | None:
        """The last quote, for strategies that follow quotes: by a hook, a stream or `views`."""
        return self._seen(self._quotes, symbol)

    def mark(self, symbol: str) -> MarkPrice | None:
        """The last mark price in mark units (`instrument.mark_text`), under the same condition."""
        return self._seen(self._marks, symbol)

    def index(self, symbol: str) -> MarkPrice | None:
        """The last index price in mark units, under the same condition."""
        return self._seen(self._indices, symbol)

    def funding(self, symbol: str) -> FundingRateChanged | None:
        """The funding rate in force and when it is paid, under the same condition."""
        return self._seen(self._fundings, symbol)

    def position(self, symbol: str, side: PositionSide = PositionSide.NET) -> Lots:
        """One's position in lots (`instrument.size_text`), short below zero."""
        held = self._positions.get((symbol, side))
        if held is None:
            self.instrument(symbol)
            self._positions[symbol, side] = held = 0
        return held

    def open_orders(self, symbol: str = "") -> list[Order]:
        """One's orders in the book, and those that wait for a price; oldest first."""
        if symbol:
            self.instrument(symbol)
        return [o for o in self._orders.values() if not symbol or o.symbol == symbol]

    def _seen(self, last: dict[str, T], symbol: str) -> T | None:
        """The last of a symbol; None before the first, an error where there can be none."""
        seen = last.get(symbol)
        if seen is None:
            self.instrument(symbol)
        return seen

    def hear(self, news: News) -> None:
        """Keep the views up to date with something that was delivered."""
        match news:
            case QuoteChanged():
                self._quotes[news.symbol] = news
            case MarkPriceChanged():
                self._marks[news.symbol] = news.price
            case IndexPriceChanged():
                self._indices[news.symbol] = news.price
            case FundingRateChanged():
                self._fundings[news.symbol] = news
            case Event():
                self._hear_own(news)
            case _:
                pass

    def _hear_own(self, event: Event) -> None:
        match event:
            case OrderAccepted():
                self._orders[event.order_id] = accepted_order(event)
            case OrderFilled():
                self._positions[event.symbol, event.position_side] = event.position
                self._fold(event)
            case OrderCancelled() | OrderAmended() | OrderTriggered():
                self._fold(event)
            case PositionSettled():
                self._positions[event.symbol, event.position_side] = 0
            case PositionDeleveraged():
                self._positions[event.symbol, event.position_side] = event.position
            case LiquidationStarted():
                self._positions |= {(p.symbol, p.position_side): p.size for p in event.positions}
            case _:
                pass

    def _fold(self, event: Change) -> None:
        order = self._orders.get(event.order_id)
        if order is not None:
            fold(order, event)
            if not order.is_open:
                del self._orders[order.order_id]

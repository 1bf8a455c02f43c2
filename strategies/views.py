"""What a client has heard so far: prices, its positions, its open orders."""

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
from exchange.gateway import News
from strategies.orders import Change, Order, accepted_order, fold


class Views:
    """Kept up to date by what is delivered, and so as stale as the line is slow."""

    def __init__(self) -> None:
        self._quotes: dict[str, QuoteChanged] = {}
        self._marks: dict[str, MarkPrice] = {}
        self._indices: dict[str, MarkPrice] = {}
        self._fundings: dict[str, FundingRateChanged] = {}
        self._positions: dict[tuple[str, PositionSide], Lots] = {}
        self._orders: dict[int, Order] = {}

    def quote(self, symbol: str) -> QuoteChanged | None:
        """The last quote, for strategies that follow quotes: by a hook, a stream or `views`."""
        return self._quotes.get(symbol)

    def mark(self, symbol: str) -> MarkPrice | None:
        """The last mark price, under the same condition."""
        return self._marks.get(symbol)

    def index(self, symbol: str) -> MarkPrice | None:
        """The last index price, under the same condition."""
        return self._indices.get(symbol)

    def funding(self, symbol: str) -> FundingRateChanged | None:
        """The funding rate in force and when it is paid, under the same condition."""
        return self._fundings.get(symbol)

    def position(self, symbol: str, side: PositionSide = PositionSide.NET) -> Lots:
        """One's position, short below zero."""
        return self._positions.get((symbol, side), 0)

    def open_orders(self, symbol: str = "") -> list[Order]:
        """One's orders in the book, and those that wait for a price; oldest first."""
        return [o for o in self._orders.values() if not symbol or o.symbol == symbol]

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

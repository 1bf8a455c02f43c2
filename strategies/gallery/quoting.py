"""Two-sided quoting: what market makers share, whatever they think the right prices are."""

from abc import abstractmethod
from typing import Final

from exchange.core.messages import BookView, OrderFilled, Side
from strategies.base import Parameters, Strategy
from strategies.orders import Order, Rejection

Levels = tuple[tuple[int, int], ...]
BUY: Final = Side.BUY
SELL: Final = Side.SELL
"""Python 3.11 takes as long to find a member of an enum as to make an object."""


class QuotingParameters(Parameters, frozen=True, kw_only=True):
    """Sizes as decimal text in the base asset, distances in ticks."""

    symbol: str
    size: str
    """Of each quote."""
    inventory_max: str
    """No quote that could take the position beyond this."""
    requote_ticks: int = 1
    """A quote stays while it is no further than this from where it should be."""


class Quoting(Strategy):
    """Has one post-only quote on each side; one that would take is refused, and tried again."""

    takes = QuotingParameters
    parameters: QuotingParameters

    async def on_start(self) -> None:
        """Read the sizes once."""
        own = self.parameters
        instrument = self.client.instrument(own.symbol)
        self.size = instrument.size(own.size)
        self.inventory_max = instrument.size(own.inventory_max)
        self.quotes: dict[Side, Order | Rejection | None] = {}

    async def keep(self, bid: int, ask: int) -> None:
        """Have one quote on each side at (about) a price, or none where inventory forbids it."""
        for side, price in ((BUY, bid), (SELL, ask)):
            if not self.stands(side, price):
                await self.put(side, price)

    def stands(self, side: Side, price: int) -> bool:
        """Whether the quote on a side may stay where it is."""
        order = self.quotes.get(side)
        if not isinstance(order, Order) or not order.is_open:
            return False
        near = abs((order.price or 0) - price) <= self.parameters.requote_ticks
        return near and self.room(side) >= order.open_size

    def room(self, side: Side) -> int:
        """How much may still be taken on a side."""
        held = self.client.position(self.parameters.symbol)
        return self.inventory_max - (held if side is BUY else -held)

    async def put(self, side: Side, price: int) -> None:
        """Quote anew, as much as inventory allows."""
        order, room = self.quotes.get(side), self.room(side)
        if isinstance(order, Order) and order.is_open:
            await self.client.cancel(order)
        self.quotes[side] = None
        size = min(self.size, room)
        if size > 0 and price > 0:
            send = self.client.buy if side is BUY else self.client.sell
            self.quotes[side] = await send(self.parameters.symbol, size, price, post_only=True)

    async def on_fill(self, fill: OrderFilled) -> None:
        """A quote that was filled is put up again at the next change of the market."""
        order = self.quotes.get(fill.side)
        if isinstance(order, Order) and not order.is_open:
            self.quotes[fill.side] = None


class MiddleQuoting(Quoting):
    """Quotes around the middle of what the others quote, where `prices` says.

    It reads the book and not the best quotes, which may be its own: it would follow itself.
    """

    @abstractmethod
    def prices(self, middle: int) -> tuple[int, int]:
        """Bid and ask, in ticks, for a middle of the market in half ticks."""

    async def on_book(self, book: BookView) -> None:
        """Follow the others."""
        if book.symbol != self.parameters.symbol:
            return
        bid, ask = self.others(BUY, book.bids), self.others(SELL, book.asks)
        if bid and ask:
            own_bid, own_ask = self.prices(bid + ask)
            await self.keep(min(own_bid, ask - 1), max(own_ask, bid + 1))

    def others(self, side: Side, levels: Levels) -> int:
        """The best price at which there is more than one's own quote; 0 where there is none."""
        own = self.quotes.get(side)
        for price, size in levels:
            if not isinstance(own, Order) or own.price != price or own.open_size < size:
                return price
        return 0

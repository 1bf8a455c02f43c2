"""A market maker: a quote on each side of the market's middle, leaning against its inventory."""

from exchange.core.messages import OrderFilled, QuoteChanged, Side
from strategies.base import Parameters, Strategy
from strategies.orders import Order, Rejection


class MarketMakerParameters(Parameters, frozen=True, kw_only=True):
    """Sizes as decimal text in the base asset, distances in ticks."""

    symbol: str
    size: str
    """Of each quote."""
    inventory_max: str
    """No quote that could take the position beyond this."""
    half_spread_ticks: int = 2
    skew_ticks: int = 4
    """How far both quotes move down when the inventory is full and long (up when short)."""
    requote_ticks: int = 1
    """A quote stays while it is no further than this from where it should be."""


class MarketMaker(Strategy):
    """Earns the spread, and gives some of it back to get rid of its inventory.

    Quotes are post-only: one that would take is refused and tried again at the next quote.  Where
    its own quote is the best there is, it looks behind it: else it would follow itself.
    """

    takes = MarketMakerParameters
    parameters: MarketMakerParameters

    async def on_start(self) -> None:
        """Read the sizes once."""
        own = self.parameters
        instrument = self.client.instrument(own.symbol)
        self.size = instrument.size(own.size)
        self.inventory_max = instrument.size(own.inventory_max)
        self.quotes: dict[Side, Order | Rejection | None] = {}

    async def on_quote(self, quote: QuoteChanged) -> None:
        """Follow the middle of what the others quote."""
        if quote.symbol != self.parameters.symbol:
            return
        bid = self.others(Side.BUY, ((quote.bid, quote.bid_size),))
        ask = self.others(Side.SELL, ((quote.ask, quote.ask_size),))
        if not (bid and ask):
            book = await self.client.book(quote.symbol, depth=2)
            bid, ask = self.others(Side.BUY, book.bids), self.others(Side.SELL, book.asks)
        if bid and ask:
            middle = (bid + ask) // 2 - self.skew()
            half = self.parameters.half_spread_ticks
            await self.keep(Side.BUY, min(middle - half, ask - 1))
            await self.keep(Side.SELL, max(middle + half, bid + 1))

    def others(self, side: Side, levels: tuple[tuple[int, int], ...]) -> int:
        """The best price at which there is more than one's own quote; 0 where there is none."""
        own = self.quotes.get(side)
        for price, size in levels:
            if not isinstance(own, Order) or own.price != price or own.open_size < size:
                return price
        return 0

    def skew(self) -> int:
        """How far to lean, in ticks."""
        held = self.client.position(self.parameters.symbol)
        return held * self.parameters.skew_ticks // self.inventory_max

    async def keep(self, side: Side, price: int) -> None:
        """Have one quote on a side at (about) a price, or none where inventory forbids it."""
        order = self.quotes.get(side)
        held = self.client.position(self.parameters.symbol)
        room = self.inventory_max - (held if side is Side.BUY else -held)
        if isinstance(order, Order) and order.is_open:
            near = abs((order.price or 0) - price) <= self.parameters.requote_ticks
            if near and room >= order.open_size:
                return
            await self.client.cancel(order)
        self.quotes[side] = None
        size = min(self.size, room)
        if size > 0 and price > 0:
            send = self.client.buy if side is Side.BUY else self.client.sell
            self.quotes[side] = await send(self.parameters.symbol, size, price, post_only=True)

    async def on_fill(self, fill: OrderFilled) -> None:
        """A quote that was filled is put up again at the next change of the market."""
        order = self.quotes.get(fill.side)
        if isinstance(order, Order) and not order.is_open:
            self.quotes[fill.side] = None

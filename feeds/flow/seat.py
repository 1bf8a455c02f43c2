"""A seat: one account of a synthetic flow, as a participant of the run.

An ordinary client: its orders go through the gateway, are checked for margin, and rest in the book
beside everybody else's.
"""

from collections.abc import Callable
from random import Random

from exchange.core.messages import (
    AccountCommand,
    CancelOrder,
    CommandRejected,
    Event,
    LiquidationEnded,
    MarkPriceChanged,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    PlaceOrder,
    PositionDeleveraged,
    QuoteChanged,
    Side,
    TimeInForce,
)
from exchange.core.units import Lots, Nanos, Ticks
from exchange.gateway import Answered, Gateway, News


class Resting:
    """One of the seat's orders in the book."""

    def __init__(self, order_id: int, side: Side, price: Ticks) -> None:
        self.order_id = order_id
        self.side = side
        self.price = price


class Seat:
    """Its open orders and its position, as the venue told."""

    def __init__(self, account: str, symbol: str) -> None:
        self.name = self.account = account
        self.symbol = symbol
        self.position: Lots = 0
        self.refused = 0
        """Orders that the venue did not take."""
        self.on_begin: Callable[[], None] | None = None
        """Called once, when the instrument has a mark: without one, nothing can be traded."""
        self.on_quote: Callable[[QuoteChanged], None] | None = None
        self.on_rest: Callable[[Resting], None] | None = None
        """Called for each order that came to rest in the book."""
        self.broke = False
        """Whether it was liquidated, or could not pay for an order; set back by who sees it."""
        self._orders: tuple[dict[int, Resting], dict[int, Resting]] = ({}, {})
        self._listed: tuple[list[Resting], list[Resting]] = ([], [])
        """The same, with some that are gone: to draw from."""
        self._rested: list[Resting] = []
        """Of the answer that is being heard."""
        self._gateway: Gateway

    @property
    def now(self) -> Nanos:
        """Virtual time."""
        return self._gateway.now

    # -------------------------------------------------------------------------- to do

    def place(self, side: Side, size: Lots, price: Ticks | None = None) -> None:
        """Buy or sell: at a price, or, without one, at once whatever there is."""
        terms = TimeInForce.GTC if price else TimeInForce.IOC
        self.send(
            PlaceOrder(
                at=0,
                account=self.account,
                symbol=self.symbol,
                side=side,
                size=size,
                price=price,
                time_in_force=terms,
            )
        )

    def cancel(self, order: Resting) -> None:
        """Take an order out of the book."""
        self.send(CancelOrder(at=0, account=self.account, order_id=order.order_id))

    def send(self, command: AccountCommand) -> None:
        """Any other command."""
        self._gateway.send(command)

    def after(self, pause: Nanos, action: Callable[[], None]) -> None:
        """Do something later."""
        self._gateway.wake(self.now + pause, action)

    def has(self, order: Resting) -> bool:
        """Whether an order still rests."""
        return order.order_id in self._orders[order.side is Side.SELL]

    def any_order(self, side: Side, random: Random) -> Resting | None:
        """One of the open orders of a side, each as likely as the others; None: there is none."""
        orders, listed = (both[side is Side.SELL] for both in (self._orders, self._listed))
        while orders:
            place = random.randrange(len(listed))
            drawn = listed[place]
            if drawn.order_id in orders:
                return drawn
            listed[place] = listed[-1]
            del listed[-1]
        return None

    # -------------------------------------------------------------------- participant

    def open(self, gateway: Gateway) -> None:
        """The run begins."""
        self._gateway = gateway
        if self.on_quote is not None:
            gateway.follow(QuoteChanged, self.symbol)
        if self.on_begin is not None:
            gateway.follow(MarkPriceChanged, self.symbol)

    def deliver(self, news: News) -> None:
        """The best quotes, and the first mark."""
        if isinstance(news, QuoteChanged) and self.on_quote is not None:
            self.on_quote(news)
        elif isinstance(news, MarkPriceChanged) and self.on_begin is not None:
            begin, self.on_begin = self.on_begin, None
            begin()

    def answer(self, events: list[Event], answered: Answered | None = None) -> None:
        """What became of the orders."""
        for event in events:
            self._hear(event)
        if answered is not None:
            answered(events)
        rested, self._rested = self._rested, []
        for order in rested:
            if self.on_rest is not None and self.has(order):
                self.on_rest(order)

    def close(self) -> None:
        """The run is over."""

    def _hear(self, event: Event) -> None:
        match event:
            case OrderAccepted(price=int(price), time_in_force=TimeInForce.GTC):
                order = Resting(event.order_id, event.side, price)
                self._orders[order.side is Side.SELL][order.order_id] = order
                self._listed[order.side is Side.SELL].append(order)
                self._rested.append(order)
            case OrderFilled() | PositionDeleveraged():
                self.position = event.position
                if isinstance(event, OrderFilled) and event.open_size == 0:
                    self._forget(event.order_id)
            case OrderCancelled():
                self._forget(event.order_id)
            case LiquidationEnded(closed_all=True):
                self.position, self.broke = 0, True
            case CommandRejected(command="PlaceOrder"):
                self.refused, self.broke = self.refused + 1, True
            case _:
                pass

    def _forget(self, order_id: int) -> None:
        for side in self._orders:
            side.pop(order_id, None)

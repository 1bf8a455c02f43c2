"""An account without a strategy: somebody outside of the run decides what it does."""

from exchange.core.messages import (
    Event,
    LiquidationStarted,
    MarkPriceChanged,
    PlaceOrder,
    QuoteChanged,
    Side,
    TimeInForce,
)
from exchange.core.units import Lots
from exchange.gateway import Answered, Gateway, News
from strategies.views import Views


class Desk(Views):
    """A participant that hears, and sends what it is told to."""

    def __init__(self, account: str, symbol: str) -> None:
        super().__init__()
        self.name = self.account = account
        self.symbol = symbol
        self.liquidations = 0
        self._ref = 0

    def open(self, gateway: Gateway) -> None:
        """Follow the instrument."""
        self._gateway = gateway
        for kind in (QuoteChanged, MarkPriceChanged):
            gateway.follow(kind, self.symbol)

    def deliver(self, news: News) -> None:
        """Market data has arrived."""
        self.hear(news)

    def answer(self, events: list[Event], answered: Answered | None = None) -> None:
        """Own events have arrived."""
        for event in events:
            self.hear(event)
            self.liquidations += isinstance(event, LiquidationStarted)
        if answered is not None:
            answered(events)

    def close(self) -> None:
        """The run is over."""

    def trade(self, lots: Lots) -> None:
        """Buy at the market, or sell (below zero)."""
        self._ref += 1
        self._gateway.send(
            PlaceOrder(
                at=0,
                account=self.account,
                ref=self._ref,
                symbol=self.symbol,
                side=Side.BUY if lots > 0 else Side.SELL,
                size=abs(lots),
                time_in_force=TimeInForce.IOC,
            )
        )

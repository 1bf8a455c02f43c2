"""Who trades: the Strategy interface, the client, and a gallery of strategies.

What a strategy needs to name is here: `from strategies import Parameters, Strategy, Traded`.
"""

from exchange.bars import Bar, BarSource
from exchange.core.messages import (
    AccountView,
    BookView,
    LiquidationEnded,
    LiquidationStarted,
    MarginMode,
    MarkPriceChanged,
    OrderFilled,
    PositionDeleveraged,
    PositionSide,
    PositionView,
    QuoteChanged,
    Reject,
    Side,
    TimeInForce,
    Traded,
)
from exchange.margin_calls import MarginCalled
from strategies.base import LiquidationEvent, OrderEvent, Parameters, Strategy
from strategies.client import Client
from strategies.gallery import GALLERY
from strategies.loading import StrategyError, load
from strategies.orders import Order, Rejection
from strategies.session import Session
from strategies.streams import Stream
from strategies.triggers import stop, take_profit, trailing_stop
from strategies.views import UnknownInstrumentError
from strategies.watchdog import Watchdog

__all__ = [
    "GALLERY",
    "AccountView",
    "Bar",
    "BarSource",
    "BookView",
    "Client",
    "LiquidationEnded",
    "LiquidationEvent",
    "LiquidationStarted",
    "MarginCalled",
    "MarginMode",
    "MarkPriceChanged",
    "Order",
    "OrderEvent",
    "OrderFilled",
    "Parameters",
    "PositionDeleveraged",
    "PositionSide",
    "PositionView",
    "QuoteChanged",
    "Reject",
    "Rejection",
    "Session",
    "Side",
    "Strategy",
    "StrategyError",
    "Stream",
    "TimeInForce",
    "Traded",
    "UnknownInstrumentError",
    "Watchdog",
    "load",
    "stop",
    "take_profit",
    "trailing_stop",
]

"""Who trades: the Strategy interface, the client, and a gallery of strategies."""

from exchange.bars import Bar, BarSource
from strategies.base import Parameters, Strategy
from strategies.client import Client
from strategies.gallery import GALLERY
from strategies.loading import StrategyError, load
from strategies.orders import Order, Rejection
from strategies.session import Session
from strategies.streams import Stream
from strategies.watchdog import Watchdog

__all__ = [
    "GALLERY",
    "Bar",
    "BarSource",
    "Client",
    "Order",
    "Parameters",
    "Rejection",
    "Session",
    "Strategy",
    "StrategyError",
    "Stream",
    "Watchdog",
    "load",
]

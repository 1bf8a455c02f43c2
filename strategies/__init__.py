"""Who trades: the Strategy interface, the client, and a gallery of strategies."""

from strategies.base import Parameters, Strategy
from strategies.client import Client, Order, Rejection
from strategies.gallery import StrategyError, load
from strategies.session import Session
from strategies.watchdog import Watchdog

__all__ = [
    "Client",
    "Order",
    "Parameters",
    "Rejection",
    "Session",
    "Strategy",
    "StrategyError",
    "Watchdog",
    "load",
]

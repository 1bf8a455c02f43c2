"""A derivatives venue: a deterministic state machine, and the asyncio shell around it.

Not here: market data (`feeds`), traders (`strategies`), anything that people run (`tools`).
"""

from exchange.core.backtest import Backtest
from exchange.core.columns import Columns
from exchange.core.instrument import Instrument
from exchange.core.order_columns import OrderColumns, OrderEntry
from exchange.core.rules import InstrumentRules, Rulebook, Tier
from exchange.core.venue import Venue
from exchange.rulebook import load as load_rulebook

__all__ = [
    "Backtest",
    "Columns",
    "Instrument",
    "InstrumentRules",
    "OrderColumns",
    "OrderEntry",
    "Rulebook",
    "Tier",
    "Venue",
    "load_rulebook",
]

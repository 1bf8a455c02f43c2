"""What venues say over their websockets: one file for each venue."""

from feeds.dialects.binance import Binance
from feeds.dialects.bitmex import Bitmex
from feeds.dialects.bybit import Bybit
from feeds.dialects.kraken import KrakenFutures
from feeds.dialects.okx import Okx
from feeds.dialects.said import Dialect

DIALECTS: tuple[type[Dialect], ...] = (Binance, Bybit, Okx, Bitmex, KrakenFutures)

__all__ = ["DIALECTS", "Dialect"]

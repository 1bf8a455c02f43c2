"""The gallery: strategies that each show one idea, in a file that can be read in one go."""

from strategies.base import Strategy
from strategies.gallery.avellaneda_stoikov import AvellanedaStoikov
from strategies.gallery.backstop import Backstop
from strategies.gallery.basis_trader import BasisTrader
from strategies.gallery.core_and_tactical import CoreAndTactical
from strategies.gallery.funding_harvester import FundingHarvester
from strategies.gallery.grid import Grid
from strategies.gallery.hedged_holder import HedgedHolder
from strategies.gallery.liquidation_hunter import LiquidationHunter
from strategies.gallery.market_maker import MarketMaker
from strategies.gallery.martingale import Martingale
from strategies.gallery.noise_trader import NoiseTrader
from strategies.gallery.pairs_trader import PairsTrader
from strategies.gallery.trend_follower import TrendFollower
from strategies.gallery.twap import Twap
from strategies.gallery.vwap import Vwap

GALLERY: dict[str, type[Strategy]] = {
    "market_maker": MarketMaker,
    "avellaneda_stoikov": AvellanedaStoikov,
    "trend_follower": TrendFollower,
    "hedged_holder": HedgedHolder,
    "core_and_tactical": CoreAndTactical,
    "basis_trader": BasisTrader,
    "funding_harvester": FundingHarvester,
    "pairs_trader": PairsTrader,
    "grid": Grid,
    "martingale": Martingale,
    "twap": Twap,
    "vwap": Vwap,
    "liquidation_hunter": LiquidationHunter,
    "backstop": Backstop,
    "noise_trader": NoiseTrader,
}
"""Strategies by the names that scenarios call them."""

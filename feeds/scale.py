"""How the figures of one market become whole numbers: the grids that they lie on."""

from fractions import Fraction

from exchange.core.instrument import Instrument
from exchange.core.units import RATE_ONE, MarkPrice, Rate, exact
from feeds.grid import Grid, common_step, nearest, nearest_price, price_grid, size_grid

SPOT_STEP = Fraction(1, 10**8)
"""Markets that serve as an index are read this finely, whatever their tick."""


class Scale:
    """One market's grids.  Prices are in ticks, sizes in lots, marks in mark units."""

    def __init__(self, symbol: str, prices: Grid, sizes: Grid, trade_sizes: Grid) -> None:
        self.symbol = symbol
        """The instrument that the market becomes."""
        self.prices = prices
        self.quoted = Grid(prices.step, prices.what)
        """Prices of best quotes: zero where a side has nothing on it."""
        self.sizes = sizes
        self.trade_sizes = trade_sizes
        """Sizes that are more than nothing."""
        self.mark_unit = SPOT_STEP
        grids = (self.prices, self.quoted, self.sizes, self.trade_sizes)
        self.is_plain = all(grid.is_plain for grid in grids)
        """Whether plain decimals tell their steps by their digits alone."""

    def mark(self, text: str, what: str) -> MarkPrice:
        """A mark or index price, rounded half-even to a mark unit.  Raises UnitError."""
        return nearest_price(text, self.mark_unit, f"{self.symbol} {what}")

    def rate(self, text: str) -> Rate:
        """A funding rate, rounded half-even.  Raises UnitError."""
        return nearest(text, Fraction(1, RATE_ONE), f"{self.symbol} funding rate")


def instrument_scale(instrument: Instrument, contract: str) -> Scale:
    """The scale of an instrument's own market, where a size of 1 stands for `contract`."""
    unit = exact(contract, "contract")
    sizes, trade_sizes = size_grid(instrument, unit), size_grid(instrument, unit, least=1)
    scale = Scale(instrument.symbol, price_grid(instrument), sizes, trade_sizes)
    scale.mark_unit = instrument.mark_unit
    return scale


def stated_scale(symbol: str, tick: Fraction, lot: Fraction, contract: Fraction) -> Scale:
    """A market on a stated grid, without an instrument: `lot` is in the base asset."""
    price, size = f"{symbol} price", f"{symbol} size"
    sizes = Grid(lot / contract, size), Grid(lot / contract, size, least=1)
    scale = Scale(symbol, Grid(tick, price, least=1), *sizes)
    scale.mark_unit = common_step(SPOT_STEP, tick)
    return scale


def index_scale(perpetual: Instrument, called: str) -> Scale:
    """The scale of a market whose prices become the index of `perpetual`: a fine one."""
    price, size = f"{called} price", f"{called} size"
    sizes = Grid(SPOT_STEP, size), Grid(SPOT_STEP, size, least=1)
    prices = Grid(common_step(SPOT_STEP, perpetual.mark_unit), price, least=1)
    return Scale(perpetual.symbol, prices, *sizes)

"""A market maker: a quote on each side of the market's middle, leaning against its inventory."""

from strategies.gallery.quoting import MiddleQuoting, QuotingParameters


class MarketMakerParameters(QuotingParameters, frozen=True, kw_only=True):
    """How far from the middle, and how it leans."""

    half_spread_ticks: int = 2
    skew_ticks: int = 4
    """How far both quotes move down when the inventory is full and long (up when short)."""


class MarketMaker(MiddleQuoting):
    """Earns the spread, and gives some of it back to get rid of its inventory."""

    takes = MarketMakerParameters
    parameters: MarketMakerParameters

    def prices(self, middle: int) -> tuple[int, int]:
        """The middle, less the lean, and half a spread to each side."""
        held = self.client.position(self.parameters.symbol)
        fair = middle // 2 - held * self.parameters.skew_ticks // self.inventory_max
        half = self.parameters.half_spread_ticks
        return fair - half, fair + half

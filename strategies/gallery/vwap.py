"""Execution by volume: slices as large as the market's own volume is expected to be then.

The average price comes near the market's volume-weighted one, as far as the profile is right.
"""

from collections.abc import Sequence

from strategies.gallery.twap import Twap, TwapParameters


class VwapParameters(TwapParameters, frozen=True, kw_only=True):
    """What to trade, by when, and when others do."""

    profile: tuple[int, ...]
    """Expected volume of each slice, in any unit; `slices` is how many there are."""


class Vwap(Twap):
    """Like Twap, with slices by the profile."""

    takes = VwapParameters
    parameters: VwapParameters

    def weights(self) -> Sequence[int]:
        """How much of the whole each slice is: as much as of the market's volume."""
        return self.parameters.profile

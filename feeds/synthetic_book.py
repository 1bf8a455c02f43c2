"""History's book in a synthetic market: where its levels lie, how large they are, when they change.

The law: levels lie on multiples of `spacing_ticks` near the touch; after each `levels` of them
the spacing doubles, out to `reach`.  Size is even over price, so that a side holds `depth` within
`reach`; each level's own size is that times a random 0.5 to 1.5 and the minute's depth.  At each
step a random `refresh` of the levels is set anew; what was eaten elsewhere stays eaten till then.
"""

from fractions import Fraction
from random import Random

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import UpdateDepth
from exchange.core.units import Lots, Ticks, exact
from feeds.bridge import PATH_UNIT, Step
from feeds.grid import half_even

ZONES_MAX = 40
CHANCE_BITS = 16
ALWAYS = 1 << CHANCE_BITS


class BookLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of the book."""

    depth: str
    """Size of a side within `reach`, in the base asset, in a minute of depth 1."""
    reach: str = "0.02"
    """How far from the index the book goes, as a part of the price."""
    spread_ticks: int = 1
    """From the best bid to the best ask."""
    spacing_ticks: int = 10
    """Between two levels next to the touch."""
    levels: int = 8
    """Levels before the spacing doubles."""
    refresh: str = "0.2"
    """Share of the levels that is set anew at each step."""


Level = tuple[Lots, Ticks]
"""Size, and the spacing that it was drawn for."""


class SyntheticBook:
    """What history shows."""

    def __init__(self, instrument: Instrument, law: BookLaw, random: Random) -> None:
        self._instrument = instrument
        self._law = law
        self._random = random
        self._depth = exact(law.depth, "book.depth") / instrument.lot_size
        self._reach = exact(law.reach, "book.reach")
        self._refresh = int(exact(law.refresh, "book.refresh") * ALWAYS)
        self._to_ticks = PATH_UNIT / instrument.tick_size
        if min(law.spread_ticks, law.spacing_ticks, law.levels) < 1:
            raise ValueError("book: spread_ticks, spacing_ticks and levels must be 1 or more")
        if self._depth <= 0 or not 0 < self._reach < 1 or not 0 <= self._refresh <= ALWAYS:
            raise ValueError(
                f"book: depth was {law.depth}, reach {law.reach} and refresh {law.refresh}, "
                "expected more than 0, between 0 and 1, and 0 to 1"
            )
        self._sides: tuple[dict[Ticks, Level], dict[Ticks, Level]] = ({}, {})
        self._begun = False
        self.bid: Ticks = 0
        self.ask: Ticks = 0

    def update(self, step: Step) -> UpdateDepth:
        """The book at a step, as what changed since the one before; a snapshot at first."""
        middle = half_even(step.price * self._to_ticks.numerator, self._to_ticks.denominator)
        self.bid = max(middle - self._law.spread_ticks // 2, 1)
        self.ask = self.bid + self._law.spread_ticks
        density = self._density(step)
        bids = self._changes(self._sides[0], self._prices(self.bid, -1), density)
        asks = self._changes(self._sides[1], self._prices(self.ask, 1), density)
        snapshot, self._begun = not self._begun, True
        return UpdateDepth(
            at=step.at,
            symbol=self._instrument.symbol,
            bids=bids,
            asks=asks,
            snapshot=snapshot,
        )

    def _density(self, step: Step) -> Fraction:
        """Lots to a tick of price."""
        ticks = max(int(step.price * self._to_ticks * self._reach), 1)
        return self._depth * step.depth * PATH_UNIT / ticks

    def _prices(self, touch: Ticks, sign: int) -> dict[Ticks, Ticks]:
        """Every level's price and the spacing there, the touch first."""
        spacing, reach = self._law.spacing_ticks, int(touch * self._reach)
        prices = {touch: spacing}
        price = touch
        for _ in range(ZONES_MAX):
            for _ in range(self._law.levels):
                # The next whole multiple of the spacing, away from the touch.
                price = (price * sign // spacing + 1) * spacing * sign
                if abs(price - touch) > reach or price <= 0:
                    return prices
                prices[price] = spacing
            spacing *= 2
        return prices

    def _changes(
        self, side: dict[Ticks, Level], prices: dict[Ticks, Ticks], density: Fraction
    ) -> tuple[tuple[Ticks, Lots], ...]:
        rows = []
        for gone in [price for price in side if price not in prices]:
            del side[gone]
            rows.append((gone, 0))
        for price, spacing in prices.items():
            known = side.get(price)
            fresh = self._random.getrandbits(CHANCE_BITS) < self._refresh
            if known is None or known[1] != spacing or fresh:
                drawn = density.numerator * spacing * self._random.randrange(500, 1501)
                size = max(drawn // (density.denominator * 1000), 1)
                side[price] = (size, spacing)
                rows.append((price, size))
        return tuple(rows)

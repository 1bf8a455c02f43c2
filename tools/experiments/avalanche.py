"""A shock to a crowd of leveraged longs, at the venue itself, wave by wave.

The book is what square-root impact makes of it: selling Q moves the price by Y sigma sqrt(Q / V),
as is seen over four decades of sizes on Bitcoin (Donier and Bonart, arXiv 1412.4503; Y is about 1).
The mark is the best bid: margin is measured at what liquidations have left of the book.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from exchange.core.messages import (
    Command,
    Event,
    LiquidationStarted,
    ListInstrument,
    OpenAccount,
    PositionDeleveraged,
    Traded,
    TradeKind,
    UpdateDepth,
    UpdateMarkPrice,
)
from exchange.core.units import SECOND, Lots, Nanos, Ticks
from exchange.core.venue import Venue
from tools.build import Run
from tools.experiments.stakes import DEEP
from tools.opening import joined
from tools.population import members

IMPACT = Fraction(9, 10) * Fraction(25, 1000)
"""Y sigma: 0.9, and 2.5 per cent a day."""
VOLUME = 5
"""A day's volume V, in open interests of the crowd; 40 against 8 billion dollars, as of 2025."""
SPACING = Fraction(1, 5_000)
"""Of the price, between two levels of the book."""
REACH = Fraction(6, 10)
"""How far down the book goes."""
WAVES_MAX = 1_000
FINE = 10**12


class Avalanche(NamedTuple):
    """What a shock led to."""

    waves: int
    """Marks at which somebody failed."""
    accounts: int
    liquidated: Lots
    """What liquidations sold."""
    fall: Fraction
    """Of the mark, from before the shock, as a part of it."""
    deleveraged: int


class Crowd:
    """A scenario's populations at a venue, at their first mark, and a book below them."""

    def __init__(self, run: Run, depth: Fraction) -> None:
        """`depth`: of the book, as a part of the usual.

        Raises UnitError where a population makes no sense.
        """
        self.own = next(iter(run.instruments.values()))
        self.start = self.own.price(run.scenario.synthetic[0].minutes[0].open)
        self._venue = Venue(run.rulebook)
        self._waves = self._deleveraged = 0
        self._failed: list[str] = []
        self._sold: Lots = 0
        self._apply([ListInstrument(at=0, rules=self.own.rules), *self._quotes(self.start, 0)])
        for population in run.scenario.populations:
            for member in members(population, run.scenario.seed):
                self._apply([OpenAccount(at=0, account=member.account)])
                self._apply(joined(member, self.own, self.start * self.own.subticks, 0))
        self.longs: Lots = sum(size for _, size in self.triggers())
        self._volume = self.longs * VOLUME * depth

    def triggers(self) -> list[tuple[Ticks, Lots]]:
        """Liquidation price (in ticks) and size of every position, the highest first."""
        found = []
        for name in self._venue.account_names():
            for position in self._venue.account_view(name, self.own.settle).positions:
                price = (position.liquidation_price or 0) // self.own.subticks
                found.append((price, position.size))
        return sorted(found, reverse=True)

    def shocked(self, shock: Fraction, *, feedback: bool) -> Avalanche:
        """Let the price fall by `shock`, and go on while somebody fails.

        Without `feedback` the book is made whole before each mark: the liquidations are the same
        orders, and trade, and no mark hears of it.
        """
        price = self.start - int(self.start * shock)
        self._apply(self._quotes(price, SECOND))
        mark, at = price, SECOND
        for wave in range(1, WAVES_MAX + 1):
            at = wave * SECOND
            failed = len(self._failed)
            self._mark(mark, at)
            if len(self._failed) == failed:
                break
            self._waves = wave
            if not feedback:
                self._apply(self._quotes(price, at))
            mark = min(mark, self._venue.book_view(self.own.symbol, 1).bids[0][0])
        return Avalanche(
            self._waves,
            len(set(self._failed)),
            self._sold,
            Fraction(self.start - mark, self.start),
            self._deleveraged,
        )

    def predicted(self, shock: Fraction) -> Fraction:
        """The fall by the fixed point x = shock + I(F(x)), F(x) being what fails down to there.

        The smallest one: from the shock upwards, again and again, until nothing changes.
        """
        triggers = self.triggers()
        fall = shock
        while True:
            reached = self.start * (1 - fall)
            failed = sum(size for price, size in triggers if price >= reached)
            further = shock + self._impact(failed)
            if further <= fall:
                return fall
            fall = further

    def _impact(self, size: Lots) -> Fraction:
        """How far selling `size` moves the price, as a part of it before the shock."""
        share = Fraction(size) / self._volume
        return IMPACT * Fraction(isqrt(int(share * FINE * FINE)), FINE)

    def _quotes(self, price: Ticks, at: Nanos) -> Iterator[Command]:
        """The book below and above a price."""
        bids = tuple(self._levels(price)) if at else ((price, DEEP),)
        yield UpdateDepth(
            at=at, symbol=self.own.symbol, bids=bids, asks=((price + 1, DEEP),), snapshot=True
        )
        if not at:
            yield UpdateMarkPrice(at=at, symbol=self.own.symbol, price=price * self.own.subticks)

    def _levels(self, price: Ticks) -> Iterator[tuple[Ticks, Lots]]:
        """Bids such that selling Q ends at the price of square-root impact."""
        step = int(self.start * SPACING)
        before = 0
        for level in range(1, int(REACH / SPACING) + 1):
            fall = Fraction(level * step, self.start) / IMPACT
            within = max(int(self._volume * fall * fall), before + 1)
            if price > level * step:
                yield price - (level - 1) * step, within - before
            before = within

    def _mark(self, price: Ticks, at: Nanos) -> None:
        mark = price * self.own.subticks
        self._apply([UpdateMarkPrice(at=at, symbol=self.own.symbol, price=mark)])

    def _apply(self, commands: Iterable[Command]) -> None:
        for command in commands:
            for event in self._venue.apply(command):
                self._observe(event)

    def _observe(self, event: Event) -> None:
        if isinstance(event, LiquidationStarted):
            self._failed.append(event.account)
        elif isinstance(event, Traded) and event.kind is TradeKind.LIQUIDATION:
            self._sold += event.size
        elif isinstance(event, PositionDeleveraged):
            self._deleveraged += 1

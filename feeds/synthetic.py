"""A synthetic market: an index through published minutes, and a book and trades of history's.

For demonstrations and stress: the path is as published, the book around it is a stated law, and
one seed gives one market.  Not a model of anyone's real book.
"""

from collections.abc import AsyncIterator, Iterator
from fractions import Fraction
from random import Random

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import RecordedTrade, Side, UpdateIndexPrice
from exchange.core.units import Lots, Nanos, Ticks, exact, on_grid
from exchange.feed import FeedItem
from feeds.bridge import (
    BELL,
    PATH_UNIT,
    Minute,
    Step,
    bell,
    count_steps,
    path_units,
    seeded,
    steps,
    steps_in_minute,
)
from feeds.grid import half_even
from feeds.source import Source, batches
from feeds.synthetic_book import BookLaw, SyntheticBook

REVERSION = 16
"""A follower's own deviation loses a sixteenth of itself each step."""
TRADES_MAX = 16
"""Trades in one step; their number is binomial, which is near Poisson for small means."""
WITH_THE_PRICE, OF_ALL = 3, 5
"""Three background trades in five go the way that the price went."""
CHANCE_BITS = 16


class Follow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a second market moves with the first one's path.

    price = start * (1 + beta * (leader / leader's start - 1) + own deviation)
    """

    start: str
    """Price when the leader is at its first open."""
    beta: str = "1"
    """How much of the leader's relative move it makes."""
    noise: str = "0.0001"
    """Standard deviation of the own deviation's change in one step, as a part of the price."""


class SyntheticMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of a synthetic market."""

    seed: int
    """Of the path.  Markets that follow one leader have its seed."""
    day: str
    """UTC date of the minutes, such as "2025-10-10"."""
    minutes: tuple[Minute, ...]
    step_seconds: str = "1"
    follow: Follow | None = None
    """None: the minutes are this market's own."""
    book: BookLaw
    trades_per_step: str = "1"
    """Mean number of background trades in a step, at most 16."""
    traded_share: str = "0.01"
    """How much of the minutes' volume the background trades make up."""


class Synthetic(Source):
    """The market of one instrument: index price and book at each step, trades in between.

    Raises UnitError or ValueError, at once, for parameters that make no market.
    """

    def __init__(self, instrument: Instrument, market: SyntheticMarket) -> None:
        super().__init__()
        self.name = f"synthetic {instrument.symbol}"
        self.instrument = instrument
        self.market = market
        self.step: Nanos = on_grid(market.step_seconds, Fraction(1, 10**9), "step_seconds")
        steps_in_minute(self.step)
        self._size = count_steps(market.minutes, market.day, self.step)
        self._done = 0
        SyntheticBook(instrument, market.book, seeded(market.seed))
        self._trades = exact(market.trades_per_step, "trades_per_step")
        self._share = exact(market.traded_share, "traded_share")
        if not 0 <= self._trades <= TRADES_MAX or self._share < 0:
            raise ValueError(
                f"trades_per_step was {market.trades_per_step} and traded_share "
                f"{market.traded_share}, expected 0 to {TRADES_MAX}, and 0 or more"
            )

    async def __aiter__(self) -> AsyncIterator[list[FeedItem]]:
        """Begin at the first minute's open."""
        self._done = 0
        for batch in batches(self.items):
            yield batch

    @property
    def position(self) -> int:
        """Steps made."""
        return self._done

    @property
    def size(self) -> int:
        """Steps in all."""
        return self._size

    def prices(self) -> Iterator[Step]:
        """The index path of this market, without a book."""
        market = self.market
        path = steps(market.minutes, market.day, self.step, seeded(market.seed))
        return path if market.follow is None else self._followed(path, market.follow)

    def items(self) -> Iterator[FeedItem]:
        """The index, the book and the trades."""
        random = seeded(self.market.seed, self.instrument.symbol, "book")
        book = SyntheticBook(self.instrument, self.market.book, random)
        to_mark = PATH_UNIT / self.instrument.mark_unit
        last = 0
        for step in self.prices():
            mark = half_even(step.price * to_mark.numerator, to_mark.denominator)
            yield UpdateIndexPrice(at=step.at, symbol=self.instrument.symbol, price=mark)
            yield book.update(step)
            yield from self._background(step, book, random, rises=step.price >= last)
            last = step.price
            self._done += 1

    def _followed(self, path: Iterator[Step], follow: Follow) -> Iterator[Step]:
        random = seeded(self.market.seed, self.instrument.symbol, "path")
        start = path_units(follow.start, "follow.start")
        beta = exact(follow.beta, "follow.beta")
        noise = path_units(follow.noise, "follow.noise")
        origin, deviation = 0, 0
        for step in path:
            origin = origin or step.price
            moved = start * beta.numerator * (step.price - origin)
            price = start + half_even(moved, beta.denominator * origin)
            own = half_even(price * deviation, PATH_UNIT.denominator)
            yield step._replace(price=max(price + own, 1))
            deviation += bell(random) * noise // BELL - half_even(deviation, REVERSION)

    def _background(
        self, step: Step, book: SyntheticBook, random: Random, *, rises: bool
    ) -> Iterator[RecordedTrade]:
        """Trades at the touch, spread evenly over the step."""
        chance = int(self._trades * (1 << CHANCE_BITS)) // TRADES_MAX
        count = sum(random.getrandbits(CHANCE_BITS) < chance for _ in range(TRADES_MAX))
        for number in range(1, count + 1):
            buys = (random.randrange(OF_ALL) < WITH_THE_PRICE) is rises
            size = self._trade_size(step, random)
            price: Ticks = book.ask if buys else book.bid
            if size and price:
                yield RecordedTrade(
                    at=step.at + self.step * number // (count + 1),
                    symbol=self.instrument.symbol,
                    side=Side.BUY if buys else Side.SELL,
                    price=price,
                    size=size,
                )

    def _trade_size(self, step: Step, random: Random) -> Lots:
        """The mean that makes up the share of the minute's volume, times 0.5 to 1.5."""
        in_minute = self._trades * steps_in_minute(self.step)
        mean = step.volume * PATH_UNIT * self._share / (in_minute * self.instrument.lot_size)
        return int(mean * random.randrange(500, 1501)) // 1000

"""The margin monitor: which pools a new mark price endangers, without looking at the others.

Everything whose price a pool depends on is watched up to an edge: as long as no mark has passed
its edge, the pool cannot have failed.  A pool's slack (equity above maintenance margin) is shared
out over its positions by their value; each share, divided by what a mark unit costs, says how far
that mark may move.  Edges err on the early side only, so a pool whose edge is reached is looked at
exactly, and watched anew if it is safe.

What has just traded is mostly safe by far (see `State.has_to_spare`), and the same account soon
trades again.  Then its edges are not even reckoned: it waits to be looked at when a mark comes.
"""

from typing import Final

from exchange.core.accounts import Pool, Position
from exchange.core.edges import Edges, Watched
from exchange.core.margin import NEVER, CrossMargin, Marks, maintenance_margin, unrealised_pnl
from exchange.core.units import RATE_ONE, MarkPrice, Money, times

ROUNDING: Final = 6
"""Units that the roundings of one position's PnL and maintenance margin can add up to, and one
for a line that equality already crosses."""
PORTFOLIO_ROUNDING: Final = 24
"""The same for a portfolio's charges and credits, for each position."""
UNSEEN_MAX: Final = 500
"""How many pools may wait for the next mark: to look at them takes less than a millisecond."""


def safe_until(position: Position, mark: MarkPrice, slack: Money) -> MarkPrice:
    """A mark up to which a position costs its pool no more than `slack`, margin included.

    In a portfolio what a position adds to the margin depends on the others, but it never grows
    faster than the grid's steepest charge, nor as fast as the position's own value.  So a mark that
    moves in its favour is no danger, though the hedge that it is part of wears thin.
    """
    instrument, grid = position.instrument, position.instrument.grid
    if instrument.cap and not position.pool.is_house:
        # What it loses, it needs less.
        return 0 if position.size > 0 else NEVER
    if position.isolated or position.pool.portfolio is None or grid is None:
        return instrument.safe_until(mark, position.size, slack)
    slack = slack * RATE_ONE // (RATE_ONE + grid.steepest)
    return instrument.worth_until(mark, position.size, slack)


def read_ahead(pools: list[Pool]) -> int:
    """Read what a look at each of these pools will need, and nothing else.

    It lies far apart in memory.  A look waits for one piece of it after the other; asked for side
    by side, they are waited for together.  Returns how many edges there are.
    """
    found = 0
    for pool in pools:
        for position in pool.listed:
            edges = position.edges
            if edges is not None and edges.holds(position):
                found += 1
    return found


class Watch:
    """What is watched in one market."""

    def __init__(self) -> None:
        self.longs = Edges(1)
        """What a falling mark endangers."""
        self.shorts = Edges(-1)
        """What a rising one does."""


class Monitor:
    """The edges of everything watched, by instrument number."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self._unseen: list[Pool] = []

    def lets_be(self, pool: Pool) -> bool:
        """Whether a pool that is safe at the present marks need not be watched until one changes.

        Not where so many wait for that already that the mark would have to wait for them.
        """
        if not pool.unseen and len(self._unseen) < UNSEEN_MAX:
            pool.unseen = True
            self._unseen.append(pool)
        return pool.unseen

    def unseen(self) -> list[Pool]:
        """The pools that were let be.  Each must be watched anew."""
        pools, self._unseen = self._unseen, []
        for pool in pools:
            pool.unseen = False
        return pools

    def endangered(self, instrument: int, mark: MarkPrice) -> list[Pool]:
        """The pools of which this mark has reached an edge.  Each must be watched anew."""
        watch = self.watches[instrument]
        return [thing.pool for thing in watch.longs.reached(mark) + watch.shorts.reached(mark)]

    def set(self, thing: Watched, safe: MarkPrice, *, long: bool) -> None:
        """Watch a thing: up to the mark `safe` all is well.  `long`: a fall endangers it."""
        watch = self.watches[thing.market]
        (watch.longs if long else watch.shorts).put(thing, safe)

    def unwatch(self, thing: Watched) -> None:
        """Watch a thing no longer."""
        if thing.edges is not None:
            thing.edges.remove(thing)

    def watch(self, pool: Pool, margin: CrossMargin, marks: Marks) -> None:
        """Set the edges of every position of a pool that has just been looked at."""
        rounding = ROUNDING if pool.portfolio is None else PORTFOLIO_ROUNDING
        slack = margin.equity - margin.maintenance - rounding * len(pool.listed)
        for position in pool.listed:
            if not position.size:
                self.unwatch(position)
                continue
            if position.isolated:
                self.watch_isolated(position, marks)
                continue
            mark, share = marks.of(position), slack
            if margin.positions > 1:
                value = position.instrument.notional(mark, position.size)
                share = times(slack, value) // margin.value
            safe = safe_until(position, mark, max(share, 0))
            self.set(position, safe, long=position.size > 0)

    def watch_isolated(self, position: Position, marks: Marks) -> None:
        """Set the edge of an isolated position."""
        mark = marks.of(position)
        share = position.bucket.balance + unrealised_pnl(position, mark) - ROUNDING
        share -= 0 if position.pool.is_house else maintenance_margin(position, mark)
        self.set(position, safe_until(position, mark, max(share, 0)), long=position.size > 0)

    def check(self, instrument: int) -> None:
        """Assert that the edges of a market are in order."""
        watch = self.watches[instrument]
        watch.longs.check()
        watch.shorts.check()

"""The margin monitor: which pools a new mark price endangers, without looking at the others.

Every open position is watched at a threshold: as long as no mark that its pool depends on passes
its threshold, the pool cannot have failed.  A pool's slack (equity above maintenance margin) is
shared out over its positions by their value; each share, divided by what a mark unit costs, says
how far that mark may move.  Thresholds err on the early side only, so a pool that is touched is
looked at exactly, and watched anew if it is safe.
"""

from typing import Final

from sortedcontainers import SortedList

from exchange.core.accounts import Pool, Position
from exchange.core.margin import Marks, PoolMargin, maintenance_margin, notional, unrealised_pnl
from exchange.core.units import MarkPrice, Money

ROUNDING: Final = 6
"""Units that the roundings of one position's PnL and maintenance margin can add up to, and one
for a line that equality already crosses."""


class Watch:
    """The thresholds of one instrument: longs fail below theirs, shorts above."""

    def __init__(self) -> None:
        self.longs: SortedList[tuple[MarkPrice, int]] = SortedList()
        self.shorts: SortedList[tuple[MarkPrice, int]] = SortedList()
        self.positions: dict[int, Position] = {}
        """What is watched, by `Position.holder`, as in the lists."""


class Monitor:
    """Thresholds of every watched position, by instrument number."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []

    def endangered(self, instrument: int, mark: MarkPrice) -> list[Pool]:
        """The pools whose threshold this mark has passed."""
        watch = self.watches[instrument]
        pools: list[Pool] = []
        longs, shorts = watch.longs, watch.shorts
        while longs and longs[-1][0] > mark:
            pools.append(self._pop(watch, longs[-1][1]))
        while shorts and shorts[0][0] < mark:
            pools.append(self._pop(watch, shorts[0][1]))
        return pools

    def _pop(self, watch: Watch, holder: int) -> Pool:
        position = watch.positions[holder]
        self.unwatch(position)
        return position.pool

    def unwatch(self, position: Position) -> None:
        """Forget a position's threshold."""
        if position.watched < 0:
            return
        watch = self.watches[position.instrument.index]
        side = watch.longs if position.watched_long else watch.shorts
        side.remove((position.watched, position.holder))
        del watch.positions[position.holder]
        position.watched = -1

    def watch(self, pool: Pool, margin: PoolMargin, bucket: list[Money], marks: Marks) -> None:
        """Set thresholds for every position of a safe pool."""
        weight = sum(
            notional(position, marks.of(position))
            for position in pool.positions.values()
            if position.size and not position.isolated
        )
        for position in pool.positions.values():
            if not position.size:
                self.unwatch(position)
                continue
            mark = marks.of(position)
            if position.isolated:
                slack = bucket[position.bucket] + unrealised_pnl(position, mark)
                needed = 0 if pool.is_house else maintenance_margin(position, mark)
                slack -= needed + ROUNDING
            else:
                slack = margin.equity - margin.maintenance - ROUNDING * len(pool.positions)
                slack = slack * notional(position, mark) // weight
            safe = position.instrument.safe_until(mark, position.size, max(slack, 0))
            self._set(position, safe)

    def _set(self, position: Position, mark: MarkPrice) -> None:
        is_long = position.size > 0
        if position.watched == mark and position.watched_long == is_long:
            return
        self.unwatch(position)
        watch = self.watches[position.instrument.index]
        (watch.longs if is_long else watch.shorts).add((mark, position.holder))
        watch.positions[position.holder] = position
        position.watched = mark
        position.watched_long = is_long

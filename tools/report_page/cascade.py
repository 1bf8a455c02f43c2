"""Liquidations of a run: how much in which minute, at which prices, and the largest as stories."""

from collections.abc import Mapping
from heapq import heappush, heappushpop
from typing import Any

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Event,
    MarketEvent,
    MarkPriceChanged,
    PositionDeleveraged,
    Side,
    Traded,
    TradeKind,
)
from exchange.core.units import SECOND, Lots, MarkPrice, Nanos
from tools.stories import Story
from tools.telling import Teller

STORIES = 16
"""Of the largest liquidations; those of named accounts come on top, up to as many."""
BARS_MOST = 90
SPANS = 160
"""Spans of time in which liquidations of one side are drawn as one bubble."""
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Lengths of bars in seconds."""


class Bubble(msgspec.Struct):
    """What liquidations traded in one span of time, on one side of one market."""

    at: Nanos
    size: Lots = 0
    value: int = 0
    """Sum of ticks times lots."""
    count: int = 0
    """Trades."""


class Bar(msgspec.Struct):
    """Notional that was liquidated in one bar of one market, and the mark price as it ended."""

    long: float = 0
    short: float = 0
    adl: float = 0
    mark: MarkPrice | None = None
    """None: it did not change."""


class Victim(msgspec.Struct):
    """What auto-deleveraging closed of one account in one market."""

    count: int = 0
    notional: float = 0
    realised_pnl: float = 0
    rank: int = 0
    """The foremost place that it had in the queue."""


def bar_length(span: Nanos) -> Nanos:
    """The shortest length of which a run has 90 or fewer.

    >>> bar_length(57 * 60 * SECOND) // SECOND
    60
    """
    lengths = [step * SECOND for step in STEPS]
    return next((one for one in lengths if span <= one * BARS_MOST), -(-span // BARS_MOST))


class Cascade:
    """Counts liquidations as events come, and keeps the largest stories."""

    def __init__(
        self, instruments: Mapping[str, Instrument], accounts: list[str], first: Nanos, last: Nanos
    ) -> None:
        self.every = bar_length(last - first)
        self.bars: dict[str, dict[Nanos, Bar]] = {symbol: {} for symbol in instruments}
        """By symbol and the moment at which the bar begins."""
        self.bubbles: dict[tuple[str, Side], dict[int, Bubble]] = {}
        self.victims: dict[tuple[str, str], Victim] = {}
        """By account and symbol."""
        self.count = 0
        self.hit: dict[str, None] = {}
        """Accounts that were liquidated."""
        self._instruments = instruments
        self._first, self._span = first, max(1, -(-(last - first + 1) // SPANS))
        self._accounts = frozenset(accounts)
        self._teller = Teller(instruments)
        self._largest: list[tuple[Any, int, Story]] = []
        self._named: list[tuple[Any, int, Story]] = []

    def observe(self, event: Event) -> None:
        """Take an event."""
        story = self._teller.observe(event)
        if story is not None:
            self._ended(story)
        if type(event) is MarkPriceChanged:
            self._bar(event).mark = event.price
        elif type(event) is Traded and event.kind in {TradeKind.LIQUIDATION, TradeKind.ADL}:
            self._traded(event)
        elif type(event) is PositionDeleveraged:
            self._deleveraged(event)

    def stories(self) -> list[Story]:
        """The largest and those of named accounts, in order of time."""
        both = {story.number: story for _, _, story in self._largest + self._named}
        return [both[number] for number in sorted(both)]

    def _ended(self, story: Story) -> None:
        self.count += 1
        self.hit[story.account] = None
        entry = (story.quote_notional, -story.number, story)
        keep(self._largest, entry)
        if story.account in self._accounts:
            keep(self._named, entry)

    def _traded(self, event: Traded) -> None:
        own = self._instruments[event.symbol]
        bar = self._bar(event)
        notional = abs(own.value(event.price, event.size)) * float(own.money_unit)
        if event.kind is TradeKind.ADL:
            bar.adl += notional
            return
        if event.side is Side.SELL:
            bar.long += notional
        else:
            bar.short += notional
        spans = self.bubbles.setdefault((event.symbol, event.side), {})
        bubble = spans.setdefault((event.at - self._first) // self._span, Bubble(event.at))
        bubble.size += event.size
        bubble.value += event.price * event.size
        bubble.count += 1

    def _bar(self, event: MarketEvent) -> Bar:
        """The bar that an event falls into."""
        begin = event.at // self.every * self.every
        return self.bars[event.symbol].setdefault(begin, Bar())

    def _deleveraged(self, event: PositionDeleveraged) -> None:
        own = self._instruments[event.symbol]
        victim = self.victims.setdefault((event.account, event.symbol), Victim())
        victim.count += 1
        victim.notional += abs(own.value(event.price, event.size)) * float(own.money_unit)
        victim.realised_pnl += float(event.realised_pnl * own.money_unit)
        victim.rank = min(event.rank, victim.rank or event.rank)


def keep(heap: list[tuple[Any, int, Story]], entry: tuple[Any, int, Story]) -> None:
    """Take in a story if it is among the largest."""
    if len(heap) < STORIES:
        heappush(heap, entry)
    else:
        heappushpop(heap, entry)

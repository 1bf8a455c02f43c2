"""What each model of order flow shows of a real market, measured on the venue's own tape."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from exchange.core.messages import (
    Event,
    LiquidationStarted,
    QuoteChanged,
    Side,
    Traded,
    TradeKind,
)
from exchange.core.units import SECOND, Lots, Nanos, Ticks
from exchange.journal import Journal
from tools import scenario as scenarios
from tools.build import Run
from tools.experiments.facts import (
    Values,
    autocorrelation,
    excess_kurtosis,
    exponent,
    hill,
    mean,
)
from tools.experiments.spread import spread
from tools.scenario import Outputs, Scenario

SCENARIOS = ("zero-intelligence", "santa-fe", "hawkes", "chiarella", "retail")
STEP: Nanos = 5 * SECOND
"""Returns are of this time."""
LAGS = 12
"""Steps in a minute."""
AGGREGATED = 6
"""Steps in half a minute."""
WARM_UP = 12
"""Steps that are left out at the beginning, while the book takes its shape."""
ORDERS = (2, 4, 8, 16, 32)
"""Sizes of orders whose impact is asked for, in orders of the model."""
DEPTH = 100
"""Levels of the book that are looked at."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one run.  Returns are those of the middle price."""

    model: str
    returns: int
    """How many were measured."""
    trades: int
    volatility: float
    """Standard deviation of a return."""
    kurtosis: float
    """Excess: 0 for a normal law."""
    kurtosis_later: float
    """The same of returns of AGGREGATED steps: real ones become more normal with time."""
    tail: float
    """Hill's exponent of the largest 5 per cent."""
    memory: float
    """Autocorrelation of returns, one step apart."""
    clustering: float
    """Of absolute returns, mean over the first 12 steps: a minute."""
    spread: float
    """Mean, in ticks."""
    spread_99: int
    """99 of 100 moments have this or less."""
    signs: float
    """Autocorrelation of the sides of trades, one trade apart."""
    signs_10: float
    """Ten trades apart."""
    impact: float
    """The b in: an order of size q would reach a q^b ticks into the book, on average."""
    liquidations: int


class Watch:
    """Looks at the tape of one run, and takes a sample each STEP."""

    def __init__(self, run: Run) -> None:
        self.middles: list[float] = []
        self.spreads: list[int] = []
        self.reached: list[list[Ticks]] = [[] for _ in ORDERS]
        """How far an order of each size would have gone at each sample, on both sides."""
        self.signs: list[float] = []
        self.liquidations = 0
        self._next: Nanos = 0
        self._quote: QuoteChanged | None = None
        self._flow = run.flows[0]
        self._run = run

    def observe(self, event: Event) -> None:
        """Take an event in; a sample is as of the moment before it."""
        if self._quote is not None and event.at >= self._next:
            self._sample(event.at)
        match event:
            case QuoteChanged() if event.bid and event.ask:
                self._quote = event
                self._next = self._next or event.at + STEP
            case Traded(kind=TradeKind.BOOK):
                self.signs.append(1.0 if event.side is Side.BUY else -1.0)
            case LiquidationStarted():
                self.liquidations += 1
            case _:
                pass

    def _sample(self, now: Nanos) -> None:
        assert self._quote is not None
        while self._next <= now:
            self.middles.append((self._quote.bid + self._quote.ask) / 2)
            self.spreads.append(self._quote.ask - self._quote.bid)
            self._next += STEP
        book = self._run.simulation.venue.book_view(self._flow.instrument.symbol, DEPTH)
        for side in (book.bids, book.asks):
            for orders, reached in zip(ORDERS, self.reached, strict=True):
                reached.append(reach(side, orders * self._flow.size))


def reach(side: Sequence[tuple[Ticks, Lots]], size: Lots) -> Ticks:
    """How far from the best price an order of a size would go; to the last level, if need be.

    >>> reach([(100, 5), (99, 5), (97, 5)], 11)
    3
    """
    for price, shown in side:
        size -= shown
        if size <= 0:
            return abs(price - side[0][0])
    return abs(side[-1][0] - side[0][0]) if side else 0


def watched(scenario: Scenario, name: str) -> Watch:
    """Play a scenario, and look at it."""
    quiet = Outputs(quotes=True, sample_seconds="0", crowd_seconds="0")
    run = Run(replace(scenario, outputs=quiet), scenarios.find(name))
    watch = Watch(run)
    asyncio.run(run.go(Journal(), [watch.observe]))
    return watch


def facts(name: str, watch: Watch) -> Facts:
    """The facts of what was seen."""
    middles, spreads = watch.middles[WARM_UP:], sorted(watch.spreads[WARM_UP:])
    returns = moves(middles)
    sizes = [abs(one) for one in returns]
    return Facts(
        model=name,
        returns=len(returns),
        trades=len(watch.signs),
        volatility=mean([one * one for one in returns]) ** 0.5,
        kurtosis=excess_kurtosis(returns),
        kurtosis_later=excess_kurtosis(moves(middles[::AGGREGATED])),
        tail=hill(returns),
        memory=autocorrelation(returns, 1),
        clustering=mean([autocorrelation(sizes, lag) for lag in range(1, LAGS + 1)]),
        spread=mean([float(one) for one in spreads]),
        spread_99=spreads[len(spreads) * 99 // 100],
        signs=autocorrelation(watch.signs, 1),
        signs_10=autocorrelation(watch.signs, 10),
        impact=exponent(
            [float(orders) for orders in ORDERS],
            [mean([float(one) for one in reached]) for reached in watch.reached],
        ),
        liquidations=watch.liquidations,
    )


def moves(prices: Values) -> list[float]:
    """Returns from one price to the next."""
    return [after / before - 1 for before, after in pairwise(prices)]


def measured(name: str) -> Facts:
    """The facts of a shipped scenario."""
    scenario = f"flow/{name}"
    return facts(name, watched(scenarios.read(scenarios.find(scenario)), scenario))


def flow_facts(*, quiet: bool = False) -> list[Facts]:
    """Of every model."""
    return spread(measured, SCENARIOS, "flows", quiet=quiet)

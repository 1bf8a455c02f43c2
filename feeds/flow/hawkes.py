"""Hawkes order flow: every event makes others likelier, of its own kind most of all.

Six kinds: market orders, limit orders and cancellations, each to buy or to sell.  Exponential
kernels, drawn exactly as a family tree (Hawkes and Oakes 1974): strangers come by Poisson, and each
event has a Poisson number of children, at exponential delays.  That is the intensity

    rate_i(t) = outside_i + sum over past events k, of kind j, of children_ij * h(t - t_k)
    h(s) = sum over delays d of share_d / d * exp(-s / d)

The branching ratio is the spectral radius of `children`: the share of events that have a parent.
Filimonov and Sornette (2012, arXiv 1201.3572) find that it rose from 0.3 to more than 0.7 between
1998 and 2010; Hardiman, Bercot and Bouchaud (2013, arXiv 1302.1405) that it is near 1, with a
kernel that falls as a power of time.  Three exponentials stand for the power law here.  Which kind
excites which follows the signs that Bacry, Jaisson and Muzy report (2014, arXiv 1412.7096): trades
excite trades of the same side most.  The table's figures are a choice.
"""

from functools import partial
from math import fsum

from exchange.core.instrument import Instrument
from exchange.core.messages import Side
from exchange.core.units import UnitError
from feeds.flow.chance import Wheel, arrivals, figure, figures, wait
from feeds.flow.flow import Flow, FlowModel
from feeds.flow.seat import Resting

LIMITS, TAKERS = 0, 1
MARKET, LIMIT, CANCEL = range(3)
Kind = tuple[int, Side]
"""What, and of which side; a cancellation has the side of the order that goes."""
OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
CHILDREN = (
    # by a market order     a limit order     a cancellation; on the same side and on the other
    ((0.60, 0.02), (0.06, 0.02), (0.02, 0.05)),  # market orders
    ((0.10, 0.25), (0.45, 0.15), (0.30, 0.10)),  # limit orders
    ((0.05, 0.20), (0.15, 0.05), (0.40, 0.10)),  # cancellations
)
"""Mean number of children, in rows by what they are; to be scaled: proportions matter."""
ROUNDS = 64
"""Of the power iteration: the largest eigenvalue stands out, so that few would do."""


class Hawkes(FlowModel, frozen=True, kw_only=True, tag="hawkes"):
    """Rates of strangers, of each side; how many children, and how soon."""

    market: str = "0.06"
    """Market orders a second that no other order called for, of each side."""
    limit: str = "0.4"
    """The same of limit orders."""
    cancel: str = "0.05"
    """The same of cancels."""
    branching: str = "0.85"
    """Spectral radius of the children's table."""
    delays: tuple[str, ...] = ("0.1", "1", "60")
    """Mean delays of the exponential kernels, in seconds."""
    shares: tuple[str, ...] = ("0.3", "0.3", "0.4")
    """Of the children, for each delay."""
    lifetime: str = "30"
    """An order that nobody takes or cancels is given up after this many seconds, on average."""
    reach: int = 12
    """Ticks from the best price of the other side; i ticks have the weight 1/i."""

    def flow(self, instrument: Instrument, seed: int) -> "HawkesFlow":
        """The flow in a market."""
        return HawkesFlow(self, instrument, seed)


class HawkesFlow(Flow):
    """A family tree that grows in the run's own schedule."""

    def __init__(self, model: Hawkes, instrument: Instrument, seed: int) -> None:
        super().__init__(model, instrument, seed, seats=2)
        branching = figure(model.branching, "branching")
        if branching >= 1 or len(model.delays) != len(model.shares) or model.reach < 1:
            raise UnitError(
                f"branching was {model.branching}, with {len(model.delays)} delays, "
                f"{len(model.shares)} shares and a reach of {model.reach}, expected less than 1, "
                "as many of one as of the other, and 1 or more"
            )
        self.outside = [
            figure(getattr(model, name), name) for name in ("market", "limit", "cancel")
        ]
        self.children = scaled(branching)
        self.rates = [1 / delay for delay in figures(model.delays, "delays")]
        self.delays = Wheel(figures(model.shares, "shares"))
        self.lifetime = figure(model.lifetime, "lifetime")
        self.distances = Wheel(1 / distance for distance in range(1, model.reach + 1))
        self.seats[LIMITS].on_rest = self.await_end

    def begin(self) -> None:
        """A first book: at each distance one order; and the first strangers."""
        for side in OTHER:
            for distance in range(1, len(self.distances) + 1):
                self.seats[LIMITS].place(side, self.size, self.behind(side, distance))
            for what in (MARKET, LIMIT, CANCEL):
                self.await_stranger((what, side))

    def await_stranger(self, kind: Kind) -> None:
        """The next event of a kind that has no parent."""
        pause = wait(self.outside[kind[0]], self.random)
        self.seats[LIMITS].after(pause, partial(self.stranger, kind))

    def stranger(self, kind: Kind) -> None:
        """It is here."""
        self.await_stranger(kind)
        self.happen(kind)

    def happen(self, kind: Kind) -> None:
        """An event: what it does, and whom it brings about."""
        what, side = kind
        self.act(what, side)
        for child in (MARKET, LIMIT, CANCEL):
            same, other = self.children[child][what]
            for mean, whose in ((same, side), (other, OTHER[side])):
                for _ in range(arrivals(mean, self.random)):
                    pause = wait(self.rates[self.delays.draw(self.random)], self.random)
                    self.seats[LIMITS].after(pause, partial(self.happen, (child, whose)))

    def act(self, what: int, side: Side) -> None:
        """Send the order, or cancel one of those that rest, any of them."""
        makers = self.seats[LIMITS]
        if what == MARKET:
            self.seats[TAKERS].place(side, self.size)
        elif what == LIMIT:
            price = self.behind(side, 1 + self.distances.draw(self.random))
            makers.place(side, self.size, price)
        else:
            order = makers.any_order(side, self.random)
            if order is not None:
                makers.cancel(order)

    def await_end(self, order: Resting) -> None:
        """Nobody waits for ever."""
        pause = wait(1 / self.lifetime, self.random)
        self.seats[LIMITS].after(pause, partial(self.give_up, order))

    def give_up(self, order: Resting) -> None:
        """Take it out, if it is still there."""
        if self.seats[LIMITS].has(order):
            self.seats[LIMITS].cancel(order)


Table = tuple[tuple[tuple[float, float], ...], ...]


def scaled(branching: float) -> Table:
    """CHILDREN times what makes the spectral radius `branching`."""
    factor = branching / spectral_radius(CHILDREN)
    return tuple(tuple((same * factor, other * factor) for same, other in row) for row in CHILDREN)


def spectral_radius(table: Table) -> float:
    """The largest eigenvalue, by power iteration.

    Buys and sells are alike, so that it is that of the table of same plus other.
    """
    vector = [1.0] * len(table)
    for _ in range(ROUNDS):
        found = [
            fsum((same + other) * one for (same, other), one in zip(row, vector, strict=True))
            for row in table
        ]
        largest = max(found)
        vector = [one / largest for one in found]
    return largest

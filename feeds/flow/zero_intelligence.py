"""Zero intelligence: orders that come and go by chance alone, at rates by their distance.

The Santa Fe model (Daniels, Farmer, Gillemot, Iori, Smith 2003, arXiv cond-mat/0112422; Smith et
al. 2003, arXiv cond-mat/0210475) has one rate for all prices; Cont, Stoikov and Talreja (Operations
Research 58, 2010) have one for each distance from the best price of the other side.  The first is
the second with equal rates.  All processes are Poisson and independent:

    market orders     `market` a second, each side
    limit orders      `limit[i]` a second at i + 1 ticks from the best price of the other side
    cancellations     `cancel[i]` a second for each order that rests at that distance

There are no beliefs and no memory, so nothing clusters: whatever fat tail there is comes from gaps
in the book.
"""

from functools import partial
from itertools import chain, repeat

from exchange.core.instrument import Instrument
from exchange.core.messages import Side
from exchange.core.units import UnitError
from feeds.flow.chance import Wheel, arrivals, figure, figures, wait
from feeds.flow.flow import Flow, FlowModel
from feeds.flow.seat import Resting

LIMITS, TAKERS = 0, 1
"""Seats: resting orders and market orders are of two accounts, so that they meet."""
SIDES = (Side.BUY, Side.SELL)


class ZeroIntelligence(FlowModel, frozen=True, kw_only=True, tag="zero_intelligence"):
    """Rates by distance in ticks, the first one tick from the other side's best price.

    A list that is shorter than `reach` goes on with its last rate.
    """

    market: str = "0.94"
    """Market orders a second, of each side."""
    limit: tuple[str, ...] = ("1.85", "1.51", "1.09", "0.88", "0.77")
    """Limit orders a second, at each distance."""
    cancel: tuple[str, ...] = ("0.71", "0.81", "0.68", "0.56", "0.47")
    """By default as Cont, Stoikov and Talreja measured for Sky Perfect Communications (Tokyo)."""
    reach: int = 20
    """How many ticks away limit orders come."""

    def flow(self, instrument: Instrument, seed: int) -> "ZeroIntelligenceFlow":
        """The flow in a market."""
        return ZeroIntelligenceFlow(self, instrument, seed)


class ZeroIntelligenceFlow(Flow):
    """Each process has its own clock."""

    def __init__(self, model: ZeroIntelligence, instrument: Instrument, seed: int) -> None:
        super().__init__(model, instrument, seed, seats=2)
        if not (model.limit and model.cancel and model.reach > 0):
            raise UnitError("limit and cancel were empty or reach 0, expected rates and a reach")
        self.market = figure(model.market, "market")
        self.limit = drawn_out(tuple(figures(model.limit, "limit")), model.reach)
        self.cancel = drawn_out(tuple(figures(model.cancel, "cancel")), model.reach)
        self.cancel_most = max(self.cancel)
        self.distances = Wheel(self.limit)
        self.seats[LIMITS].on_rest = self.await_cancel

    def begin(self) -> None:
        """Fill the book as it would be without market orders, and start the clocks."""
        for side in SIDES:
            for place, (comes, goes) in enumerate(zip(self.limit, self.cancel, strict=True)):
                for _ in range(arrivals(comes / goes, self.random)):
                    self.seats[LIMITS].place(side, self.size, self.behind(side, place + 1))
            self.await_limit(side)
            self.await_market(side)

    def await_limit(self, side: Side) -> None:
        """The next limit order of a side."""
        self.seats[LIMITS].after(
            wait(self.distances.total, self.random), partial(self.send_limit, side)
        )

    def send_limit(self, side: Side) -> None:
        """It is here."""
        price = self.behind(side, 1 + self.distances.draw(self.random))
        self.seats[LIMITS].place(side, self.size, price)
        self.await_limit(side)

    def await_market(self, side: Side) -> None:
        """The next market order of a side."""
        self.seats[TAKERS].after(wait(self.market, self.random), partial(self.send_market, side))

    def send_market(self, side: Side) -> None:
        """It is here."""
        self.seats[TAKERS].place(side, self.size)
        self.await_market(side)

    def await_cancel(self, order: Resting) -> None:
        """The next moment at which an order may be cancelled."""
        pause = wait(self.cancel_most, self.random)
        self.seats[LIMITS].after(pause, partial(self.may_cancel, order))

    def may_cancel(self, order: Resting) -> None:
        """Cancel at the rate of where the order is now, as a share of the highest rate."""
        if not self.seats[LIMITS].has(order):
            return
        distance = abs(self.opposite(order.side) - order.price)
        rate = self.cancel[min(max(distance, 1), len(self.cancel)) - 1]
        if self.random.random() * self.cancel_most < rate:
            self.seats[LIMITS].cancel(order)
        else:
            self.await_cancel(order)


def drawn_out(rates: tuple[float, ...], reach: int) -> tuple[float, ...]:
    """The last rate for all that is further away.

    >>> drawn_out((1.85, 1.51), 4)
    (1.85, 1.51, 1.51, 1.51)
    """
    return tuple(chain(rates[:reach], repeat(rates[-1], reach - len(rates))))

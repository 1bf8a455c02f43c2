"""Fundamentalists, chartists and noise traders, all three in each agent, by its own weights.

Chiarella and Iori (2002, Quantitative Finance 2; extended with Perello 2009, arXiv 0711.3581): an
agent expects the return

    (f * (F / p - 1) / recovery + c * trend + n * noise) / (f + |c| + n)

over a horizon, F being the fundamental price and trend the mean return over a past as long as the
horizon.  If the price should rise it bids for less than it expects, by a random margin, else it
offers for more; an order that meets the book trades, and one that does not rests there till it is
too old.  Weights are |N(0, s)|; a chartist's may be negative: it goes against the trend.  With
chartists come fat tails and clustering; without, the price hugs the fundamental.

Here to first order: F / p - 1 for the logarithm, p * (1 + r) for the exponential, which differ by
the square of a few per cent.  Normal draws are sums of twelve uniform ones.
"""

from collections import deque
from itertools import islice

from exchange.core.instrument import Instrument
from exchange.core.messages import Side
from exchange.core.units import Ticks, UnitError
from feeds.bridge import BELL, bell
from feeds.flow.chance import figure, wait
from feeds.flow.flow import Flow, FlowModel
from feeds.flow.seat import Resting, Seat


class Chiarella(FlowModel, frozen=True, kw_only=True, tag="chiarella"):
    """The population.  Times are in turns: one agent acts in each."""

    agents: int = 100
    """How many."""
    turns: str = "1"
    """Turns a second."""
    fundamentalists: str = "1"
    """Standard deviation of the weight that an agent gives to the fundamental price."""
    chartists: str = "3"
    """The same of its weight for the trend."""
    noise_traders: str = "1"
    """The same of its weight for chance."""
    noise: str = "0.005"
    """Standard deviation of the return that noise makes expected."""
    horizon: int = 200
    """The longest; an agent's own is anything from a tenth of it."""
    recovery: str = "100"
    """Turns in which a fundamentalist expects the price to come back."""
    saturation: str = "0.05"
    """Where a trend stops to impress: chartists never expect more than this."""
    wandering: str = "0.0003"
    """Standard deviation of the fundamental price's step in a turn, as a part of it."""
    margin: str = "0.02"
    """The most that an order asks for beyond what is expected, as a part of the price."""
    patience: int = 200
    """Turns that an order rests."""

    def flow(self, instrument: Instrument, seed: int) -> "ChiarellaFlow":
        """The flow in a market."""
        return ChiarellaFlow(self, instrument, seed)


class Agent:
    """One of them."""

    def __init__(self, seat: Seat, weights: tuple[float, float, float], horizon: int) -> None:
        self.seat = seat
        self.fundamental, self.chart, self.noise = weights
        self.horizon = horizon

    def expected(self, mispriced: float, trend: float, noise: float) -> float:
        """The return by all three views."""
        views = self.fundamental * mispriced + self.chart * trend + self.noise * noise
        return views / (self.fundamental + abs(self.chart) + self.noise)


class ChiarellaFlow(Flow):
    """Turn after turn."""

    def __init__(self, model: Chiarella, instrument: Instrument, seed: int) -> None:
        if model.agents < 1 or min(model.horizon, model.patience) < 1:
            raise UnitError(
                f"agents were {model.agents}, horizon {model.horizon} and patience "
                f"{model.patience}, expected 1 or more"
            )
        super().__init__(model, instrument, seed, seats=model.agents)
        self.model = model
        self.turns = figure(model.turns, "turns")
        self.noise = figure(model.noise, "noise")
        self.recovery = figure(model.recovery, "recovery")
        self.margin = figure(model.margin, "margin")
        self.saturation = figure(model.saturation, "saturation")
        self.wandering = figure(model.wandering, "wandering", least=-1)
        self.fundamental = float(self.start)
        self.agents = [self.agent(seat) for seat in self.seats]
        self.prices: deque[float] = deque([float(self.start)], maxlen=model.horizon + 1)
        """Of the latest turns."""
        self.old: deque[tuple[int, Seat, Resting]] = deque()
        """Orders, and the turn of their end."""
        self.turn = 0
        for seat in self.seats:
            seat.on_rest = lambda order, seat=seat: self.rests(seat, order)

    def agent(self, seat: Seat) -> Agent:
        """Draw its weights and its horizon."""
        model = self.model
        names = ("fundamentalists", "chartists", "noise_traders")
        spreads = [figure(getattr(model, name), name, least=-1) for name in names]
        f, c, n = (spread * bell(self.random) / BELL for spread in spreads)
        horizon = self.random.randrange(max(1, model.horizon // 10), model.horizon + 1)
        return Agent(seat, (abs(f), c, abs(n) or 1 / BELL), horizon)

    def begin(self) -> None:
        """The first turn."""
        self.await_turn()

    def await_turn(self) -> None:
        """The next one."""
        self.seats[0].after(wait(self.turns, self.random), self.act)

    def act(self) -> None:
        """Somebody's turn."""
        self.await_turn()
        self.turn += 1
        self.fundamental *= 1 + self.wandering * bell(self.random) / BELL
        self.give_up()
        price = (self.bid + self.ask) / 2
        self.prices.append(price)
        agent = self.random.choice(self.agents)
        expected = price * (1 + self.expected(agent, price))
        margin = self.margin * self.random.random()
        if expected > price:
            self.send(agent, Side.BUY, expected * (1 - margin))
        else:
            self.send(agent, Side.SELL, expected * (1 + margin))

    def expected(self, agent: Agent, price: float) -> float:
        """The return that an agent expects over its horizon."""
        past = min(agent.horizon, len(self.prices) - 1)
        before = next(islice(reversed(self.prices), past, None))
        trend = price / before - 1
        trend /= 1 + abs(trend) / self.saturation
        mispriced = (self.fundamental / price - 1) * agent.horizon / self.recovery
        noise = self.noise * bell(self.random) / BELL
        return agent.expected(mispriced, trend, noise)

    def send(self, agent: Agent, side: Side, price: float) -> None:
        """One order at a price that is no better for others than need be to trade at once."""
        ticks: Ticks = max(1, round(price))
        agent.seat.place(side, self.size, ticks)

    def rests(self, seat: Seat, order: Resting) -> None:
        """Note when it will be too old."""
        self.old.append((self.turn + self.model.patience, seat, order))

    def give_up(self) -> None:
        """Take out what is too old."""
        while self.old and self.old[0][0] <= self.turn:
            _, seat, order = self.old.popleft()
            if seat.has(order):
                seat.cancel(order)

"""What the models of order flow have in common: seats in the market, and the best quotes.

A flow knows nothing of the venue that a client could not know.  Whoever else trades, or is
liquidated, takes its orders and moves its quotes, and it goes on from there.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import MarginMode, QuoteChanged, Side
from exchange.core.units import Lots, Money, Ticks, UnitError
from feeds.bridge import seeded
from feeds.flow.seat import Seat


class FlowModel(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="model"
):
    """The parameters of a model, and whom it is for.  Rates are events a second."""

    symbol: str
    """The instrument that is traded."""
    name: str = ""
    """Of its accounts, NAME-1, NAME-2, ...; the model's if empty."""
    price: str
    """Where the market begins."""
    size: str
    """Of an order, in the base asset."""
    deposit: str = "1000000000"
    """Of each account, in the settlement asset."""

    def flow(self, instrument: Instrument, seed: int) -> "Flow":
        """The flow in a market.  Raises UnitError where the parameters make none."""
        raise NotImplementedError

    @property
    def called(self) -> str:
        """What its accounts are called by."""
        return self.name or str(self.__struct_config__.tag).replace("_", "-")


class Flow(ABC):
    """A model at work: its seats are participants of a run."""

    mode: MarginMode = MarginMode.CROSS
    """Of its accounts."""

    def __init__(self, model: FlowModel, instrument: Instrument, seed: int, seats: int) -> None:
        self.model_name = model.called
        self.instrument = instrument
        self.deposit: Money = instrument.money(model.deposit)
        self.random = seeded(seed, model.called, "flow")
        self.size: Lots = instrument.size(model.size)
        self.start: Ticks = instrument.price(model.price)
        if self.size <= 0 or self.start <= 0:
            raise UnitError(f"price was {model.price} and size {model.size}, expected more than 0")
        self.seats: Sequence[Seat] = [
            Seat(f"{model.called}-{number}", instrument.symbol) for number in range(1, seats + 1)
        ]
        self.seats[0].on_quote = self._quoted
        self.seats[-1].on_begin = self.begin
        self.bid: Ticks = self.start - 1
        self.ask: Ticks = self.start + 1
        """Best prices; of an empty side, where it was last."""

    @abstractmethod
    def begin(self) -> None:
        """The first orders, once every seat has its line."""

    def leverage_of(self, seat: Seat) -> int:  # noqa: ARG002 (for those whose accounts differ)
        """The leverage of an account; 0: the venue's default."""
        return 0

    @property
    def refused(self) -> int:
        """Orders that the venue did not take."""
        return sum(seat.refused for seat in self.seats)

    def opposite(self, side: Side) -> Ticks:
        """The best price that an order of a side would meet."""
        return self.ask if side is Side.BUY else self.bid

    def behind(self, side: Side, distance: int) -> Ticks:
        """The price so many ticks away from the best one of the other side."""
        away = -distance if side is Side.BUY else distance
        return max(1, self.opposite(side) + away)

    def _quoted(self, quote: QuoteChanged) -> None:
        if quote.bid:
            self.bid = quote.bid
            self.ask = max(self.ask, quote.bid + 1)
        if quote.ask:
            self.ask = quote.ask
            self.bid = min(self.bid, quote.ask - 1)

"""Leveraged retail: people who bet all they have on a direction, and are liquidated for it.

Each has an account in isolated margin.  One who holds nothing buys or sells, by market order, as
much as deposit and leverage carry; more of them go with the last move than against it.  One who
holds something closes it after a while, unless the venue has: then a new deposit comes, later.
Liquidations trade in the book like everybody's orders, and the mark follows the book, so that one
may set off another.

Leverages by default: 3, 10, 25 and 100, for 25, 30, 25 and 20 of 100 accounts.  Their mean is 30,
and 80 of 100 have 25 or less.  BitMEX published means of 22 (longs) and 30 (shorts) for April 2019,
weighted by value, and that 80 per cent of longs had 54 or less.
"""

from functools import partial

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import Deposit, MarginMode, Side
from exchange.core.units import Lots, Money, Ticks, UnitError
from feeds.flow.chance import Wheel, figure, wait
from feeds.flow.flow import Flow, FlowModel
from feeds.flow.seat import Seat

USED = 9, 10
"""Of the stake: the rest pays fees."""


class Retail(FlowModel, frozen=True, kw_only=True, tag="retail"):
    """A population.  `size` is the least that one trades; `deposit` is of each."""

    accounts: int = 100
    """How many."""
    leverage: dict[str, int] = msgspec.field(
        default_factory=lambda: {"3": 25, "10": 30, "25": 25, "100": 20}
    )
    """Weight of each."""
    deposit: str = "1000"
    stake: str = ""
    """What one bets, times leverage; the deposit if empty."""
    isolated: bool = True
    """Whether a bet can lose its own margin alone, or all that the account has."""
    pause_seconds: str = "120"
    """Mean time without a position."""
    hold_seconds: str = "240"
    """Mean time with one, unless it is liquidated."""
    follow_percent: int = 70
    """How many go with the price's move over the last `look_seconds`."""
    look_seconds: str = "30"
    """How far back those look who follow."""

    def flow(self, instrument: Instrument, seed: int) -> "RetailFlow":
        """The flow in a market."""
        return RetailFlow(self, instrument, seed)


class RetailFlow(Flow):
    """Everybody for himself."""

    def __init__(self, model: Retail, instrument: Instrument, seed: int) -> None:
        if model.accounts < 1 or not 0 <= model.follow_percent <= 100:  # noqa: PLR2004
            raise UnitError(
                f"accounts were {model.accounts} and follow_percent {model.follow_percent}, "
                "expected 1 or more, and 0 to 100"
            )
        super().__init__(model, instrument, seed, seats=model.accounts)
        self.model = model
        self.mode = MarginMode.ISOLATED if model.isolated else MarginMode.CROSS
        self.stake: Money = instrument.money(model.stake or model.deposit)
        self.pause = 1 / figure(model.pause_seconds, "pause_seconds")
        self.hold = 1 / figure(model.hold_seconds, "hold_seconds")
        self.look = 1 / figure(model.look_seconds, "look_seconds")
        wheel, known = Wheel(model.leverage.values()), list(model.leverage)
        self.leverages = {seat.account: int(known[wheel.draw(self.random)]) for seat in self.seats}
        self.before: Ticks = self.start
        """The price some time ago."""

    def leverage_of(self, seat: Seat) -> int:
        """As drawn."""
        return self.leverages[seat.account]

    def begin(self) -> None:
        """Nobody holds anything yet."""
        for seat in self.seats:
            seat.after(wait(self.pause, self.random), partial(self.enter, seat))
        self.remember()

    def remember(self) -> None:
        """Keep the price of now as that of some time ago."""
        self.before = self.bid
        self.seats[0].after(wait(self.look, self.random), self.remember)

    def enter(self, seat: Seat) -> None:
        """Open a position, after another deposit if the last one is lost."""
        if seat.broke:
            seat.broke = False
            seat.send(
                Deposit(
                    at=0,
                    account=seat.account,
                    asset=self.instrument.settle,
                    amount=self.deposit,
                )
            )
        rises = self.bid > self.before or (self.bid == self.before and self.random.random() < 0.5)  # noqa: PLR2004
        follows = self.random.randrange(100) < self.model.follow_percent
        seat.place(Side.BUY if rises is follows else Side.SELL, self.most(seat))
        seat.after(wait(self.hold, self.random), partial(self.leave, seat))

    def most(self, seat: Seat) -> Lots:
        """What stake and leverage carry at the present price."""
        used, of = USED
        notional = self.stake * self.leverages[seat.account] * used // of
        mark = self.ask * self.instrument.subticks
        return max(self.size, self.instrument.lots_worth(mark, notional))

    def leave(self, seat: Seat) -> None:
        """Close what is still there, and pause."""
        if seat.position:
            seat.place(Side.SELL if seat.position > 0 else Side.BUY, abs(seat.position))
        seat.after(wait(self.pause, self.random), partial(self.enter, seat))

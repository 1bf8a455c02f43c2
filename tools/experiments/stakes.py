"""The same positions on different money, side by side at one venue, along one price path.

The book is as deep as it must be and stands at the mark, so that accounts do not touch each other:
what becomes of one depends on its own money and the path, and many can be tried in one run.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AdjustMargin,
    Command,
    CommandRejected,
    Deposit,
    Event,
    LiquidationStarted,
    ListInstrument,
    MarginMode,
    OpenAccount,
    OrderFilled,
    PlaceOrder,
    PositionDeleveraged,
    SetLeverage,
    SetMarginMode,
    Side,
    UpdateDepth,
    UpdateMarkPrice,
    Withdraw,
)
from exchange.core.rules import Rulebook
from exchange.core.units import SECOND, Lots, Money, Nanos, Ticks
from exchange.core.venue import Venue
from tools.experiments.prices import Prices

DEEP: Lots = 10**12
"""More than all accounts hold together."""
RUNGS = 10
"""Deposits that are tried in one run."""


class Leg(NamedTuple):
    """A position to be taken."""

    symbol: str
    size: Lots
    """Short below zero."""


class Stake(NamedTuple):
    """Positions and the money behind them."""

    legs: tuple[Leg, ...]
    mode: MarginMode
    deposit: Money


class Fate(NamedTuple):
    """What became of a stake."""

    opened: bool
    """Whether the money was enough to begin."""
    liquidations: int
    equity: Money
    """At the end of the path."""

    @property
    def survived(self) -> bool:
        """Whether it was opened, and never liquidated."""
        return self.opened and not self.liquidations


class Market(NamedTuple):
    """Where stakes are tried: rules, contracts and prices."""

    rulebook: Rulebook
    instruments: Mapping[str, Instrument]
    path: Prices
    """A price for each contract, in their order."""


def fates(market: Market, stakes: list[Stake]) -> list[Fate]:
    """Open every stake at the first prices, with taker fees, and follow the path to its end."""
    trial = Trial(market)
    names = [f"stake-{number}" for number in range(1, len(stakes) + 1)]
    opened = [trial.open(name, stake) for name, stake in zip(names, stakes, strict=True)]
    for step, prices in enumerate(market.path[1:], start=1):
        trial.move(prices, step * SECOND)
    return [
        Fate(is_open, trial.liquidations[name], trial.equity(name, stake))
        for name, is_open, stake in zip(names, opened, stakes, strict=True)
    ]


class Trial:
    """A venue on which a path is followed."""

    def __init__(self, market: Market) -> None:
        self.liquidations: Counter[str] = Counter()
        self._refused: set[str] = set()
        """Portfolios that needed more than they were to have."""
        self._market = market
        self._instruments = list(market.instruments.values())
        self._asset = self._instruments[0].settle
        self._venue = Venue(market.rulebook)
        self._apply(ListInstrument(at=0, rules=own.rules) for own in self._instruments)
        self.move(market.path[0], 0)

    def move(self, prices: tuple[Ticks, ...], at: Nanos) -> None:
        """The books, then the marks: whoever is liquidated meets the book of that moment."""
        priced = list(zip(self._instruments, prices, strict=True))
        self._apply(
            UpdateDepth(
                at=at,
                symbol=own.symbol,
                bids=((price, DEEP),),
                asks=((price + 1, DEEP),),
                snapshot=True,
            )
            for own, price in priced
        )
        self._apply(
            UpdateMarkPrice(at=at, symbol=own.symbol, price=price * own.subticks)
            for own, price in priced
        )

    def open(self, name: str, stake: Stake) -> bool:
        """Take the positions; whether the money was enough for all of them.

        A portfolio is taken on money that is lent until it is whole: half a hedge may need more.
        """
        lent = self._worth(stake.legs) if stake.mode is MarginMode.PORTFOLIO else 0
        deposit = Deposit(at=0, account=name, asset=self._asset, amount=stake.deposit + lent)
        self._apply([OpenAccount(at=0, account=name), deposit])
        for leg in stake.legs:
            events = self._apply(self._take(name, stake.mode, leg))
            filled = sum(event.size for event in events if isinstance(event, OrderFilled))
            if filled != abs(leg.size):
                return False
        if stake.mode is MarginMode.ISOLATED:
            self._apply(self._shared_out(name))
        return not lent or self._gives_back(name, lent)

    def equity(self, name: str, stake: Stake) -> Money:
        """What an account is worth now; nothing was done with one that could not begin."""
        if name in self._refused:
            return stake.deposit
        return self._venue.account_view(name, self._asset).total

    def _worth(self, legs: tuple[Leg, ...]) -> Money:
        """Notional of all legs at the first prices."""
        priced = zip(self._instruments, self._market.path[0], strict=True)
        prices = {own.symbol: price for own, price in priced}
        own = self._market.instruments
        return sum(abs(own[leg.symbol].value(prices[leg.symbol], leg.size)) for leg in legs)

    def _gives_back(self, name: str, lent: Money) -> bool:
        """Whether what was lent can leave again."""
        back = Withdraw(at=0, account=name, asset=self._asset, amount=lent)
        if not any(isinstance(event, CommandRejected) for event in self._apply([back])):
            return True
        self._refused.add(name)
        return False

    def _take(self, name: str, mode: MarginMode, leg: Leg) -> Iterator[Command]:
        own = self._market.instruments[leg.symbol]
        price = self._market.path[0][self._instruments.index(own)] + 1
        highest = own.tiers.leverage_max(abs(own.value(price, leg.size)), abs(leg.size))
        yield SetMarginMode(at=0, account=name, symbol=leg.symbol, mode=mode)
        yield SetLeverage(at=0, account=name, symbol=leg.symbol, leverage=highest)
        side = Side.BUY if leg.size > 0 else Side.SELL
        yield PlaceOrder(at=0, account=name, symbol=leg.symbol, side=side, size=abs(leg.size))

    def _shared_out(self, name: str) -> Iterator[Command]:
        """What is left in the wallet, into the buckets in equal parts."""
        view = self._venue.account_view(name, self._asset)
        for position in view.positions:
            amount = view.wallet // len(view.positions)
            yield AdjustMargin(at=0, account=name, symbol=position.symbol, amount=amount)

    def _apply(self, commands: Iterable[Command]) -> list[Event]:
        events = [event for command in commands for event in self._venue.apply(command)]
        for event in events:
            assert not isinstance(event, PositionDeleveraged), "the book was not deep enough"
            if isinstance(event, LiquidationStarted):
                self.liquidations[event.account] += 1
        return events


# -------------------------------------------------------------------------------- search


class Wanted(NamedTuple):
    """Whose smallest deposit is looked for."""

    legs: tuple[Leg, ...]
    mode: MarginMode


def smallest_deposits(
    market: Market, wanted: list[Wanted], ceiling: Money, step: Money
) -> list[Money]:
    """The smallest deposit with which each survives the path, in whole `step`s.

    Found by narrowing a bracket, ten deposits at a time, until it is a step wide; a ceiling that
    does not survive is doubled.
    """
    brackets = [(0, max(ceiling // step, 2))] * len(wanted)
    while any(high - low > 1 for low, high in brackets):
        ladders = [rungs(low, high) for low, high in brackets]
        stakes = [
            Stake(one.legs, one.mode, rung * step)
            for one, ladder in zip(wanted, ladders, strict=True)
            for rung in ladder
        ]
        survived = iter([fate.survived for fate in fates(market, stakes)])
        brackets = [
            narrowed(low, ladder, [next(survived) for _ in ladder])
            for (low, _), ladder in zip(brackets, ladders, strict=True)
        ]
    return [high * step for _, high in brackets]


def rungs(low: int, high: int) -> list[int]:
    """Up to ten numbers above `low`, evenly up to `high`, which is the last."""
    count = min(RUNGS, high - low)
    return [low + (high - low) * number // count for number in range(1, count + 1)]


def narrowed(low: int, ladder: list[int], survived: list[bool]) -> tuple[int, int]:
    """The bracket between the last that failed and the first that did not.

    More money never hurts: a rung that fails above one that survives would be a fault.
    """
    assert survived == sorted(survived), f"survival is not monotone along {ladder}: {survived}"
    failed = survived.count(False)
    below = ladder[failed - 1] if failed else low
    return below, ladder[failed] if failed < len(ladder) else 2 * below

"""The story of a liquidation: what was held, each step, who paid, and an account of the money.

Records only, in the units that people read; every number is an exact fraction.  `telling` makes
them from a run's events, `story_report` prints them, `story_facts` writes them for machines.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from exchange.core.messages import Closing, MarginMode, PositionSide, Side
from exchange.core.units import Nanos
from tools.upkeep import Exchanged


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A position, as the venue measured it."""

    symbol: str
    position_side: PositionSide
    size: Fraction
    """Short below zero."""
    entry_price: Fraction
    mark_price: Fraction
    notional: Fraction
    unrealised_pnl: Fraction
    maintenance_margin: Fraction

    @property
    def label(self) -> str:
        """Its symbol, and in hedge mode its side."""
        return labelled(self.symbol, self.position_side)


class CancelledOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order that the liquidation took out of the book."""

    order_id: int
    symbol: str
    side: Side
    price: Fraction
    """Zero: at the market, once it is triggered."""
    open_size: Fraction
    waits_for: str = ""
    """Of one outside the book: "stop", "take_profit" or "trailing_stop"."""
    trigger_by: str = ""
    """Which price it looks at: "last", "mark" or "index"."""
    trigger_price: Fraction = Fraction(0)
    close_position: bool = False
    """It would have closed all that is held, so that its own size is 0."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of a unified account, as the venue measured it."""

    asset: str
    balance: Fraction
    """Below zero: owed."""
    unrealised_pnl: Fraction
    price: Fraction
    """Of one in the accounting currency."""
    ratio: Fraction
    """What counts of it."""
    value: Fraction
    """What it adds to equity, in the accounting currency."""


class RiskContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract of a risk unit, both sides together."""

    symbol: str
    size: Fraction
    notional: Fraction
    loss: Fraction
    """At the worst move of the unit."""
    volatility: Fraction = Fraction(0)
    """Of an option: how far implied volatility moves there, as a part of itself."""


class RiskUnit(msgspec.Struct, frozen=True, kw_only=True):
    """What positions on one underlying are charged in portfolio margin."""

    underlying: str
    move: Fraction
    """At which they lose most together, as a part of the prices."""
    share: Fraction
    """What counts of that loss."""
    scan: Fraction
    basis: Fraction
    offset: Fraction
    credit: Fraction
    minimum: Fraction
    margin: Fraction
    contracts: list[RiskContract]
    coins: list[RiskContract] = []
    """Those of a unified account that stand against the contracts, by their name."""
    spot: Fraction = Fraction(0)
    """Charged on them."""
    options: Fraction = Fraction(0)
    """Charged on options by their number."""


class Cover(msgspec.Struct, kw_only=True):
    """Who paid what a unified account owed in an asset, when it had nothing left to repay it."""

    asset: str
    fund_paid: Fraction = Fraction(0)
    socialised: Fraction = Fraction(0)
    uncovered: Fraction = Fraction(0)


class Purse(msgspec.Struct, frozen=True, kw_only=True):
    """The account of the money in one asset, from the breach to the end."""

    asset: str
    before: Fraction
    flows: dict[str, Fraction]
    """What came in and (below zero) went out, by kind."""
    after: Fraction

    @property
    def difference(self) -> Fraction:
        """What the flows do not account for: nothing, or something is wrong."""
        return self.after - self.before - total(self.flows.values())


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of the account in liquidation."""

    price: Fraction
    size: Fraction
    notional: Fraction
    realised_pnl: Fraction


class Deleveraging(msgspec.Struct, frozen=True, kw_only=True):
    """One counterparty of auto-deleveraging."""

    account: str
    rank: int
    size: Fraction
    price: Fraction
    realised_pnl: Fraction
    left: Fraction
    """Its position afterwards, short below zero."""


class Attempt(msgspec.Struct, kw_only=True):
    """One way of closing a position, and what came of it."""

    closing: Closing
    side: Side
    size: Fraction
    sized_by: str
    bankruptcy_price: Fraction
    fills: list[Fill]
    deleveraged: list[Deleveraging]
    liquidation_fee: Fraction
    leftover: Fraction = Fraction(0)
    """What a close better than at the bankruptcy price had left, into the insurance fund."""
    fund_paid: Fraction = Fraction(0)
    socialised: Fraction = Fraction(0)
    """Borne by other traders."""
    uncovered: Fraction = Fraction(0)
    equity: Fraction
    """After the fills and the fee, before the fund paid."""
    maintenance_margin: Fraction

    @property
    def filled(self) -> Fraction:
        """Size closed."""
        return total(fill.size for fill in self.fills)

    @property
    def notional(self) -> Fraction:
        """Closed, at the prices of the fills."""
        return total(fill.notional for fill in self.fills)

    @property
    def realised_pnl(self) -> Fraction:
        """Of the fills together."""
        return total(fill.realised_pnl for fill in self.fills)

    @property
    def average_price(self) -> Fraction:
        """Of the fills, weighted by size."""
        return total(fill.price * fill.size for fill in self.fills) / self.filled

    @property
    def against_history(self) -> Fraction:
        """What ADL closed against the rest of the market, when traders had no more."""
        if self.closing is not Closing.ADL:
            return Fraction(0)
        return self.filled - total(one.size for one in self.deleveraged)


class Step(msgspec.Struct, kw_only=True):
    """A position was chosen, and closing it was tried in one way after the other."""

    symbol: str
    position_side: PositionSide
    asset: str
    """In which it settles: that of the fills, fees, and what is paid for it."""
    repaid: list[Exchanged] = []
    """Of a unified account: what was exchanged before it."""
    chosen_by: str
    positions: list[Held]
    """What it was chosen from."""
    attempts: list[Attempt]

    @property
    def chosen(self) -> Held:
        """The position, as it stood before."""
        own = labelled(self.symbol, self.position_side)
        return next(held for held in self.positions if held.label == own)


class Story(msgspec.Struct, kw_only=True):
    """One liquidation, from the breach to its end."""

    number: int
    """Its place in the run, from 1."""
    at: Nanos
    account: str
    mode: MarginMode
    symbol: str
    """The isolated position; empty for the cross account."""
    position_side: PositionSide
    asset: str
    collateral: Fraction
    """Wallet balance in cross, the bucket in isolated; unified, what all balances count."""
    equity: Fraction
    maintenance_margin: Fraction
    positions: list[Held]
    quote_notional: Fraction
    """Of all positions at the mark, in the quote currency, by which liquidations are compared."""
    units: list[RiskUnit] = []
    """Of a portfolio: what its maintenance margin was made of at the breach."""
    counted: list[Counted] = []
    """Of a unified account: its assets at the breach."""
    counted_after: list[Counted] = []
    repaid: list[Exchanged] = []
    """What was exchanged after the last step."""
    covers: list[Cover] = []
    """What was paid for a unified account beside its steps."""
    cancelled: list[CancelledOrder] = []
    steps: list[Step] = []
    collateral_after: Fraction = Fraction(0)
    pauses: int = 0
    """Rounds after which it waited."""
    end: str = "cut off"
    """"closed", "safe again", or "cut off" where the journal stops in the middle."""

    @property
    def attempts(self) -> Iterator[Attempt]:
        """Every way that was tried in every step."""
        return (attempt for step in self.steps for attempt in step.attempts)

    @property
    def notional(self) -> Fraction:
        """Held when it began, at the mark."""
        return total(held.notional for held in self.positions)

    @property
    def unrealised_pnl(self) -> Fraction:
        """Of all positions when it began."""
        return total(held.unrealised_pnl for held in self.positions)

    @property
    def exchanges(self) -> list[Exchanged]:
        """All collateral that was exchanged, in order."""
        return [one for step in self.steps for one in step.repaid] + self.repaid

    @property
    def realised_pnl(self) -> Fraction:
        """Of all fills."""
        return self._sum("realised_pnl")

    @property
    def liquidation_fees(self) -> Fraction:
        """Paid into the insurance fund."""
        return self._sum("liquidation_fee")

    @property
    def leftover(self) -> Fraction:
        """Taken into the insurance fund beside the fees."""
        return self._sum("leftover")

    @property
    def socialised(self) -> Fraction:
        """Borne by other traders."""
        return self._sum("socialised") + self._covered("socialised")

    @property
    def fund_paid(self) -> Fraction:
        """By the insurance fund."""
        return self._sum("fund_paid") + self._covered("fund_paid")

    @property
    def uncovered(self) -> Fraction:
        """Left to the venue."""
        return self._sum("uncovered") + self._covered("uncovered")

    def worth(self, asset: str, amount: Fraction) -> Fraction:
        """An amount in the story's own money, at the prices of the breach."""
        if asset == self.asset:
            return amount
        return amount * next(one.price for one in self.counted if one.asset == asset)

    def _sum(self, figure: str) -> Fraction:
        """Of all attempts, in the story's own money."""
        return total(
            self.worth(step.asset, getattr(attempt, figure))
            for step in self.steps
            for attempt in step.attempts
        )

    def _covered(self, figure: str) -> Fraction:
        return total(self.worth(one.asset, getattr(one, figure)) for one in self.covers)

    @property
    def purses(self) -> list[Purse]:
        """The account of the money: one asset, or each of a unified account.

        Where it waited between rounds, the account may have moved money of its own.
        """
        if not self.counted:
            return [self._purse(self.asset, self.collateral, self.collateral_after)]
        after = {one.asset: one.balance for one in self.counted_after}
        return [self._purse(one.asset, one.balance, after[one.asset]) for one in self.counted]

    def _purse(self, asset: str, before: Fraction, after: Fraction) -> Purse:
        own = [one for step in self.steps if step.asset == asset for one in step.attempts]
        paid: list[Attempt | Cover] = [*own, *(one for one in self.covers if one.asset == asset)]
        sold = [one.amount for one in self.exchanges if one.sold == asset]
        flows = {
            "realised PnL": total(one.realised_pnl for one in own),
            "liquidation fees": -total(one.liquidation_fee for one in own),
            "left, to the insurance fund": -total(one.leftover for one in own),
            "repaid": total(one.repaid for one in self.exchanges if one.bought == asset),
            "exchanged for that": -total(sold),
            "paid by the insurance fund": total(one.fund_paid for one in paid),
            "borne by other traders": total(one.socialised for one in paid),
            "uncovered, owed by the venue": total(one.uncovered for one in paid),
        }
        return Purse(asset=asset, before=before, flows=flows, after=after)

    @property
    def differences(self) -> dict[str, Fraction]:
        """What does not add up, by asset."""
        return {one.asset: one.difference for one in self.purses if one.difference}

    @property
    def difference(self) -> Fraction:
        """The same in the story's own money."""
        return total(self.worth(asset, amount) for asset, amount in self.differences.items())

    @property
    def released(self) -> Fraction:
        """What an isolated bucket without a position gives back to the wallet."""
        gives_back = self.symbol and self.end == "closed"
        return max(self.collateral_after, Fraction(0)) if gives_back else Fraction(0)

    @property
    def left(self) -> dict[str, Fraction]:
        """Sizes of the positions that stay open, by label."""
        sizes = {held.label: held.size for held in self.positions}
        for step in self.steps:
            for one in step.attempts:
                sizes[step.chosen.label] += one.filled if one.side is Side.BUY else -one.filled
        return {label: size for label, size in sizes.items() if size}

    def closed(self, *, long: bool) -> Fraction:
        """Notional of the longs, or shorts, that were closed, in the book and by ADL."""
        sides = [step for step in self.steps if (step.chosen.size > 0) is long]
        return total(
            self.worth(step.asset, attempt.notional) for step in sides for attempt in step.attempts
        )

    @property
    def adl_notional(self) -> Fraction:
        """Closed by auto-deleveraging."""
        return total(
            self.worth(step.asset, one.notional)
            for step in self.steps
            for one in step.attempts
            if one.closing is Closing.ADL
        )

    @property
    def adl_count(self) -> int:
        """Counterparties that were deleveraged."""
        return sum(len(attempt.deleveraged) for attempt in self.attempts)


def labelled(symbol: str, side: PositionSide) -> str:
    """A position's symbol, and in hedge mode its side."""
    return symbol if side is PositionSide.NET else f"{symbol} {side}"


def total(values: Iterable[Fraction]) -> Fraction:
    """The sum; of nothing, 0."""
    return sum(values, Fraction(0))

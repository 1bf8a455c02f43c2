"""What each account came to: money in and out, trading, liquidations.  Counted as events come."""

from collections.abc import Callable
from typing import Any

import msgspec

from exchange.core.messages import (
    HOUSE,
    AccountOpened,
    CommandRejected,
    Deposited,
    Event,
    InsuranceFundPaid,
    LiquidationFeeCharged,
    LiquidationStarted,
    OrderFilled,
    PositionDeleveraged,
    TradeKind,
    Withdrawn,
)
from exchange.core.units import Money


class Tally(msgspec.Struct):
    """One account in one settlement asset; money in its units."""

    deposited: Money = 0
    """Minus what was withdrawn."""
    realised_pnl: Money = 0
    fees: Money = 0
    liquidation_fees: Money = 0
    fund_paid: Money = 0
    """By the insurance fund, for what the account could not."""
    fills: int = 0
    liquidations: int = 0
    deleveraged: int = 0


class Refusals(msgspec.Struct):
    """Commands of one account that the venue refused."""

    first: CommandRejected
    count: int = 0


class Tallies:
    """By account and asset, in the order in which accounts were opened."""

    def __init__(self, asset_of: dict[str, str]) -> None:
        """`asset_of`: the settlement asset of each instrument."""
        self.of: dict[tuple[str, str], Tally] = {}
        self.accounts: list[str] = []
        self.refusals: dict[str, Refusals] = {}
        self._asset_of = asset_of
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            AccountOpened: lambda event: self.accounts.append(event.account),
            CommandRejected: self._refused,
            Deposited: self._deposited,
            Withdrawn: self._withdrawn,
            OrderFilled: self._filled,
            LiquidationStarted: self._liquidated,
            LiquidationFeeCharged: self._liquidation_fee,
            InsuranceFundPaid: self._fund_paid,
            PositionDeleveraged: self._deleveraged,
        }

    def observe(self, event: Event) -> None:
        """Count an event of a trader; the venue's own account is the insurance fund."""
        take = self._takers.get(type(event))
        if take is not None and event.account != HOUSE:  # type: ignore[attr-defined]
            take(event)

    def tally(self, account: str, asset: str) -> Tally:
        """What is counted for an account; made if it is not there."""
        key = (account, asset)
        if key not in self.of:
            self.of[key] = Tally()
        return self.of[key]

    def _refused(self, event: CommandRejected) -> None:
        self.refusals.setdefault(event.account, Refusals(event)).count += 1

    def _deposited(self, event: Deposited) -> None:
        self.tally(event.account, event.asset).deposited += event.amount

    def _withdrawn(self, event: Withdrawn) -> None:
        self.tally(event.account, event.asset).deposited -= event.amount

    def _filled(self, event: OrderFilled) -> None:
        tally = self.tally(event.account, self._asset_of[event.symbol])
        tally.fees += event.fee
        tally.realised_pnl += event.realised_pnl
        tally.fills += event.kind is not TradeKind.BLOCK

    def _liquidated(self, event: LiquidationStarted) -> None:
        self.tally(event.account, event.asset).liquidations += 1

    def _liquidation_fee(self, event: LiquidationFeeCharged) -> None:
        self.tally(event.account, event.asset).liquidation_fees += event.fee

    def _fund_paid(self, event: InsuranceFundPaid) -> None:
        self.tally(event.account, event.asset).fund_paid += event.amount

    def _deleveraged(self, event: PositionDeleveraged) -> None:
        tally = self.tally(event.account, self._asset_of[event.symbol])
        tally.deleveraged += 1
        tally.realised_pnl += event.realised_pnl

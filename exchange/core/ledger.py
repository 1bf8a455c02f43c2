"""Double-entry book-keeping: every movement of money is a transfer between two named purses.

The balances of one asset always sum to zero, so money is neither made nor lost; "outside" holds
the negative of all that was ever brought in.
"""

from enum import IntEnum
from typing import Final

from mypy_extensions import i64, mypyc_attr

from exchange.core.messages import HISTORY
from exchange.core.units import Money

FUND: Final = "insurance fund"
OTHER_ASSET: Final = "money cannot change its asset on the way"


class Reason(IntEnum):
    """Why money moved.  Numbers, by which what moved is added up."""

    DEPOSIT = 0
    WITHDRAWAL = 1
    TRADING_FEE = 2
    REALISED_PNL = 3
    ISOLATED_MARGIN = 4
    SPOT_TRADE = 5
    SPOT_RESERVE = 6
    SETTLEMENT_FEE = 7
    ROUNDING = 8
    FUNDING = 9
    LIQUIDATION_FEE = 10
    LEFTOVER = 11
    INSURANCE = 12
    SOCIALISED_LOSS = 13
    UNCOVERED = 14
    CONVERSION = 15
    CONVERSION_FEE = 16
    INTEREST = 17


@mypyc_attr(acyclic=True)
class Tally:
    """A sum of money that grows; in a list by itself it would be an object made anew each time."""

    def __init__(self) -> None:
        self.amount: Money = 0


class Total:
    """What has moved of one asset, by reason."""

    def __init__(self, asset: str, number: i64 = -1) -> None:
        self.asset = asset
        self.number = number
        """Tells a ledger's assets apart; compiled, to compare objects takes three times as long."""
        self.moved: list[Tally] = [Tally() for _ in Reason]


@mypyc_attr(acyclic=True)
class Purse:
    """One account of the ledger.  All may read its balance; only this file changes it."""

    def __init__(self, owner: str, total: Total, part: str = "") -> None:
        self.owner = owner
        self.part = part
        """What of the owner's money it is, such as a position's; empty for a wallet."""
        self.total = total
        self.balance: Money = 0

    @property
    def name(self) -> str:
        """Both together.  Every position has a purse: a name of its own would take more than it."""
        return f"{self.owner} {self.part}" if self.part else self.owner


def transfer(giver: Purse, taker: Purse, amount: Money, reason: Reason) -> None:
    """Move `amount` between two purses of one asset; a negative one flows back."""
    if amount == 0:
        return
    assert giver.total.number == taker.total.number, OTHER_ASSET
    place: i64 = reason  # compiled, an enum's member is an object, which takes ten times as long
    giver.balance -= amount
    taker.balance += amount
    giver.total.moved[place].amount += amount


class Ledger:
    """All purses, as they were opened."""

    def __init__(self) -> None:
        self.purses: list[Purse] = []
        self._totals: dict[str, Total] = {}

    def open(self, owner: str, asset: str, part: str = "") -> Purse:
        """Open a purse; see there."""
        total = self._totals.get(asset)
        if total is None:
            total = self._totals[asset] = Total(asset, len(self._totals))
        purse = Purse(owner, total, part)
        self.purses.append(purse)
        return purse

    def moved(self, asset: str) -> dict[str, Money]:
        """Net money moved so far of one asset, by reason; those for which any was."""
        total = self._totals.get(asset)
        if total is None:
            return {}
        moved = {why: total.moved[why].amount for why in Reason}
        return {why.name.lower(): amount for why, amount in moved.items() if amount}

    def of(self, asset: str) -> dict[str, Money]:
        """Every balance of one asset, by name; purses of one name are added up."""
        found: dict[str, Money] = {}
        for purse in self.purses:
            if purse.total.asset == asset:
                found[purse.name] = found.get(purse.name, 0) + purse.balance
        return found

    def check_total(self) -> None:
        """Assert that all balances sum to zero.  Quick; no transfer crosses assets."""
        total = sum([purse.balance for purse in self.purses])
        assert total == 0, f"the ledger is off by {total} units"

    def check(self) -> None:
        """Assert that the balances of every asset sum to zero."""
        for asset in self._totals:
            total = sum(self.of(asset).values())
            assert total == 0, f"the ledger of {asset} is off by {total}"


class Funds:
    """The venue's own ledger accounts in one asset."""

    def __init__(self, ledger: Ledger, asset: str) -> None:
        self.outside = ledger.open("outside", asset)
        self.fees = ledger.open("fees", asset)
        self.insurance = ledger.open(FUND, asset)
        self.clearing = ledger.open("open positions", asset)
        """Minus the PnL paid out on positions that are still open on the other side."""
        self.uncovered = ledger.open("uncovered loss", asset)
        self.rounding = ledger.open("rounding", asset)
        """What is left where a sum does not divide."""
        self.conversion = ledger.open("conversion", asset)
        """What the venue took and gave where it exchanged collateral."""
        self.interest = ledger.open("interest", asset)
        self.history = ledger.open(HISTORY, asset)
        """What the rest of the market paid and received besides its trades."""
        moved = self.clearing.total.moved
        self._realised, self._charged = moved[Reason.REALISED_PNL], moved[Reason.TRADING_FEE]

    def settle(self, purse: Purse, realised: Money, fee: Money) -> None:
        """What a trade moves, at once: to `purse` the PnL it realises, and from it the fee.

        As two transfers would, but it happens at each trade, twice.
        """
        assert purse.total.number == self.clearing.total.number, OTHER_ASSET
        if realised:
            self.clearing.balance -= realised
            self._realised.amount += realised
        self.fees.balance += fee
        self._charged.amount += fee
        purse.balance += realised - fee

    def balances(self) -> dict[str, Money]:
        """What each of them holds, by name."""
        owned = (
            self.outside,
            self.fees,
            self.insurance,
            self.clearing,
            self.uncovered,
            self.rounding,
            self.conversion,
            self.interest,
            self.history,
        )
        return {purse.name: purse.balance for purse in owned}

"""Double-entry book-keeping: every movement of money is a transfer between two named purses.

The balances of one asset always sum to zero, so money is neither made nor lost; "outside" holds
the negative of all that was ever brought in.
"""

from enum import IntEnum

from mypy_extensions import i64, mypyc_attr

from exchange.core.units import Money


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

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.moved: list[Tally] = [Tally() for _ in Reason]


@mypyc_attr(acyclic=True)
class Purse:
    """One account of the ledger.  All may read its balance; only `transfer` changes it."""

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
    assert giver.total is taker.total, "money cannot change its asset on the way"
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
            total = self._totals[asset] = Total(asset)
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

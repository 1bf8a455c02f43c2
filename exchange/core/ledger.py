"""Double-entry book-keeping: every movement of money is a transfer between two named accounts.

The balances of one asset always sum to zero, so money is neither made nor lost; "outside" holds
the negative of all that was ever brought in.
"""

from enum import IntEnum

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


class Purse:
    """One account of the ledger."""

    def __init__(self, name: str, asset: str, total: "Total") -> None:
        self.name = name
        self.asset = asset
        self.total = total
        self.balance: Money = 0


class Tally:
    """A sum of money that grows; a number of its own, as that of a purse is."""

    def __init__(self) -> None:
        self.amount: Money = 0


class Total:
    """What has moved of one asset, by reason."""

    def __init__(self) -> None:
        self.moved: list[Tally] = [Tally() for _ in Reason]


class Balances:
    """Balances by account number.

    Each is a number of its purse: in a list it would be an object of its own, made anew whenever
    money moves.
    """

    def __init__(self, purses: list[Purse]) -> None:
        self._purses = purses

    def __getitem__(self, account: int) -> Money:
        return self._purses[account].balance

    def __setitem__(self, account: int, balance: Money) -> None:
        self._purses[account].balance = balance


class Ledger:
    """Accounts by number, as they were opened."""

    def __init__(self) -> None:
        self.purses: list[Purse] = []
        self.balances = Balances(self.purses)
        self._totals: dict[str, Total] = {}

    def open(self, name: str, asset: str) -> int:
        """Open an account and return its number."""
        total = self._totals.setdefault(asset, Total())
        self.purses.append(Purse(name, asset, total))
        return len(self.purses) - 1

    def transfer(self, source: int, target: int, amount: Money, reason: Reason) -> None:
        """Move `amount` between two accounts of one asset; a negative one flows back."""
        if amount == 0:
            return
        giver, taker = self.purses[source], self.purses[target]
        assert giver.total is taker.total, "money cannot change its asset on the way"
        giver.balance -= amount
        taker.balance += amount
        giver.total.moved[reason].amount += amount

    def moved(self, asset: str) -> dict[str, Money]:
        """Net money moved so far of one asset, by reason; those for which any was."""
        total = self._totals.get(asset)
        if total is None:
            return {}
        moved = {why: total.moved[why].amount for why in Reason}
        return {why.name.lower(): amount for why, amount in moved.items() if amount}

    def of(self, asset: str) -> dict[str, Money]:
        """Every balance of one asset, by name; accounts of one name are added up."""
        found: dict[str, Money] = {}
        for purse in self.purses:
            if purse.asset == asset:
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

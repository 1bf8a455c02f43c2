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


class Ledger:
    """Balances by account number."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.assets: list[str] = []
        self.balances: list[Money] = []
        self._sums: list[list[Money]] = []
        """What moved, by account of the asset's first (see `_first`) and reason."""
        self._first: list[int] = []
        """By account: the first that was opened in its asset, which stands for the asset."""

    def open(self, name: str, asset: str) -> int:
        """Open an account and return its number."""
        first = self.assets.index(asset) if asset in self.assets else len(self.assets)
        self._first.append(first)
        self._sums.append([0] * len(Reason) if first == len(self.assets) else [])
        self.names.append(name)
        self.assets.append(asset)
        self.balances.append(0)
        return len(self.names) - 1

    def transfer(self, source: int, target: int, amount: Money, reason: Reason) -> None:
        """Move `amount` between two accounts of one asset; a negative one flows back."""
        if amount == 0:
            return
        asset = self._first[source]
        assert asset == self._first[target], "money cannot change its asset on the way"
        self.balances[source] -= amount
        self.balances[target] += amount
        self._sums[asset][reason] += amount

    def moved(self, asset: str) -> dict[str, Money]:
        """Net money moved so far of one asset, by reason; those for which any was."""
        if asset not in self.assets:
            return {}
        sums = self._sums[self.assets.index(asset)]
        return {reason.name.lower(): sums[reason] for reason in Reason if sums[reason]}

    def of(self, asset: str) -> dict[str, Money]:
        """Every balance of one asset, by name; accounts of one name are added up."""
        found: dict[str, Money] = {}
        for name, owned, balance in zip(self.names, self.assets, self.balances, strict=True):
            if owned == asset:
                found[name] = found.get(name, 0) + balance
        return found

    def check_total(self) -> None:
        """Assert that all balances sum to zero.  Quick; no transfer crosses assets."""
        total = sum(self.balances)
        assert total == 0, f"the ledger is off by {total} units"

    def check(self) -> None:
        """Assert that the balances of every asset sum to zero."""
        for asset in dict.fromkeys(self.assets):
            total = sum(self.of(asset).values())
            assert total == 0, f"the ledger of {asset} is off by {total}"

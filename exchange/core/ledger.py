"""Double-entry book-keeping: every movement of money is a transfer between two named accounts.

The balances of one asset always sum to zero, so money is neither made nor lost; "outside" holds
the negative of all that was ever brought in.
"""

from enum import StrEnum

from exchange.core.units import Money


class Reason(StrEnum):
    """Why money moved."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRADING_FEE = "trading_fee"
    REALISED_PNL = "realised_pnl"
    ISOLATED_MARGIN = "isolated_margin"
    SPOT_TRADE = "spot_trade"
    SPOT_RESERVE = "spot_reserve"
    SETTLEMENT_FEE = "settlement_fee"
    ROUNDING = "rounding"
    FUNDING = "funding"
    LIQUIDATION_FEE = "liquidation_fee"
    LEFTOVER = "leftover"
    INSURANCE = "insurance"
    SOCIALISED_LOSS = "socialised_loss"
    UNCOVERED = "uncovered"
    CONVERSION = "conversion"
    CONVERSION_FEE = "conversion_fee"
    INTEREST = "interest"


class Ledger:
    """Balances by account number."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.assets: list[str] = []
        self.balances: list[Money] = []
        self.moved: dict[tuple[str, Reason], Money] = {}

    def open(self, name: str, asset: str) -> int:
        """Open an account and return its number."""
        self.names.append(name)
        self.assets.append(asset)
        self.balances.append(0)
        return len(self.names) - 1

    def transfer(self, source: int, target: int, amount: Money, reason: Reason) -> None:
        """Move `amount` between two accounts of one asset; a negative one flows back."""
        if amount == 0:
            return
        asset = self.assets[source]
        assert asset == self.assets[target], "money cannot change its asset on the way"
        self.balances[source] -= amount
        self.balances[target] += amount
        key = (asset, reason)
        self.moved[key] = self.moved.get(key, 0) + amount

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

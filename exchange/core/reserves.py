"""Insurance funds as purses: one for each asset or each contract, and how they fared."""

from exchange.core.ledger import Purse
from exchange.core.policies import FundScope
from exchange.core.rules import Rulebook
from exchange.core.units import RATE_ONE, SECOND, Money, Nanos, Rate, ceil_div, exact, rate


class Reserves:
    """The balances of every insurance fund over time.

    A fund that has lost more than `fund_drawdown_max` of its highest balance in the window stops
    paying until the peak has passed out of the window.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        rules = rulebook.liquidation
        self.per_contract = rules.fund_scope is FundScope.PER_CONTRACT
        self.drawdown: Rate = rate(rules.fund_drawdown_max, "liquidation.fund_drawdown_max")
        self.window: Nanos = int(exact(rules.fund_window_seconds, "fund_window_seconds") * SECOND)
        self.history: dict[Purse, list[tuple[Nanos, Money]]] = {}
        """(time, balance) after each change, by fund."""

    def note(self, fund: Purse, now: Nanos) -> None:
        """A fund's balance has changed."""
        self.history.setdefault(fund, []).append((now, fund.balance))

    def peak(self, fund: Purse, now: Nanos) -> Money:
        """The highest balance in the window that ends now."""
        peak = fund.balance
        for at, balance in reversed(self.history.get(fund, [])):
            peak = max(peak, balance)
            if at <= now - self.window:
                break  # the balance that the window began with
        return peak

    def spendable(self, fund: Purse, now: Nanos) -> Money:
        """What a fund may pay now."""
        balance = fund.balance
        if self.drawdown == RATE_ONE:
            return max(0, balance)
        kept = ceil_div(self.peak(fund, now) * (RATE_ONE - self.drawdown), RATE_ONE)
        return max(0, balance - kept)

"""The liquidation fee's rate, which may grow the longer a liquidation lasts."""

from exchange.core.rules import LiquidationRules
from exchange.core.units import SECOND, Nanos, Rate, exact, rate


class LiquidationFee:
    """What the rulebook takes of the notional that a liquidation closes.

    Drift's liquidators are paid more the longer they take (get_liquidation_fee in its program): the
    rate at first, and from a grace period on so much more for all the time gone by, up to a bound.
    """

    def __init__(self, rules: LiquidationRules) -> None:
        self.base: Rate = rate(rules.fee, "liquidation.fee")
        self.growth: Rate = rate(rules.fee_growth, "fee_growth")
        self.grace: Nanos = int(exact(rules.fee_grace_seconds, "fee_grace_seconds") * SECOND)
        self.most: Rate = rate(rules.fee_max, "fee_max")
        self.cap_share: Rate = rate(rules.fee_cap_share, "fee_cap_share")
        """Of what the fills eased, where that caps it."""

    def after(self, lasted: Nanos) -> Rate:
        """The rate once a liquidation has lasted so long."""
        if not self.growth or lasted < self.grace:
            return self.base
        return max(self.base, min(self.base + self.growth * lasted // SECOND, self.most))

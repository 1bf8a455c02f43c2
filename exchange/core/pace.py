"""How fast a liquidation goes: bounds of its steps by time and by the book."""

from exchange.core.rules import LiquidationRules
from exchange.core.units import RATE_ONE, SECOND, Lots, Money, Nanos, Rate, exact, rate


class Pace:
    """What one step may come to, whatever the policy says how much of a position it closes."""

    def __init__(self, rules: LiquidationRules) -> None:
        self.book_share: Rate = rate(rules.book_share, "liquidation.book_share")
        """Of what the book offers; 0: no bound."""
        self.share: Rate = rate(rules.shortage_share, "shortage_share")
        self.time: Nanos = int(exact(rules.shortage_seconds, "shortage_seconds") * SECOND)
        """In which the share of the shortage grows by all of it; 0: no bound."""

    def in_time(self, lacking: Money, eased: Money, lasted: Nanos) -> Rate:
        """How much of what is `lacking` may be made up for, once a liquidation has lasted so long.

        As Drift's program has it (calculate_max_pct_to_liquidate): a share, which grows with time,
        of what is lacking and what has been made up for, less the latter.
        """
        grown = min(RATE_ONE, self.share + lasted * RATE_ONE // self.time)
        most = (lacking + eased) * grown // RATE_ONE
        return max(0, most - eased) * RATE_ONE // lacking

    def in_the_book(self, offered: Lots) -> Lots:
        """How much of what it offers; at least a lot."""
        return max(1, offered * self.book_share // RATE_ONE)

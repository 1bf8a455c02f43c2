"""The lines a venue draws under an account: where it is safe, warned, liquidated, taken over."""

from exchange.core.policies import Breach
from exchange.core.rules import Rulebook
from exchange.core.units import RATE_ONE, Money, Rate, ceil_div, rate


class Lines:
    """Comparisons of equity with maintenance margin, under one rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        rules = rulebook.liquidation
        self.equality_fails = rules.trigger is Breach.AT_OR_BELOW
        self.buffer: Rate = rate(rules.exit_buffer, "liquidation.exit_buffer")
        self.backstop: Rate = rate(rules.backstop, "liquidation.backstop")

    def lacking(self, equity: Money, maintenance: Money) -> Money:
        """What is missing to safety; zero or less where nothing is."""
        return maintenance - equity + (1 if self.equality_fails else 0)

    def is_safe(self, equity: Money, maintenance: Money) -> bool:
        """Whether positions with this maintenance margin may stay as they are."""
        return equity > maintenance or (equity == maintenance and not self.equality_fails)

    def exit(self, maintenance: Money) -> Money:
        """The maintenance margin, and its buffer, that a liquidation must reach to end."""
        return maintenance + ceil_div(maintenance * self.buffer, RATE_ONE)

    def is_beyond_backstop(self, equity: Money, maintenance: Money) -> bool:
        """Whether there is equity, but too little of it to be worked with."""
        return equity >= 0 and equity * RATE_ONE < maintenance * self.backstop

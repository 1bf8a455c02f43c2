"""Who is deleveraged first, written from the venues' texts in exact fractions."""

from dataclasses import dataclass
from fractions import Fraction

from exchange.core.rules import Rank


@dataclass
class Winner:
    """A position on the other side, and what stands behind it."""

    gain: int
    cost: int
    """Without a sign."""
    value: int
    """At the mark, without a sign."""
    rises: bool
    """Whether its value in money grows with its gain: a linear long, an inverse short."""
    leverage: int
    """As chosen."""
    money: int
    equity: int
    maintenance: int
    one: int
    """Units of money in one of its asset."""


def standing(ranking: Rank, it: Winner) -> Fraction:
    """A measure of profit times one of leverage."""
    entry, gain, value = Fraction(max(1, it.cost)), Fraction(it.gain), Fraction(it.value)
    leverage = value / max(1, it.equity)
    match ranking:
        case Rank.PROFIT_AND_LEVERAGE:
            return gain / entry * leverage if gain > 0 else gain / entry / leverage
        case Rank.LEVERAGED_RETURN:
            return gain / entry * it.leverage
        case Rank.WALLET_PROFIT_AND_MARGIN_RATIO:
            profit = max(0, gain) / max(it.one, it.money)
            return profit * (Fraction(it.maintenance, it.equity) if it.equity > 0 else 0)
        case Rank.PRICE_GAIN_AND_LEVERAGE:
            return (value / entry if it.rises else entry / value) * leverage
    raise AssertionError(ranking)

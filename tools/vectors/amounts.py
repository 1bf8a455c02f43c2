"""Margin and gains that a vector tells as amounts, and a position that makes them."""

from fractions import Fraction
from typing import NamedTuple

from exchange import Rulebook
from exchange.core.policies import MarginPrice
from tools.vectors.cases import Case, UnsupportedError

ONE = Fraction(1)
GAINS = ("upnl", "unrealised_pnl", "unrealized_pnl", "upl", "unrealized_profit")
LOSSES = ("unrealised_loss", "unrealized_loss", "floating_loss")
MAINTENANCES = (
    "maintenance_margin",
    "maintenance",
    "mm",
    "mmr",
    "maint_margin",
    "total_mm",
    "total_maintenance_margin",
    "total_maintenance",
    "maintenance_margin_required",
    "tmmr",
    "mm_total",
)
FEES = ("liquidation_fee", "liq_fee", "closing_fee", "taker_fee_cost", "liquidation_cost", "fee")
INITIALS = (
    "initial_margin",
    "margin_in_use",
    "used_margin",
    "margin_used",
    "total_initial_margin",
    "total_im",
    "im",
    "initial",
)
OTHERS_MARGIN = ("tmm1", "tmm", "mm_ex_1", "others_mm", "other_mm", "other_maintenance_margin")
OTHERS_GAIN = ("upnl1", "upnl_ex_1", "others_upnl", "other_upnl", "other_unrealised_pnl")
DIGITS_MAX = 8


class Told(NamedTuple):
    """A long, at a mark of one, that makes a margin and a gain told as amounts."""

    size: Fraction
    entry: Fraction
    rate: Fraction

    def row(self) -> dict[str, object]:
        """As a vector would write it."""
        return {
            "side": "long",
            "qty": self.size,
            "entry": self.entry,
            "mark": ONE,
            "mmr": self.rate,
            "cum": 0,
        }


def told_by(
    margin: Fraction, gain: Fraction = Fraction(0), *, at_entry: bool = False
) -> Told | None:
    """A position of such a margin and gain; None where there is neither.

    Large enough that its gain leaves it an entry price above zero.  `at_entry`: margin is that of
    the entry price.
    """
    if not margin and not gain:
        return None
    for digits in range(2, DIGITS_MAX + 1):
        size = (margin or abs(gain)) * 10**digits
        if size > 2 * abs(gain) and at_entry:
            return Told(
                size + gain, size / (size + gain), Fraction(1, 10**digits) if margin else 0 * ONE
            )
        if size > 2 * abs(gain):
            rate = Fraction(1, 10**digits) if margin else Fraction(0)
            return Told(size, 1 - gain / size, rate)
    raise UnsupportedError("the gain is too large for so little margin")


def gain_told(case: Case) -> Fraction:
    """What the positions have gained, told as a gain or as a loss."""
    gain, loss = case.maybe(*GAINS), case.maybe(*LOSSES)
    if gain is not None:
        return gain
    return -abs(loss) if loss is not None else Fraction(0)


def others_told(case: Case, rulebook: Rulebook) -> Told | None:
    """The other positions of a cross account, told by their maintenance margin and their gain."""
    margin, gain = case.number(*OTHERS_MARGIN, default=0), case.number(*OTHERS_GAIN, default=0)
    return told_by(margin, gain, at_entry=_at_entry(rulebook))


def account_told(case: Case, rulebook: Rulebook) -> Told | None:
    """All positions of an account, told by their maintenance margin, closing fee and gain."""
    margin = case.number(*MAINTENANCES, default=0) + case.number(*FEES, default=0)
    return told_by(margin, gain_told(case), at_entry=_at_entry(rulebook))


def _at_entry(rulebook: Rulebook) -> bool:
    return rulebook.margin.maintenance_price is MarginPrice.ENTRY

"""A unified account, slowly and obviously: from balances, prices and fractions, nothing rounded."""

from fractions import Fraction
from typing import NamedTuple


class Asset(NamedTuple):
    """What an account has of an asset, and what positions that settle in it add and need."""

    balance: Fraction
    """Below zero: owed."""
    price: Fraction
    """Of one, in the accounting currency."""
    tiers: tuple[tuple[Fraction, Fraction], ...] = ((Fraction(0), Fraction(1)),)
    """From which amount on which part counts."""
    unrealised: Fraction = Fraction(0)
    margin: Fraction = Fraction(0)
    """Maintenance margin of its positions."""


class Rules(NamedTuple):
    """How a rulebook counts."""

    spares_unrealised: bool = False
    """Whether unrealised PnL has no haircut."""
    losses_only: bool = False
    borrowing: Fraction = Fraction(0)
    """Maintenance margin on what is owed."""


def after_haircut(amount: Fraction, asset: Asset) -> Fraction:
    """Each part of an amount by its tier; what is owed, in full."""
    if amount < 0:
        return amount
    tops = [floor for floor, _ in asset.tiers[1:]] + [max(amount, asset.tiers[-1][0])]
    parts = zip(asset.tiers, tops, strict=True)
    return sum(
        (max(Fraction(0), min(amount, top) - floor) * ratio for (floor, ratio), top in parts),
        Fraction(0),
    )


def equity(rules: Rules, assets: list[Asset]) -> Fraction:
    """What all of it counts, in the accounting currency."""
    total = Fraction(0)
    for one in assets:
        gain = min(one.unrealised, Fraction(0)) if rules.losses_only else one.unrealised
        if rules.spares_unrealised:
            total += (after_haircut(one.balance, one) + gain) * one.price
        else:
            total += after_haircut(one.balance + gain, one) * one.price
    return total


def maintenance(rules: Rules, assets: list[Asset]) -> Fraction:
    """What it needs: for positions, and for what is owed."""
    return sum(
        (
            (one.margin + max(Fraction(0), -one.balance) * rules.borrowing) * one.price
            for one in assets
        ),
        Fraction(0),
    )

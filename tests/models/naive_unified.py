"""A unified account in portfolio margin, slowly and obviously: from prices and fractions.

Each contract is valued in the accounting currency at the prices after a move, and coins are held
beside it: nothing of the venue's way of reckoning is used.
"""

from fractions import Fraction
from typing import NamedTuple

from tests.models.naive_collateral import Asset, Rules, after_haircut
from tests.models.naive_portfolio import NaiveGrid


class Contract(NamedTuple):
    """A position that is open, both sides together."""

    name: str
    underlying: str
    size: int
    mark: Fraction
    settle: str
    inverse: bool = False
    days: int = 0
    """To expiry."""

    def worth(self, mark: Fraction) -> Fraction:
        """In its settlement asset, at a mark."""
        return -self.size / mark if self.inverse else self.size * mark


class Hedging(NamedTuple):
    """What coins do."""

    counts: bool = True
    in_full: bool = True
    rate: Fraction = Fraction(0)
    """Charged on them."""


Prices = dict[str, Fraction]
"""Of the assets, in the accounting currency."""


def value(one: Contract, prices: Prices) -> Fraction:
    """In the accounting currency; above zero for a long."""
    worth = one.worth(one.mark) * prices[one.settle]
    return abs(worth) * (1 if one.size > 0 else -1)


def hedge(held: list[Contract], coins: Fraction, prices: Prices) -> Fraction:
    """How much of what the account has of the underlying stands against the contracts."""
    exposure = sum((value(one, prices) for one in held), Fraction(0))
    if coins * exposure >= 0:
        return Fraction(0)
    most = min(abs(coins), abs(exposure))
    return most if coins > 0 else -most


def gained(one: Contract, prices: Prices, move: Fraction) -> Fraction:
    """What a contract adds when its mark moves, and its settlement asset where that is its own."""
    then = prices[one.settle] * (1 + move if one.settle == one.underlying else 1)
    return (one.worth(one.mark * (1 + move)) - one.worth(one.mark)) * then


def charge(
    grid: NaiveGrid, hedging: Hedging, held: list[Contract], coins: Fraction, prices: Prices
) -> Fraction:
    """Of one unit; `coins`: what the account has of the underlying, in the currency."""
    leg = hedge(held, coins, prices) if hedging.counts else Fraction(0)
    worst = Fraction(0)
    scaled = [*((move, Fraction(1)) for move in grid.moves), (grid.extreme, grid.share)]
    for size, share in scaled:
        for move in (size, -size):
            gain = sum((gained(one, prices, move) for one in held), leg * move)
            worst = max(worst, -gain * share)
    values = [value(one, prices) for one in held]
    long, short = sum(v for v in values if v > 0), -sum(v for v in values if v < 0)
    years = sum((v * Fraction(one.days, 365) for v, one in zip(values, held, strict=True)), 0)
    total = worst + abs(years) * grid.basis + min(long, short) * grid.offset
    least = max((long + short) * grid.minimum, max(long, short) * grid.rate)
    return max(total + abs(leg) * hedging.rate, least)


def standing(
    rules: Rules,
    grid: NaiveGrid,
    hedging: Hedging,
    assets: dict[str, Asset],
    held: list[Contract],
    currency: str,
) -> tuple[Fraction, Fraction]:
    """Equity and maintenance margin."""
    prices = {name: asset.price for name, asset in assets.items()}
    equity = needed = Fraction(0)
    for name, asset in assets.items():
        gain = min(asset.unrealised, Fraction(0)) if rules.losses_only else asset.unrealised
        own = [one for one in held if one.underlying == name]
        has = asset.balance + gain
        leg = Fraction(0)
        if hedging.counts and hedging.in_full and name != currency and has > 0:
            leg = max(hedge(own, has * asset.price, prices), Fraction(0)) / asset.price
        counted = asset.balance if rules.spares_unrealised else has
        full = min(leg, max(counted, Fraction(0)))
        equity += (full + after_haircut(counted - full, asset)) * asset.price
        equity += gain * asset.price if rules.spares_unrealised else 0
        needed += max(Fraction(0), -asset.balance) * rules.borrowing * asset.price
    for name in sorted({one.underlying for one in held}):
        unit = [one for one in held if one.underlying == name]
        coins = Fraction(0)
        if name in assets and name != currency:
            one = assets[name]
            gain = min(one.unrealised, Fraction(0)) if rules.losses_only else one.unrealised
            coins = (one.balance + gain) * one.price
        needed += charge(grid, hedging, unit, coins, prices)
    return equity, needed

"""Portfolio margin, slowly and obviously: from prices and fractions, without the venue's code."""

from fractions import Fraction
from typing import NamedTuple


class Holding(NamedTuple):
    """Some of a contract, signed, of one unit of value for each unit of price (or its inverse)."""

    underlying: str
    contract: str
    size: int
    mark: Fraction
    inverse: bool = False
    days: int = 0
    """To expiry."""

    def worth(self, price: Fraction) -> Fraction:
        """In the settlement asset, at a price."""
        return -self.size / price if self.inverse else self.size * price


class NaiveGrid(NamedTuple):
    """What might happen to an underlying."""

    moves: tuple[Fraction, ...] = ()
    extreme: Fraction = Fraction(0)
    share: Fraction = Fraction(1)
    basis: Fraction = Fraction(0)
    offset: Fraction = Fraction(0)
    minimum: Fraction = Fraction(0)
    rate: Fraction = Fraction(0)
    """Of the larger of long and short at the least."""


def losses(grid: NaiveGrid, held: list[Holding], sign: int) -> list[Fraction]:
    """What each fall (-1), or rise, of all prices together costs."""
    found = []
    for move, share in [*((move, Fraction(1)) for move in grid.moves), (grid.extreme, grid.share)]:
        now = sum((one.worth(one.mark) for one in held), Fraction(0))
        then = sum((one.worth(one.mark * (1 + sign * move)) for one in held), Fraction(0))
        found.append((now - then) * share)
    return found


def unit(grid: NaiveGrid, held: list[Holding]) -> tuple[Fraction, Fraction, Fraction]:
    """Charge before credits, minimum, and the risk of a fall beyond that of a rise."""
    nets: dict[str, Holding] = {}
    for one in held:
        before = nets[one.contract].size if one.contract in nets else 0
        nets[one.contract] = one._replace(size=before + one.size)
    values = {name: abs(net.worth(net.mark)) for name, net in nets.items()}
    long = sum(values[name] for name, net in nets.items() if net.size > 0)
    short = sum(values[name] for name, net in nets.items() if net.size < 0)
    down = max(*losses(grid, held, -1), Fraction(0))
    up = max(*losses(grid, held, 1), Fraction(0))
    years = [
        values[name] * (1 if net.size > 0 else -1) * Fraction(net.days, 365)
        for name, net in nets.items()
    ]
    charge = max(down, up) + abs(sum(years)) * grid.basis + min(long, short) * grid.offset
    least = max((long + short) * grid.minimum, max(long, short) * grid.rate)
    return charge, least, down - up


def maintenance(
    grid: NaiveGrid,
    holdings: list[Holding],
    credits_: list[tuple[str, str, Fraction]] = [],  # noqa: B006 (never changed)
) -> Fraction:
    """What the whole portfolio needs."""
    names = sorted({one.underlying for one in holdings})
    found = {name: unit(grid, [h for h in holdings if h.underlying == name]) for name in names}
    left = {name: found[name][2] for name in names}
    off = dict.fromkeys(names, Fraction(0))
    for first, second, rate in credits_:
        if first in left and second in left and left[first] * left[second] < 0:
            spread = min(abs(left[first]), abs(left[second]))
            for name in (first, second):
                off[name] += spread * rate
                left[name] += -spread if left[name] > 0 else spread
    return sum((max(found[name][0] - off[name], found[name][1]) for name in names), Fraction(0))

"""Populations: many accounts, each with one position, drawn from stated laws by a seed."""

from collections.abc import Iterator
from decimal import Context, Decimal
from fractions import Fraction
from random import Random
from typing import NamedTuple, TypeVar

from exchange.core.instrument import Instrument
from exchange.core.messages import MarginMode, Side
from exchange.core.portfolio import lone_charge
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, Ticks, UnitError, exact
from feeds.bridge import BELL, bell
from tools.scenario import Population

T = TypeVar("T")

BITS = 32
EXACT = Context(prec=28)
"""Powers are taken in decimal arithmetic, which gives the same digits on every machine."""


class Member(NamedTuple):
    """One account of a population, before it has a price."""

    account: str
    symbol: str
    side: Side
    mode: MarginMode
    leverage: int
    notional: Fraction
    """At the mark, in the settlement asset."""
    distance: Fraction | None
    """How far the liquidation price shall lie from the mark; None: opened at the mark."""
    cushion: Fraction
    gain: Fraction | None = None
    """How far the mark has gone the member's way since it entered, as a part of the mark."""


class Entry(NamedTuple):
    """A member's position at a mark, and the money that stands behind it."""

    size: Lots
    price: Ticks
    deposit: Money


def members(population: Population, seed: int) -> Iterator[Member]:
    """Draw the accounts.  Raises UnitError where the laws make no sense."""
    random = Random(f"{seed}:{population.name}")  # noqa: S311 (a simulation)
    least = _positive(population.notional_least, "notional_least")
    most = _positive(population.notional_most, "notional_most")
    if most < least:
        raise UnitError(
            f"notional_most was {population.notional_most}, expected {population.notional_least} "
            "(notional_least) or more"
        )
    alpha = _positive(population.notional_alpha, "notional_alpha")
    cushion = _positive(population.cushion, "cushion")
    if cushion < 1:
        raise UnitError(f"cushion was {population.cushion}, expected 1 or more")
    near, far = _distances(population)
    spread = _spread(population)
    symbols = _weights(population.symbols, "symbols")
    leverages = _weights(
        {_leverage(text): weight for text, weight in population.leverage.items()}, "leverage"
    )
    shared = MarginMode.PORTFOLIO if population.portfolio else MarginMode.CROSS
    for number in range(1, population.count + 1):
        isolated = random.randrange(100) < population.isolated_percent
        yield Member(
            account=f"{population.name}-{number}",
            symbol=_one_of(symbols, random),
            side=Side.BUY if random.randrange(100) < population.long_percent else Side.SELL,
            mode=MarginMode.ISOLATED if isolated else shared,
            leverage=_one_of(leverages, random),
            notional=min(most, least * _pareto(alpha, random)),
            distance=None if near is None else near + (far - near) * _unit(random),
            cushion=cushion,
            gain=None if spread is None else spread * Fraction(bell(random), BELL),
        )


def entry(member: Member, instrument: Instrument, mark: MarkPrice) -> tuple[Entry, int]:
    """The member's position at a mark, and its leverage: no higher than its margin allows.

    With `distance` d, a long is liquidated at mark * (1 - d); with `gain` g, it entered at
    mark * (1 - g), and who would be liquidated there already stands as far on the safe side.
    """
    units = int(member.notional / instrument.money_unit)
    size = max(1, instrument.size_min, instrument.lots_worth(mark, units))
    notional = instrument.notional(mark, size)
    leverage = min(member.leverage, instrument.tiers.leverage_max(notional, size))
    alone: Money = 0
    if member.mode is MarginMode.PORTFOLIO and instrument.grid is not None:
        alone = lone_charge(instrument, mark, size if member.side is Side.BUY else -size)
        initial = alone * instrument.grid.factor // RATE_ONE + 1
        leverage = max(1, min(leverage, notional // initial))
    price = Fraction(mark, instrument.subticks)
    if member.distance is not None or member.gain is not None:
        cost = notional if member.side is Side.BUY else -notional
        needed = instrument.maintenance(mark, size, cost)
        share = min(Fraction(needed, notional), Fraction(instrument.tiers.rates[-1], RATE_ONE))
        share = Fraction(alone, notional) if alone else share
        price = _entered(member, price, _failing(member, share, leverage, instrument))
    ticks = max(1, round(price))
    value = abs(instrument.value(ticks, size))
    deposit = Fraction(value, leverage) * member.cushion
    return Entry(size, ticks, int(deposit) + 1), leverage


def _entered(member: Member, mark: Fraction, failing: Fraction) -> Fraction:
    """The entry price; `failing` is the liquidation price as a part of it."""
    away = -1 if member.side is Side.BUY else 1
    distance = member.distance
    if distance is None:
        assert member.gain is not None
        distance = abs(1 - (1 + away * member.gain) * failing)
    return mark * (1 + away * distance) / failing


def _failing(
    member: Member, maintenance: Fraction, leverage: int, instrument: Instrument
) -> Fraction:
    """Liquidation price over entry price.

    With maintenance rate r and margin m = cushion / leverage of the entry notional: of a long
    (1 - m) / (1 - r), of a short (1 + m) / (1 + r); of an inverse contract, whose value in the coin
    is the size over the price, the other one upside down.
    """
    cushion = Fraction(1) if member.mode is MarginMode.ISOLATED else member.cushion
    margin = min(cushion / leverage, Fraction(9, 10))
    falls = (member.side is Side.BUY) != instrument.is_inverse
    kept = (1 - margin) / (1 - maintenance) if falls else (1 + margin) / (1 + maintenance)
    return 1 / kept if instrument.is_inverse else kept


def _pareto(alpha: Fraction, random: Random) -> Fraction:
    """A number of 1 or more, above x with probability x ** -alpha."""
    chance = EXACT.divide(Decimal(random.getrandbits(BITS) + 1), Decimal(1 << BITS))
    power = EXACT.divide(Decimal(-alpha.denominator), Decimal(alpha.numerator))
    drawn: Decimal = EXACT.power(chance, power)
    return Fraction(drawn)


def _unit(random: Random) -> Fraction:
    return Fraction(random.getrandbits(BITS), 1 << BITS)


def _weights(weights: dict[T, int], what: str) -> dict[T, int]:
    if not any(weights.values()) or min(weights.values()) < 0:
        raise UnitError(f"{what} had weights {[*weights.values()]}, expected some above 0")
    return weights


def _one_of(weights: dict[T, int], random: Random) -> T:
    point = random.randrange(sum(weights.values()))
    for one, weight in weights.items():
        point -= weight
        if point < 0:
            return one
    raise AssertionError("a point beyond all weights")


def _distances(population: Population) -> tuple[Fraction | None, Fraction]:
    if not population.distance_least:
        return None, Fraction(0)
    near = exact(population.distance_least, "distance_least")
    far = exact(population.distance_most or population.distance_least, "distance_most")
    if not 0 <= near <= far < 1:
        raise UnitError(
            f"distance_least was {population.distance_least} and distance_most "
            f"{population.distance_most}, expected 0 <= least <= most < 1"
        )
    return near, far


def _spread(population: Population) -> Fraction | None:
    if not population.entry_spread:
        return None
    spread = exact(population.entry_spread, "entry_spread")
    if population.distance_least or not 0 <= spread <= Fraction(1, 10):
        raise UnitError(
            f"entry_spread was {population.entry_spread}, expected 0 to 0.1, and no distance_least"
        )
    return spread


def _positive(text: str, what: str) -> Fraction:
    value = exact(text, what)
    if value <= 0:
        raise UnitError(f"{what} was {text}, expected more than 0")
    return value


def _leverage(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UnitError(f"leverage was {text!r}, expected a whole number of 1 or more")
    return int(text)

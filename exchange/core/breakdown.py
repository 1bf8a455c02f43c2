"""What a portfolio's maintenance margin is made of: the worst move of each risk unit, and charges.

Only told, and never computed with: `portfolio` says what is required.
"""

from exchange.core.grid import STILL, Grid, Move
from exchange.core.messages import PortfolioContract, PortfolioSpot, PortfolioUnit
from exchange.core.portfolio import (
    Charge,
    Leg,
    Need,
    Net,
    Requirement,
    Spot,
    Unit,
    counted,
    shocks_of,
)
from exchange.core.scope import Scope
from exchange.core.units import Lots, Money

Legs = list[tuple[Leg, int]]


def breakdown(scope: Scope) -> tuple[PortfolioUnit, ...]:
    """The units of a portfolio, in order of their underlyings."""
    terms = scope.pool.portfolio
    assert terms is not None, "only a portfolio has risk units"
    required = (
        scope.whole().required
        if scope.is_unified
        else Requirement(terms, scope.positions(), scope.marks.prices)
    )
    assert required is not None, "a portfolio requires something"
    return tuple(
        [
            _unit_of(unit, charge, need)
            for unit, charge, need in zip(
                required.units, required.charges, required.needs, strict=True
            )
            if charge.legs
        ]
    )


def _unit_of(unit: Unit, charge: Charge, need: Need) -> PortfolioUnit:
    worst, shock = _worst(unit.grid, charge.legs)
    return PortfolioUnit(
        underlying=unit.name,
        move=worst.part,
        share=worst.share,
        scan=charge.scan,
        basis=charge.basis,
        offset=charge.offset,
        credit=need.credit,
        minimum=charge.minimum,
        margin=need.margin,
        contracts=tuple(
            [
                _contract_of(leg, size, worst, shock)
                for leg, size in charge.legs
                if isinstance(leg, Net)
            ]
        ),
        spot=tuple(
            [
                _coins_of(leg, unit, size, worst)
                for leg, size in charge.legs
                if isinstance(leg, Spot)
            ]
        ),
        spot_charge=charge.spot,
        options=charge.options,
    )


def _coins_of(spot: Spot, unit: Unit, amount: Money, worst: Move) -> PortfolioSpot:
    return PortfolioSpot(
        asset=unit.name,
        amount=amount,
        value=spot.value(amount),
        loss=spot.loss_after(amount, worst.part),
    )


def _worst(grid: Grid, held: Legs) -> tuple[Move, int]:
    """The move, and the shock of volatility, that cost most; of equal ones the first.

    Moves are in the order of the rulebook, and volatility as it is comes first.
    """
    shocks = shocks_of(held)
    moves = [*grid.moves, STILL] if len(shocks) > 1 or not grid.moves else grid.moves
    scenarios = [(move, shock) for move in moves for shock in shocks]
    return max(scenarios, key=lambda one: counted(one[0], held, (one[1],)))


def _contract_of(net: Net, lots: Lots, worst: Move, shock: int) -> PortfolioContract:
    instrument, option = net.instrument, net.option
    return PortfolioContract(
        symbol=instrument.symbol,
        size=lots,
        notional=net.value(lots),
        loss=net.loss_after(lots, worst.part, shock),
        volatility_shock=0 if option is None else shock * option.shock,
    )

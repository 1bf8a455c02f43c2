"""What a portfolio's maintenance margin is made of: the worst move of each risk unit, and charges.

Only told, and never computed with: `portfolio` says what is required.
"""

from exchange.core.grid import Grid, Move
from exchange.core.messages import PortfolioContract, PortfolioSpot, PortfolioUnit
from exchange.core.portfolio import Charge, Leg, Need, Net, Requirement, Spot, Unit
from exchange.core.scope import Scope
from exchange.core.units import RATE_ONE, Lots, Money, ceil_div

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
    worst = _worst(unit.grid, charge.legs)
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
            [_contract_of(leg, size, worst) for leg, size in charge.legs if isinstance(leg, Net)]
        ),
        spot=tuple(
            [
                _coins_of(leg, unit, size, worst)
                for leg, size in charge.legs
                if isinstance(leg, Spot)
            ]
        ),
        spot_charge=charge.spot,
    )


def _coins_of(spot: Spot, unit: Unit, amount: Money, worst: Move) -> PortfolioSpot:
    return PortfolioSpot(
        asset=unit.name,
        amount=amount,
        value=spot.value(amount),
        loss=spot.loss_after(amount, worst.part),
    )


def _worst(grid: Grid, held: Legs) -> Move:
    """The move that costs most; of equal ones the first, as the rulebook has them."""
    return max(grid.moves, key=lambda move: _counted(move, held))


def _counted(move: Move, held: Legs) -> Money:
    """What counts of the loss at a move."""
    lost = 0
    for leg, size in held:
        lost += leg.loss_after(size, move.part)
    return ceil_div(lost * move.share, RATE_ONE)


def _contract_of(net: Net, lots: Lots, worst: Move) -> PortfolioContract:
    instrument = net.instrument
    return PortfolioContract(
        symbol=instrument.symbol,
        size=lots,
        notional=net.value(lots),
        loss=net.loss_after(lots, worst.part),
    )

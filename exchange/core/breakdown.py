"""What a portfolio's maintenance margin is made of: the worst move of each risk unit, and charges.

Only told, and never computed with: `portfolio` says what is required.
"""

from exchange.core.accounts import Pool
from exchange.core.grid import Grid, Move
from exchange.core.margin import Marks
from exchange.core.messages import PortfolioContract, PortfolioUnit
from exchange.core.portfolio import Charge, Need, Net, Requirement, Unit, together
from exchange.core.units import RATE_ONE, Lots, Money, ceil_div

Holdings = list[tuple[Net, Lots]]


def breakdown(pool: Pool, marks: Marks) -> tuple[PortfolioUnit, ...]:
    """The units of a pool in portfolio margin, in order of their underlyings."""
    terms = pool.portfolio
    assert terms is not None, "only a portfolio has risk units"
    required = Requirement(terms, [p for p in together(pool) if p.size], marks.prices)
    return tuple(
        [
            _unit_of(unit, charge, need)
            for unit, charge, need in zip(
                required.units, required.charges, required.needs, strict=True
            )
        ]
    )


def _unit_of(unit: Unit, charge: Charge, need: Need) -> PortfolioUnit:
    held = [(net, net.held) for net in unit.nets.values() if net.held]
    worst = _worst(unit.grid, held)
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
        contracts=tuple([_contract_of(net, lots, worst) for net, lots in held]),
    )


def _worst(grid: Grid, held: Holdings) -> Move:
    """The move that costs most; of equal ones the first, as the rulebook has them."""
    return max(grid.moves, key=lambda move: _counted(move, held))


def _counted(move: Move, held: Holdings) -> Money:
    """What counts of the loss at a move."""
    lost = 0
    for net, lots in held:
        lost += net.instrument.loss_after(net.mark, lots, move.part)
    return ceil_div(lost * move.share, RATE_ONE)


def _contract_of(net: Net, lots: Lots, worst: Move) -> PortfolioContract:
    instrument = net.instrument
    return PortfolioContract(
        symbol=instrument.symbol,
        size=lots,
        notional=instrument.notional(net.mark, lots),
        loss=instrument.loss_after(net.mark, lots, worst.part),
    )

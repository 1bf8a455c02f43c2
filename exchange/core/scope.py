"""What stands and falls together: the unit that a liquidation is about."""

from exchange.core.accounts import Pool, Position
from exchange.core.margin import (
    Marks,
    bankruptcy_price,
    fillable_price,
    maintenance_margin,
    unrealised_pnl,
)
from exchange.core.messages import MarginMode, Phase, PositionSide
from exchange.core.policies import Backing
from exchange.core.portfolio import maintenance_of
from exchange.core.state import State
from exchange.core.units import Lots, MarkPrice, Money, Ticks


def mode_of(pool: Pool) -> MarginMode:
    """The margin mode of a pool's positions that are not isolated."""
    return MarginMode.CROSS if pool.portfolio is None else MarginMode.PORTFOLIO


class Scope:
    """All cross positions of a pool, or one isolated position, and the money behind them."""

    def __init__(
        self, state: State, pool: Pool, isolated: Position | None, marks: Marks | None = None
    ) -> None:
        """`marks`: as if these were the mark prices."""
        self.state = state
        self.pool = pool
        self.isolated = isolated
        self.symbol = isolated.instrument.symbol if isolated else ""
        self.side = isolated.side if isolated else PositionSide.NET
        self.mode = MarginMode.ISOLATED if isolated else mode_of(pool)
        self.purse = isolated.bucket if isolated else pool.wallet
        """Ledger account of the collateral."""
        self.marks = marks or state.marks
        self.distress = isolated.distress if isolated else pool.distress
        rules = state.rulebook
        in_portfolio = self.mode is MarginMode.PORTFOLIO
        self.select = rules.portfolio.select if in_portfolio else rules.liquidation.select
        """By which policy a liquidation chooses a position."""
        self.amount = rules.portfolio.amount if in_portfolio else rules.liquidation.amount
        """By which it chooses how much of it."""

    def positions(self) -> list[Position]:
        """Open positions, in symbol order."""
        if self.isolated is not None:
            return [self.isolated] if self.isolated.size else []
        return [p for p in self.pool.listed if p.size and not p.isolated]

    def is_frozen(self) -> bool:
        """Whether it holds something in a market that is halted, where nothing can be closed."""
        for position in self.positions():
            if self.state.markets[position.market].phase is not Phase.TRADING:
                return True
        return False

    def collateral(self) -> Money:
        """The money itself."""
        return self.state.ledger.balances[self.purse]

    def equity(self) -> Money:
        """Collateral and unrealised PnL."""
        equity = self.collateral()
        for position in self.positions():
            equity += unrealised_pnl(position, self.marks.of(position))
        return equity

    def maintenance(self) -> Money:
        """Total maintenance margin; the venue's own account needs none."""
        if self.pool.is_house:
            return 0
        terms = self.pool.portfolio
        if terms is not None and self.isolated is None:
            return maintenance_of(terms, self.positions(), self.marks.prices)
        needed = 0
        for position in self.positions():
            needed += maintenance_margin(position, self.marks.of(position))
        return needed

    def is_safe(self) -> bool:
        """Equity above the line that liquidation starts at."""
        return self.state.lines.is_safe(self.equity(), self.maintenance())

    def has_recovered(self) -> bool:
        """Equity above the line that liquidation ends at."""
        lines = self.state.lines
        return lines.is_safe(self.equity(), lines.exit(self.maintenance()))

    def lacking(self) -> Money:
        """What is missing to where liquidation ends."""
        lines = self.state.lines
        return lines.lacking(self.equity(), lines.exit(self.maintenance()))

    def is_beyond_backstop(self) -> bool:
        """Whether the venue's own account takes everything over."""
        return self.state.lines.is_beyond_backstop(self.equity(), self.maintenance())


class Stake:
    """What stands behind one position of a scope at a moment, and the prices that follow."""

    def __init__(self, scope: Scope, position: Position) -> None:
        self.scope = scope
        self.position = position
        self.mark = scope.marks.of(position)
        self.size, self.cost = position.size, position.cost
        self.equity = scope.equity()
        self.needed = scope.maintenance()
        """Maintenance margin of the whole scope."""
        self.maintenance = maintenance_margin(position, self.mark)
        self.shares = (
            scope.state.rulebook.liquidation.backing is Backing.BY_MAINTENANCE
            and scope.mode is MarginMode.CROSS
            and self.needed > 0
        )

    def behind(self, lots: Lots) -> Money:
        """The part of the equity that stands behind `lots` (positive) of the position.

        By maintenance margin it is rounded down, so that the insurance fund never pays for
        rounding (as dYdX's code does).
        """
        if not self.shares:
            return self.equity
        left = abs(self.size) - lots
        cost = self.cost * left // abs(self.size)
        instrument = self.position.instrument
        kept = instrument.maintenance(self.mark, left if self.size > 0 else -left, cost)
        return self.equity * (self.maintenance - kept) // self.needed

    def left_of(self, lots: Lots) -> Money:
        """What closing `lots` has left of what stood behind them, as the scope is now."""
        return self.behind(lots) + self.scope.equity() - self.equity

    def bankruptcy_price(self, extra: Money = 0) -> Ticks:
        """The price at which closing the position uses up its backing, and `extra`."""
        rules = self.scope.state.rulebook.liquidation
        backing = self.behind(abs(self.size)) + extra
        return bankruptcy_price(
            self.position, self.mark, backing, keeps_fee=rules.bankruptcy_keeps_fee
        )

    def fillable_price(self) -> MarkPrice:
        """The worst price offered for the position; see `margin.fillable_price`."""
        state = self.scope.state
        return fillable_price(
            self.position, self.mark, self.equity, self.needed, state.adjustment, state.spread
        )

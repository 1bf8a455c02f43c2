"""What stands and falls together: the unit that a liquidation is about."""

from exchange.core.accounts import Held, Pool, Position
from exchange.core.collateral import Whole, backing
from exchange.core.ledger import Purse
from exchange.core.margin import (
    Marks,
    Sides,
    bankruptcy_price,
    fillable_price,
    maintenance_margin,
    unrealised_pnl,
)
from exchange.core.messages import MarginMode, Phase, PositionSide
from exchange.core.policies import Backing
from exchange.core.portfolio import Requirement, instead_of, maintenance_of
from exchange.core.state import State
from exchange.core.units import Lots, MarkPrice, Money, Rate, Ticks, magnitude


def mode_of(pool: Pool) -> MarginMode:
    """The margin mode of a pool's positions that are not isolated."""
    return MarginMode.CROSS if pool.portfolio is None else MarginMode.PORTFOLIO


class Scope:
    """All cross positions of a pool, or one isolated position, and the money behind them.

    Of a unified account it is all of its cross positions, and all assets: then equity and
    maintenance margin are in its accounting currency, and can be asked for in another asset.
    """

    def __init__(
        self, state: State, pool: Pool, isolated: Position | None, marks: Marks | None = None
    ) -> None:
        """`marks`: as if these were the mark prices."""
        self.state = state
        pool = pool if isolated else pool.lead
        self.pool = pool
        self.is_unified = pool.is_unified and isolated is None
        self.isolated = isolated
        self.symbol = isolated.instrument.symbol if isolated else ""
        self.side = isolated.side if isolated else PositionSide.NET
        self.mode = MarginMode.ISOLATED if isolated else mode_of(pool)
        self.purse = isolated.bucket if isolated else pool.wallet
        """The collateral."""
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
        return [
            p for member in self.pool.members for p in member.listed if p.size and not p.isolated
        ]

    def holds_options(self) -> bool:
        """Whether what it is worth does not follow from prices in a straight line."""
        return any(position.instrument.is_option for position in self.positions())

    def debts(self) -> list[Pool]:
        """Of a unified account: the pools whose balance is below zero."""
        if not self.is_unified:
            return []
        return [pool for pool in self.pool.members if pool.wallet.balance < 0]

    def is_open(self) -> bool:
        """Whether there is anything that may have to be closed or repaid."""
        return bool(self.positions() or self.debts())

    def purse_of(self, asset: str) -> Purse:
        """The collateral in an asset."""
        return self.pool.account.pools[asset].wallet if self.is_unified else self.purse

    def whole(self, instead: Held | None = None) -> Whole:
        """The account, where it is unified; `instead`: see `State.margin`."""
        return self.state.whole(self.pool, self.marks, instead)

    def with_other(self, instead: Held) -> tuple[Money, Money]:
        """A portfolio's equity and maintenance margin, with another position in place of its like.

        As if that came at the marks, so that equity is another only where collateral hedges.
        """
        if self.is_unified:
            whole = self.whole(instead)
            return whole.equity, whole.maintenance
        terms = self.pool.portfolio
        assert terms is not None, "only in a portfolio positions are reckoned together"
        held = instead_of(self.positions(), instead)
        return self.equity(), Requirement(terms, held, self.marks.prices).maintenance

    def is_frozen(self) -> bool:
        """Whether it holds something in a market that is halted, where nothing can be closed."""
        for position in self.positions():
            if self.state.markets[position.market].phase is not Phase.TRADING:
                return True
        return False

    def collateral(self) -> Money:
        """The money itself; of a unified account, what all of it counts."""
        if self.is_unified:
            return self.whole().collateral
        return self.purse.balance

    def equity(self) -> Money:
        """Collateral and unrealised PnL; of a unified account, after haircuts."""
        if self.is_unified:
            return self.whole().equity
        equity = self.collateral()
        for position in self.positions():
            equity += unrealised_pnl(position, self.marks.of(position))
        return equity

    def maintenance(self) -> Money:
        """Total maintenance margin; the venue's own account needs none."""
        if self.pool.is_house:
            return 0
        if self.is_unified:
            return self.whole().maintenance
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

    def backing(self, asset: str) -> Money:
        """What there is to lose in an asset: without haircuts, all else exchanged for it."""
        if not self.is_unified:
            return self.equity()
        return backing(self.state.collateral, self.whole(), asset, self.marks)

    def into(self, asset: str, amount: Money) -> Money:
        """An amount of the scope's own money in an asset, rounded down."""
        if not self.is_unified:
            return amount
        priced = self.state.collateral.assets[asset]
        return priced.bought_with(amount, priced.price(self.marks))

    def out_of(self, asset: str, amount: Money) -> Money:
        """An amount of an asset in the scope's own money, rounded down."""
        if not self.is_unified:
            return amount
        priced = self.state.collateral.assets[asset]
        return priced.worth(amount, priced.price(self.marks))

    def fee_rate(self) -> Rate:
        """The liquidation fee's rate now."""
        state = self.state
        return state.liquidation_fee.after(state.now - self.distress.since)

    def is_beyond_backstop(self) -> bool:
        """Whether the venue's own account takes everything over."""
        return self.state.lines.is_beyond_backstop(self.equity(), self.maintenance())


class Stake:
    """What stands behind one position of a scope at a moment, and the prices that follow."""

    def __init__(self, scope: Scope, position: Position) -> None:
        self.scope = scope
        self.position = position
        self.mark = scope.marks.of(position)
        self.asset: str = position.instrument.settle
        self.equity = scope.backing(self.asset)
        """What there is to lose, in the position's settlement asset."""
        self.needed = -scope.into(self.asset, -scope.maintenance())
        """Maintenance margin of the whole scope, likewise."""
        self.sides = Sides(position)
        self.maintenance = self.sides.maintenance(self.mark)
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
        kept = self.sides.maintenance(self.mark, lots)
        return self.equity * (self.maintenance - kept) // self.needed

    def left_of(self, lots: Lots) -> Money:
        """What closing `lots` has left of what stood behind them, as the scope is now."""
        return self.behind(lots) + self.scope.backing(self.asset) - self.equity

    def eased(self) -> Money:
        """How much less margin the scope lacks now, in the position's settlement asset."""
        scope = self.scope
        needed = -scope.into(self.asset, -scope.maintenance())
        return self.needed - self.equity - needed + scope.backing(self.asset)

    def bankruptcy_price(self, extra: Money = 0) -> Ticks:
        """The price at which closing the position uses up its backing, and `extra`."""
        rules = self.scope.state.rulebook.liquidation
        backing = self.behind(magnitude(self.sides.size)) + extra
        return bankruptcy_price(
            self.position, self.mark, backing, keeps_fee=rules.bankruptcy_keeps_fee
        )

    def fillable_price(self) -> MarkPrice:
        """The worst price offered for the position; see `margin.fillable_price`."""
        state = self.scope.state
        return fillable_price(
            self.position, self.mark, self.equity, self.needed, state.adjustment, state.spread
        )

"""What a liquidation says about itself: each event carries the arithmetic of its moment."""

from exchange.core.accounts import Position
from exchange.core.breakdown import breakdown
from exchange.core.collateral import Holding
from exchange.core.margin import margin_alone, notional, unrealised_pnl
from exchange.core.messages import (
    Closing,
    CollateralBalance,
    CollateralCounted,
    LiquidationEnded,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginMode,
    PortfolioCounted,
    PositionMargin,
)
from exchange.core.policies import Amount
from exchange.core.scope import Scope
from exchange.core.units import Lots, Ticks


def announce_start(scope: Scope) -> None:
    """Equity has fallen below the line."""
    _announce_collateral(scope)
    _announce_portfolio(scope)
    scope.state.emit(
        LiquidationStarted(
            at=scope.state.now,
            account=scope.pool.account.name,
            symbol=scope.symbol,
            position_side=scope.side,
            mode=scope.mode,
            asset=scope.pool.asset,
            collateral=scope.collateral(),
            equity=scope.equity(),
            maintenance_margin=scope.maintenance(),
            positions=margins(scope),
        )
    )


def announce_step(
    scope: Scope,
    position: Position,
    choice: tuple[PositionMargin, ...],
    closing: Closing,
    size: Lots,
    limit: Ticks,
    filled: Lots,
) -> None:
    """Closing a position was tried; `choice` is what it was chosen from."""
    by_rule = closing is Closing.BOOK
    scope.state.emit(
        LiquidationStepTaken(
            at=scope.state.now,
            account=scope.pool.account.name,
            symbol=position.instrument.symbol,
            position_side=position.side,
            mode=scope.mode,
            chosen_by=str(scope.select),
            positions=choice,
            closing=closing,
            size=size,
            sized_by=str(scope.amount if by_rule else Amount.WHOLE_POSITION),
            bankruptcy_price=limit,
            filled=filled,
            equity=scope.equity(),
            maintenance_margin=scope.maintenance(),
        )
    )


def announce_pause(scope: Scope) -> None:
    """The next round comes later."""
    scope.state.emit(
        LiquidationPaused(
            at=scope.state.now,
            account=scope.pool.account.name,
            symbol=scope.symbol,
            position_side=scope.side,
            mode=scope.mode,
            asset=scope.pool.asset,
            until=scope.distress.paused_until,
        )
    )


def announce_end(scope: Scope) -> None:
    """The scope is safe, or empty."""
    _announce_collateral(scope)
    scope.state.emit(
        LiquidationEnded(
            at=scope.state.now,
            account=scope.pool.account.name,
            symbol=scope.symbol,
            position_side=scope.side,
            mode=scope.mode,
            asset=scope.pool.asset,
            collateral=scope.collateral(),
            equity=scope.equity(),
            maintenance_margin=scope.maintenance(),
            closed_all=not scope.positions(),
        )
    )


def _announce_collateral(scope: Scope) -> None:
    """What a unified account's equity is made of."""
    if not scope.is_unified:
        return
    scope.state.emit(
        CollateralCounted(
            at=scope.state.now,
            account=scope.pool.account.name,
            currency=scope.pool.asset,
            assets=tuple([_balance_of(holding) for holding in scope.whole().holdings]),
        )
    )


def _announce_portfolio(scope: Scope) -> None:
    """What a portfolio's maintenance margin is made of."""
    if scope.mode is not MarginMode.PORTFOLIO or scope.pool.is_house:
        return
    scope.state.emit(
        PortfolioCounted(
            at=scope.state.now,
            account=scope.pool.account.name,
            asset=scope.pool.asset,
            units=breakdown(scope),
        )
    )


def _balance_of(holding: Holding) -> CollateralBalance:
    return CollateralBalance(
        asset=holding.pool.asset,
        balance=holding.margin.wallet,
        unrealised_pnl=holding.margin.unrealised,
        market=holding.priced.market,
        price=holding.price,
        ratio=holding.ratio,
        value=holding.value,
    )


def margins(scope: Scope) -> tuple[PositionMargin, ...]:
    """Every position of a scope as the margin monitor sees it."""
    return tuple([_margin_of(scope, position) for position in scope.positions()])


def _margin_of(scope: Scope, position: Position) -> PositionMargin:
    """In the scope's own money, but for the cost."""
    mark, settle = scope.state.mark_of(position), position.instrument.settle
    return PositionMargin(
        symbol=position.instrument.symbol,
        position_side=position.side,
        size=position.size,
        cost=position.cost,
        mark_price=mark,
        notional=-scope.out_of(settle, -notional(position, mark)),
        unrealised_pnl=scope.out_of(settle, unrealised_pnl(position, mark)),
        maintenance_margin=-scope.out_of(settle, -margin_alone(position, scope.state.marks)),
    )

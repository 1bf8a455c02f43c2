"""The liquidation waterfall: what the venue does with an account that has failed.

    cancel orders -> re-check -> choose a position -> how much of it -> close it in the book, no
    worse than its bankruptcy price -> fee -> re-check, repeat; what the book does not take:
    again with the insurance fund behind it -> auto-deleveraging

The rulebook chooses the policies; this file only knows their order.
"""

from typing import Final

from exchange.core.accounts import Pool, Position
from exchange.core.book import Order
from exchange.core.deleveraging import deleverage
from exchange.core.ledger import Reason
from exchange.core.margin import (
    bankruptcy_price,
    maintenance_margin,
    notional,
    unrealised_pnl,
)
from exchange.core.matching import cancel, cancel_position, match
from exchange.core.messages import (
    CancelReason,
    Closing,
    InsuranceFundPaid,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStarted,
    LiquidationStepTaken,
    LossUncovered,
    MarginMode,
    PositionMargin,
    PositionSide,
    TradeKind,
)
from exchange.core.rules import Amount, Cancel
from exchange.core.selection import first, how_much
from exchange.core.spot import draws_on
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, Ticks, ceil_div

STEPS_MAX: Final = 10_000_000
"""A bound on the pools that one command looks at: every trade touches two, so there is an end."""
PATIENCE: Final = 100
"""Steps in which an account may be made safe little by little.  Where the book is so thin that each
costs nearly what it frees, it would take for ever: then positions are closed whole."""


class Scope:
    """What stands and falls together: all cross positions of a pool, or one isolated position."""

    def __init__(self, state: State, pool: Pool, isolated: Position | None) -> None:
        self.state = state
        self.pool = pool
        self.isolated = isolated
        self.symbol = isolated.instrument.symbol if isolated else ""
        self.side = isolated.side if isolated else PositionSide.NET
        self.mode = MarginMode.ISOLATED if isolated else MarginMode.CROSS
        self.purse = isolated.bucket if isolated else pool.wallet
        """Ledger account of the collateral."""

    def positions(self) -> list[Position]:
        """Open positions, in symbol order."""
        if self.isolated is not None:
            return [self.isolated] if self.isolated.size else []
        return [p for p in self.pool.positions.values() if p.size and not p.isolated]

    def collateral(self) -> Money:
        """The money itself."""
        return self.state.ledger.balances[self.purse]

    def equity(self) -> Money:
        """Collateral and unrealised PnL."""
        marks = self.state.marks
        return self.collateral() + sum(unrealised_pnl(p, marks.of(p)) for p in self.positions())

    def maintenance(self) -> Money:
        """Total maintenance margin."""
        marks = self.state.marks
        return sum(maintenance_margin(p, marks.of(p)) for p in self.positions())

    def is_safe(self) -> bool:
        """Equity at or above maintenance margin."""
        return self.equity() >= self.maintenance()


def most_endangered_first(state: State, pools: list[Pool]) -> list[Pool]:
    """Pools in the order they are looked at after a new mark: by margin ratio, the failed ones.

    The order is that of the accounts themselves, never that of the monitor's thresholds.  Safe
    pools, to which nothing happens, are at the front, so that they do not come between others.
    """

    def place(pool: Pool) -> tuple[bool, int, int]:
        ratio = _ratio(state, pool)
        return ratio < RATE_ONE, ratio, pool.account.index

    return sorted(pools, key=place)


def _ratio(state: State, pool: Pool) -> int:
    """The pool's lowest equity for a unit of maintenance margin, in parts of RATE_ONE."""
    lowest = RATE_ONE
    isolated = [Scope(state, pool, p) for p in pool.positions.values() if p.isolated]
    for scope in [Scope(state, pool, None), *isolated]:
        maintenance = scope.maintenance()
        if maintenance:
            lowest = min(lowest, scope.equity() * RATE_ONE // maintenance)
    return lowest


def settle_touched(state: State) -> None:
    """Look at every touched pool, and at those that this touches, until all are safe."""
    steps = 0
    while state.touched:
        steps += 1
        assert steps < STEPS_MAX, "liquidation does not come to an end"
        pool = state.touched.pop(0)
        pool.touched = False
        for position in pool.positions.values():
            if position.isolated:
                _look_at(Scope(state, pool, position))
        _look_at(Scope(state, pool, None))
        state.monitor.watch(pool, state.margin(pool), state.ledger.balances, state.marks)


def _look_at(scope: Scope) -> None:
    if not scope.is_safe() and scope.positions():
        liquidate(scope)
    if not scope.positions():
        cover(scope)
        _release(scope)


def _release(scope: Scope) -> None:
    """What is left in a bucket without a position goes back to the wallet."""
    if scope.isolated is not None and not scope.isolated.size and scope.collateral() > 0:
        scope.state.ledger.transfer(
            scope.purse, scope.pool.wallet, scope.collateral(), Reason.ISOLATED_MARGIN
        )


def liquidate(scope: Scope) -> None:
    """Take a failed scope down the waterfall until it is safe or has nothing left to close."""
    state = scope.state
    _announce_start(scope)
    _cancel_orders(scope)
    if scope.isolated is not None:
        scope.isolated.failing = True
    steps = 0
    while scope.positions() and not scope.is_safe():
        steps += 1
        position = first(state.rulebook.liquidation.select, scope.positions(), state.marks)
        amount = state.rulebook.liquidation.amount
        _close_some(scope, position, amount if steps <= PATIENCE else Amount.WHOLE_POSITION)
    if scope.isolated is not None:
        scope.isolated.failing = False
    if not scope.positions():
        cover(scope)
    _announce_end(scope)
    _release(scope)


def _cancel_orders(scope: Scope) -> None:
    state, rule = scope.state, scope.state.rulebook.liquidation.cancel
    if scope.isolated is None:
        for order in list(scope.pool.account.orders.values()):
            # What spot orders hold in reserve belongs to the account, under every rule.
            if draws_on(order, scope.pool):
                cancel(state, state.markets[order.market], order, CancelReason.LIQUIDATION)
    if rule is Cancel.NONE:
        return
    for position in list(scope.pool.positions.values()):
        concerned = position is scope.isolated if scope.isolated else not position.isolated
        if concerned and (rule is Cancel.ALL or position.size):
            cancel_position(state, position, CancelReason.LIQUIDATION)


def _close_some(scope: Scope, position: Position, amount: Amount) -> None:
    """One step: some of a position through the book, or all of it by fund and deleveraging."""
    state = scope.state
    market = state.markets[position.instrument.index]
    size = how_much(
        amount,
        position,
        state.mark_of(position),
        scope.maintenance() - scope.equity(),
        state.liquidation_rate,
    )
    if _through_book(scope, market, position, size, Closing.BOOK):
        return
    size = abs(position.size)
    if state.ledger.balances[market.funds.insurance] > 0:
        filled = _through_book(scope, market, position, size, Closing.INSURANCE_FUND)
        if scope.equity() < 0:
            cover(scope)
        if filled:
            return
    _deleverage(scope, market, position, size)
    if scope.equity() < 0:
        cover(scope)


def _through_book(
    scope: Scope, market: Market, position: Position, size: Lots, closing: Closing
) -> Lots:
    """Send an order to the book that costs no more than what backs it; returns what it filled."""
    state = scope.state
    choice = _margins(scope)
    backing = scope.equity()
    if closing is Closing.INSURANCE_FUND:
        backing += state.ledger.balances[market.funds.insurance]
    limit = bankruptcy_price(position, state.mark_of(position), backing)
    buy = position.size < 0
    order = Order(
        state.next_order_id(),
        scope.pool.account.index,
        market.instrument.index,
        buy,
        limit,
        size,
        position,
    )
    traded = match(state, market, order, limit, 0, TradeKind.LIQUIDATION)
    if closing is Closing.BOOK:
        _charge(scope, market, traded)
    filled = size - order.size
    _announce_step(scope, position, choice, closing, size, limit, filled)
    return filled


def _deleverage(scope: Scope, market: Market, position: Position, size: Lots) -> None:
    """Close against the other side, at the price that uses up the equity exactly."""
    state = scope.state
    choice = _margins(scope)
    price = bankruptcy_price(position, state.mark_of(position), scope.equity())
    deleverage(state, market, position, size, price, state.next_order_id())
    _announce_step(scope, position, choice, Closing.ADL, size, price, size)


def _charge(scope: Scope, market: Market, value: Money) -> None:
    """The liquidation fee, into the fund; never more than the equity that is left."""
    state = scope.state
    fee = ceil_div(value * state.liquidation_rate, RATE_ONE)
    fee = max(0, min(fee, scope.equity()))
    if fee == 0:
        return
    fund = market.funds.insurance
    state.ledger.transfer(scope.purse, fund, fee, Reason.LIQUIDATION_FEE)
    state.emit(
        LiquidationFeeCharged(
            at=state.now,
            account=scope.pool.account.name,
            symbol=market.instrument.symbol,
            asset=scope.pool.asset,
            notional=value,
            fee=fee,
            insurance_fund=state.ledger.balances[fund],
        )
    )


def cover(scope: Scope) -> None:
    """Bring a negative equity back to zero: from the fund, and what it lacks, from the venue."""
    state = scope.state
    debt = -scope.equity()
    if debt <= 0:
        return
    funds = state.funds[scope.pool.asset]
    name, symbol, asset = scope.pool.account.name, scope.symbol, scope.pool.asset
    paid = min(debt, max(0, state.ledger.balances[funds.insurance]))
    if paid:
        state.ledger.transfer(funds.insurance, scope.purse, paid, Reason.INSURANCE)
        left = state.ledger.balances[funds.insurance]
        state.emit(
            InsuranceFundPaid(
                at=state.now,
                account=name,
                symbol=symbol,
                asset=asset,
                amount=paid,
                insurance_fund=left,
            )
        )
    if debt > paid and not scope.positions():
        state.ledger.transfer(funds.uncovered, scope.purse, debt - paid, Reason.UNCOVERED)
        state.emit(
            LossUncovered(
                at=state.now, account=name, symbol=symbol, asset=asset, amount=debt - paid
            )
        )


def _announce_start(scope: Scope) -> None:
    state = scope.state
    state.emit(
        LiquidationStarted(
            at=state.now,
            account=scope.pool.account.name,
            symbol=scope.symbol,
            position_side=scope.side,
            mode=scope.mode,
            asset=scope.pool.asset,
            collateral=scope.collateral(),
            equity=scope.equity(),
            maintenance_margin=scope.maintenance(),
            positions=_margins(scope),
        )
    )


def _announce_step(
    scope: Scope,
    position: Position,
    choice: tuple[PositionMargin, ...],
    closing: Closing,
    size: Lots,
    limit: Ticks,
    filled: Lots,
) -> None:
    state, rules = scope.state, scope.state.rulebook.liquidation
    state.emit(
        LiquidationStepTaken(
            at=state.now,
            account=scope.pool.account.name,
            symbol=position.instrument.symbol,
            position_side=position.side,
            mode=scope.mode,
            chosen_by=str(rules.select),
            positions=choice,
            closing=closing,
            size=size,
            sized_by=str(rules.amount if closing is Closing.BOOK else Amount.WHOLE_POSITION),
            bankruptcy_price=limit,
            filled=filled,
            equity=scope.equity(),
            maintenance_margin=scope.maintenance(),
        )
    )


def _margins(scope: Scope) -> tuple[PositionMargin, ...]:
    return tuple([_margin_of(scope.state, position) for position in scope.positions()])


def _margin_of(state: State, position: Position) -> PositionMargin:
    mark = state.mark_of(position)
    return PositionMargin(
        symbol=position.instrument.symbol,
        position_side=position.side,
        size=position.size,
        cost=position.cost,
        mark_price=mark,
        notional=notional(position, mark),
        unrealised_pnl=unrealised_pnl(position, mark),
        maintenance_margin=maintenance_margin(position, mark),
    )


def _announce_end(scope: Scope) -> None:
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

"""What a client, a report or a test may ask of the state: accounts, positions, books."""

from collections.abc import Callable
from typing import Any

from mypy_extensions import i64

from exchange.core.accounts import Account, Pool, Position
from exchange.core.auto_margin import reserve
from exchange.core.book import Book, Ladder, Order
from exchange.core.collateral import Holding
from exchange.core.ledger import Purse, Total
from exchange.core.margin import (
    Marks,
    PoolMargin,
    failing_above,
    failing_below,
    initial_alone,
    liquidation_price,
    margin_alone,
    margin_held,
    notional,
    unrealised_pnl,
)
from exchange.core.messages import (
    AccountView,
    BookView,
    CollateralView,
    OrderView,
    PositionView,
    UnifiedView,
    WaitingView,
)
from exchange.core.portfolio import maintenance_of
from exchange.core.premium import share
from exchange.core.resting import position_of, side_of
from exchange.core.scope import Scope, Stake, mode_of
from exchange.core.spot import reserved
from exchange.core.state import Market, State
from exchange.core.triggers import Waiting
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, Rate, Ticks, ceil_div


def account_view(
    state: State, account: Account, asset: str, marks: Marks | None = None
) -> AccountView:
    """An account's margin in one settlement asset; as if at other marks, where they are given."""
    marks = marks or state.marks
    pool = account.pools.get(asset)
    if pool is None:
        pool = Pool(account, asset, Purse(account.name, Total(asset)))
    own = PoolMargin(pool, pool.wallet.balance, marks)
    margin = state.margin(pool, 0, marks) if pool.is_unified else own
    aside = reserved(account, pool)
    total = own.equity
    for position in pool.listed:
        if position.isolated and position.size:
            total += position.bucket.balance + unrealised_pnl(position, marks.of(position))
    held = [p for p in pool.listed if p.size]
    return AccountView(
        account=account.name,
        asset=asset,
        mode=mode_of(pool),
        wallet=margin.wallet,
        equity=margin.equity,
        initial_margin=margin.initial,
        maintenance_margin=margin.maintenance,
        available_margin=margin.available,
        withdrawable=margin.withdrawable,
        margin_ratio=margin_ratio(margin.maintenance, margin.equity),
        reserved=aside,
        total=total + aside,
        positions=tuple([position_view(state, p, marks) for p in held]),
        orders=tuple(_orders(state, account, asset)),
        waiting=tuple([_waiting(w) for w in account.waiting.values() if _is_of(w, asset)]),
    )


def margin_ratio(maintenance: Money, equity: Money) -> Rate | None:
    """Maintenance margin over equity, rounded up; None where there is no equity."""
    return ceil_div(maintenance * RATE_ONE, equity) if equity > 0 else None


def position_view(state: State, position: Position, marks: Marks) -> PositionView:
    """A position, its margin and the prices at which it ends."""
    scope = Scope(state, position.pool, position if position.isolated else None, marks)
    stake = Stake(scope, position)
    mark = marks.of(position)
    pnl = unrealised_pnl(position, mark)
    initial = margin_held(position, mark) if position.isolated else initial_alone(position, marks)
    ends = _unified_price(scope, position) if scope.is_unified else _price(stake)
    return PositionView(
        symbol=position.instrument.symbol,
        position_side=position.side,
        size=position.size,
        cost=position.cost,
        mode=scope.mode,
        leverage=position.leverage,
        bucket=position.bucket.balance,
        auto_margin=position.isolated and position.auto_margin,
        mark_price=mark,
        notional=notional(position, mark),
        unrealised_pnl=pnl,
        initial_margin=initial,
        maintenance_margin=margin_alone(position, marks),
        liquidation_price=ends,
        liquidation_tick=None if ends is None else early_tick(position, ends),
        bankruptcy_price=stake.bankruptcy_price(),
        fillable_price=stake.fillable_price(),
        margin_ratio=margin_ratio(scope.maintenance(), scope.equity()),
        return_on_margin=share(pnl * position.leverage, max(1, abs(position.cost))),
    )


def _price(stake: Stake) -> MarkPrice | None:
    """The mark at which liquidation starts.

    None beside options: their worth is bent, so that an account may fail between two prices at
    which it is safe, or on both sides; `common_move` looks for it.
    """
    scope, position = stake.scope, stake.position
    if scope.holds_options():
        return None
    return liquidation_price(
        _legs(position),
        stake.mark,
        stake.equity,
        stake.needed,
        equality_fails=scope.state.lines.equality_fails,
        reserve=_reserve(scope.state, position, scope.marks),
        portfolio=_portfolio(scope, position),
    )


def _unified_price(scope: Scope, position: Position) -> MarkPrice | None:
    """The same in a unified account: the mark may price its collateral, too.

    It may fail on both sides of the mark; then it is the nearer one that counts.
    """
    state, marks, number = scope.state, scope.marks, position.instrument.index

    def spare(mark: MarkPrice) -> Money:
        moved = Scope(state, scope.pool, None, marks.changed({number: mark}))
        return -state.lines.lacking(moved.equity(), moved.maintenance())

    mark = marks.of(position)
    below, above = failing_below(spare, mark), failing_above(spare, mark)
    if below is None or above is None:
        return above if below is None else below
    return below if abs(mark - below) <= abs(above - mark) else above


def unified_view(state: State, account: Account, marks: Marks | None = None) -> UnifiedView | None:
    """A unified account in its accounting currency; None of any other."""
    if not account.is_unified:
        return None
    marks = marks or state.marks
    whole = state.whole(account.pools[state.collateral.currency], marks)
    return UnifiedView(
        account=account.name,
        currency=state.collateral.currency,
        equity=whole.equity,
        initial_margin=whole.initial,
        maintenance_margin=whole.maintenance,
        available_margin=whole.equity - whole.initial,
        margin_ratio=margin_ratio(whole.maintenance, whole.equity),
        worth=whole.worth,
        borrowed=whole.owed,
        assets=tuple([_collateral_view(holding) for holding in whole.holdings]),
    )


def _collateral_view(holding: Holding) -> CollateralView:
    return CollateralView(
        asset=holding.pool.asset,
        balance=holding.margin.wallet,
        unrealised_pnl=holding.margin.unrealised,
        price=holding.price,
        ratio=holding.ratio,
        value=holding.value,
        full_value=holding.full,
        borrowed=holding.borrowed,
        maintenance_margin=holding.maintenance,
        hedging=holding.hedging,
    )


def _reserve(state: State, position: Position, marks: Marks) -> Callable[[MarkPrice], Money] | None:
    """What an isolated position may draw on at a mark of its own; None: on nothing."""
    if not position.isolated or not position.auto_margin:
        return None
    number = position.instrument.index
    return lambda mark: reserve(state, position, marks.changed({number: mark}))


def _portfolio(scope: Scope, position: Position) -> Callable[[MarkPrice], Money] | None:
    """Maintenance margin of a portfolio by one mark, with every other held still; else None."""
    terms = scope.pool.portfolio
    if terms is None or position.isolated:
        return None
    number, held = position.instrument.index, scope.positions()

    def needed(mark: MarkPrice) -> Money:
        return maintenance_of(terms, held, scope.marks.changed({number: mark}).prices)

    return needed


def early_tick(position: Position, price: MarkPrice) -> Ticks:
    """The tick next to a price that a falling mark meets first, for a short a rising one."""
    subticks = position.instrument.subticks
    return ceil_div(price, subticks) if position.size > 0 else price // subticks


def _legs(position: Position) -> list[Position]:
    """What moves with the position's mark and shares its collateral; itself among it."""
    if position.isolated:
        return [position]
    others = position.pool.listed
    return [p for p in others if p.instrument is position.instrument and p.size and not p.isolated]


def _orders(state: State, account: Account, asset: str) -> list[OrderView]:
    views: list[OrderView] = []
    for order in account.orders.listed():
        instrument = state.markets[order.market].instrument
        if instrument.settle == asset:
            views.append(
                OrderView(
                    order_id=order.order_id,
                    ref=order.ref,
                    symbol=instrument.symbol,
                    side=side_of(buy=order.buy),
                    price=order.price,
                    open_size=order.open,
                    displayed=order.size,
                    reduce_only=order.reduce_only,
                    position_side=position_of(order).side,
                    instructions=order.attached.told if order.attached is not None else None,
                    open_loss=order.cost.held if order.cost is not None else 0,
                    fees=_fees_kept(order),
                )
            )
    return views


def _fees_kept(order: Order) -> Money:
    position = position_of(order)
    if order.reduce_only or not position.instrument.fee_to_open:
        return 0
    instrument, lots = position.instrument, order.held
    return instrument.order_fees(order.held_value, lots, position.leverage, buy=order.buy)


def _is_of(waiting: Waiting, asset: str) -> bool:
    return waiting.position.instrument.settle == asset


def _waiting(waiting: Waiting) -> WaitingView:
    command = waiting.command
    return WaitingView(
        order_id=waiting.order_id,
        ref=command.ref,
        symbol=command.symbol,
        side=command.side,
        price=command.price,
        size=command.size,
        reduce_only=command.reduce_only,
        position_side=command.position_side,
        trigger=waiting.trigger,
        trigger_price=waiting.trigger_price(),
        parent=waiting.parent,
    )


def book_view(market: Market, depth: int, earlier: BookView | None = None) -> BookView:
    """The best `depth` levels of each side, sharing what has not changed with an `earlier` view."""
    book = market.book
    return BookView(
        symbol=market.instrument.symbol,
        bids=_levels(book, book.bids, depth, earlier.bids if earlier else ()),
        asks=_levels(book, book.asks, depth, earlier.asks if earlier else ()),
    )


def _levels(
    book: Book, side: Ladder, depth: i64, earlier: tuple[tuple[int, ...], ...]
) -> tuple[tuple[Ticks, Lots], ...]:
    """Two walks in step, over the levels and the earlier view of them, both the best first."""
    made: list[Any] = []  # compiled, a list of pairs would take each apart and make it anew
    levels, buy = side.levels, side.buy
    place: i64 = 0
    known: i64 = len(earlier)
    at = side.count - 1
    end = max(at - max(depth, 0), -1)
    while at > end:
        level = levels[at]
        at -= 1
        price, size = book.price(level), book.total(level)
        is_shared = False
        while place < known:
            pair = earlier[place]
            before: i64 = pair[0]
            if before == price:
                is_shared = pair[1] == size
                break
            if (before > price) != buy:
                break  # it comes behind this level
            place += 1
        made.append(pair if is_shared else (int(price), int(size)))
    return tuple(made)


def mark_view(state: State, market: Market) -> MarkPrice | None:
    """The mark price in force."""
    return state.marks.prices[market.instrument.index] or None

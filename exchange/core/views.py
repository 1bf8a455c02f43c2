"""What a client, a report or a test may ask of the state: accounts, positions, books."""

from collections.abc import Iterator

from exchange.core.accounts import Account, Pool, Position
from exchange.core.book import Book, Ladder
from exchange.core.margin import (
    PoolMargin,
    bankruptcy_price,
    initial_margin,
    liquidation_price,
    maintenance_margin,
    margin_held,
    notional,
    unrealised_pnl,
)
from exchange.core.matching import position_of, side_of
from exchange.core.messages import (
    AccountView,
    BookView,
    MarginMode,
    OrderView,
    PositionView,
)
from exchange.core.spot import reserved
from exchange.core.state import Market, State
from exchange.core.units import Lots, MarkPrice, Ticks


def account_view(state: State, account: Account, asset: str) -> AccountView:
    """An account's margin in one settlement asset."""
    pool = account.pools.get(asset)
    if pool is None:
        pool = Pool(account, asset, -1)
        margin = PoolMargin(pool, 0, state.marks)
    else:
        margin = state.margin(pool)
    aside = reserved(state, account, pool)
    total = margin.equity
    for position in pool.positions.values():
        if position.isolated and position.size:
            total += state.bucket(position) + unrealised_pnl(position, state.mark_of(position))
    return AccountView(
        account=account.name,
        asset=asset,
        wallet=margin.wallet,
        equity=margin.equity,
        initial_margin=margin.initial,
        maintenance_margin=margin.maintenance,
        available_margin=margin.available,
        reserved=aside,
        total=total + aside,
        positions=tuple(position_view(state, p, margin) for p in pool.positions.values() if p.size),
        orders=tuple(_orders(state, account, asset)),
    )


def position_view(state: State, position: Position, margin: PoolMargin) -> PositionView:
    """A position, its margin and the prices at which it ends."""
    mark = state.mark_of(position)
    equity, maintenance = margin.equity, margin.maintenance
    if position.isolated:
        equity = state.bucket(position) + unrealised_pnl(position, mark)
        maintenance = maintenance_margin(position, mark)
    initial = margin_held if position.isolated else initial_margin
    return PositionView(
        symbol=position.instrument.symbol,
        position_side=position.side,
        size=position.size,
        cost=position.cost,
        mode=MarginMode.ISOLATED if position.isolated else MarginMode.CROSS,
        leverage=position.leverage,
        bucket=state.bucket(position),
        mark_price=mark,
        notional=notional(position, mark),
        unrealised_pnl=unrealised_pnl(position, mark),
        initial_margin=initial(position, mark),
        maintenance_margin=maintenance_margin(position, mark),
        liquidation_price=liquidation_price(
            _legs(position),
            mark,
            equity,
            maintenance,
            equality_fails=state.lines.equality_fails,
        ),
        bankruptcy_price=bankruptcy_price(position, mark, equity),
    )


def _legs(position: Position) -> list[Position]:
    """What moves with the position's mark and shares its collateral; itself among it."""
    if position.isolated:
        return [position]
    others = position.pool.positions.values()
    return [p for p in others if p.instrument is position.instrument and p.size and not p.isolated]


def _orders(state: State, account: Account, asset: str) -> list[OrderView]:
    views: list[OrderView] = []
    for order in account.orders.values():
        instrument = state.markets[order.market].instrument
        if instrument.settle == asset:
            views.append(
                OrderView(
                    order_id=order.order_id,
                    ref=order.ref,
                    symbol=instrument.symbol,
                    side=side_of(buy=order.buy),
                    price=order.price,
                    open_size=order.size,
                    reduce_only=order.reduce_only,
                    position_side=position_of(order).side,
                )
            )
    return views


def book_view(market: Market, depth: int) -> BookView:
    """The best `depth` levels of each side."""
    return BookView(
        symbol=market.instrument.symbol,
        bids=_levels(market.book, market.book.bids, depth),
        asks=_levels(market.book, market.book.asks, depth),
    )


def _levels(book: Book, side: Ladder, depth: int) -> tuple[tuple[Ticks, Lots], ...]:
    levels = book.best_first(side, max(depth, 0))
    return tuple((book.price[level], book.total[level]) for level in levels)


def mark_view(state: State, market: Market) -> MarkPrice | None:
    """The mark price in force."""
    return state.marks.prices[market.instrument.index] or None


def lines(state: State) -> Iterator[str]:
    """The whole state as text, for a digest: each line a fact, always in the same order."""
    yield f"now {state.now} orders {state.orders_made}"
    ledger = state.ledger
    # A refused command may have opened accounts: empty ones, which neither show nor count here.
    rows = sorted(zip(ledger.assets, ledger.names, ledger.balances, strict=True))
    for asset, name, balance in rows:
        if balance:
            yield f"money {name} {asset} {balance}"
    for market in state.markets:
        yield from _market_lines(state, market)
    for account in state.accounts[1:]:
        yield f"account {account.name} {account.hedges}"
        for _, pool in sorted(account.pools.items()):
            for p in pool.positions.values():
                if p.size or p.isolated or p.leverage != state.leverage_default(p.instrument):
                    name = f"{p.instrument.symbol} {p.side}"
                    yield f"{name} {p.size} {p.cost} {p.isolated} {p.leverage}"


def _market_lines(state: State, market: Market) -> Iterator[str]:
    model = market.model
    mark = state.marks.prices[market.instrument.index]
    yield f"market {market.instrument.symbol} {market.phase} {mark}"
    yield f"{market.last_price} {market.history_size} {market.history_cost} {market.worn}"
    yield f"{model.index} {model.index_at} {list(model.basis)}"
    yield f"{model.rate} {model.next_at} {model.interval}"
    if market.average is not None:
        average = market.average
        yield f"{average.price} {average.since} {average.weighted} {average.covered}"
    book = market.book
    for side in (book.bids, book.asks):
        for level in book.best_first(side):
            for row in book.queue(level):
                yield _row_line(book, row)


def _row_line(book: Book, row: int) -> str:
    order = book.orders[row]
    price, size = book.price[book.level[row]], book.size[row]
    if order is None:
        return f"{price} {size}"
    side = order.position.side if order.position is not None else ""
    flags = f"{order.buy} {order.reduce_only} {order.self_trade} {side}"
    return f"{price} {size} {order.order_id} {order.owner} {order.ref} {flags}"

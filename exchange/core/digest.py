"""The whole state as text: equal states, equal lines."""

from collections.abc import Iterator

from exchange.core.accounts import Account, Pool
from exchange.core.book import Book
from exchange.core.state import Market, State
from exchange.core.triggers import Waiting


def lines(state: State) -> Iterator[str]:
    """The whole state as text, for a digest: each line a fact, always in the same order."""
    yield f"now {state.now} orders {state.orders_made}"
    # A refused command may have opened accounts: empty ones, which neither show nor count here.
    purses = [one for one in state.ledger.purses if one.balance]
    for asset, name, balance in sorted((p.total.asset, p.name, p.balance) for p in purses):
        yield f"money {name} {asset} {balance}"
    for market in state.markets:
        yield from _market_lines(state, market)
    for account in state.accounts[1:]:
        yield from _account_lines(state, account)


def _account_lines(state: State, account: Account) -> Iterator[str]:
    countdown = account.countdown.at if account.countdown is not None else 0
    unified = " unified" if account.is_unified else ""
    yield f"account {account.name} {account.hedges} {countdown}{unified}"
    for waiting in account.waiting.values():
        yield _waiting_line(waiting)
    for _, pool in sorted(account.pools.items()):
        yield from _pool_lines(state, pool)


def _pool_lines(state: State, pool: Pool) -> Iterator[str]:
    if pool.portfolio is not None:
        yield f"portfolio margin {pool.asset}"
    for p in pool.listed:
        if p.size or p.isolated or p.leverage != state.leverage_default(p.instrument):
            name = f"{p.instrument.symbol} {p.side}"
            yield f"{name} {p.size} {p.cost} {p.isolated} {p.leverage}"
        if p.auto_margin:
            yield f"auto margin {p.instrument.symbol} {p.side}"


def _market_lines(state: State, market: Market) -> Iterator[str]:
    model = market.model
    mark = state.marks.prices[market.instrument.index]
    yield f"market {market.instrument.symbol} {market.phase} {mark}"
    yield f"{market.last_price} {market.history_size} {market.history_cost} {market.worn.sizes()}"
    yield f"{model.index} {model.index_at} {list(model.basis)} {model.ema}"
    yield f"{model.rate} {model.next_at} {model.interval}"
    option = market.instrument.option
    if option is not None:
        yield f"option {option.volatility} {option.time_left}"
    yield f"{market.told} {market.ruled} {market.withheld} {state.phase}"
    funding, premiums = market.funding, market.funding.premiums
    yield f"{funding.is_told} {premiums.count} {premiums.total}"
    averages = funding.averages
    both = () if averages is None else (averages.mark, averages.index)
    for average in (market.average, *both):
        if average is not None:
            yield f"{average.price} {average.since} {average.weighted} {average.covered}"
    if market.book.tape is not None:
        yield f"{market.book.tape.levels_told} {market.book.tape.orders_told}"
    for single in market.single.values():
        worn = market.worn_orders.get(single.number, 0)
        yield f"order {single.number} {single.buy} {single.price} {single.size} {worn}"
    book = market.book
    for side in (book.bids, book.asks):
        for level in book.best_first(side):
            for row in book.queue(level):
                yield _row_line(book, row)


def _row_line(book: Book, row: int) -> str:
    order = book.order(row)
    price, size = book.price(book.level(row)), book.size(row)
    if order is None:
        return f"{price} {size} {number}" if (number := book.number(row)) else f"{price} {size}"
    side = order.position.side if order.position is not None else ""
    flags = f"{order.buy} {order.reduce_only} {order.post_only} {order.self_trade} {side}"
    line = f"{price} {size} {order.order_id} {order.owner} {order.ref} {flags}"
    if order.cost is not None:
        line = f"{line} {order.cost.assumed} {order.cost.mark}"
    if order.attached is None:
        return line
    hidden = f"{order.hidden} {order.display} {order.attached.expires_at}"
    return f"{line} {hidden} {order.attached.told}"


def _waiting_line(waiting: Waiting) -> str:
    ends = waiting.attached.expires_at if waiting.attached is not None else 0
    trail = f"{waiting.follows} {waiting.best} {ends} {waiting.parent}"
    return f"waiting {waiting.order_id} {waiting.command} {waiting.trigger} {trail}"

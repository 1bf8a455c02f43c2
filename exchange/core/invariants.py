"""What must hold after every command.  Broken, it is a defect of the venue: an AssertionError."""

from exchange.core.accounts import Account, Position, SpotPosition
from exchange.core.book import NONE, Order
from exchange.core.messages import PositionSide
from exchange.core.scope import Scope
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, magnitude


def check(state: State) -> None:
    """Assert every invariant of the state, from scratch."""
    state.ledger.check()
    assert state.touched.first is None, "a pool was touched and not looked at"
    assert not state.fired, "an order was triggered and not placed"
    for market in state.markets:
        market.book.check()
        _check_single(market)
        _check_positions(state, market)
        state.monitor.check(market.instrument.index)
    _check_clearing(state)
    for account in state.accounts[1:]:
        _check_orders(state, account)
        _check_margin(state, account)
        _check_rooms(state, account)


def _check_single(market: Market) -> None:
    """What rests of history's single orders is where and what the record says, or less."""
    book, symbol = market.book, market.instrument.symbol
    for number, single in market.single.items():
        assert number == single.number, f"{symbol} order {number} is mislaid"
        if single.row == NONE or book.number(single.row) != number:
            continue
        assert book.size(single.row) <= single.size, f"{symbol} order {number} is too large"
        assert book.price(book.level(single.row)) == single.price, f"{symbol} {number} strayed"
    assert all(n in market.single for n in market.worn_orders), f"{symbol} wears what is gone"


def _check_positions(state: State, market: Market) -> None:
    """Sizes sum to zero, and the list of holders is the list of open positions."""
    symbol = market.instrument.symbol
    if market.instrument.is_spot:
        assert not market.holders, f"{symbol} is spot and has positions"
        return
    total = market.history_size + sum(p.size for p in market.holders.values())
    assert total == 0, f"{symbol} positions sum to {total} lots"
    longs = max(market.history_size, 0) + sum(max(p.size, 0) for p in market.holders.values())
    assert longs == market.open_interest, f"{symbol} longs sum to {longs} lots"
    for account in state.accounts[1:]:
        for position in _positions(account, market):
            held = market.holders.get(position.holder) is position
            assert held == (position.size != 0), f"{account.name} {symbol} is mislaid"
            _check_side(account, position)
    for position in market.holders.values():
        watched = position.edges is not None or position.pool.unseen
        assert watched, f"{position.pool.account.name} {symbol} is not watched"


def _check_side(account: Account, position: Position) -> None:
    """A long is never short, and two-sided positions are those of an account that hedges."""
    name = f"{account.name} {position.instrument.symbol} {position.side}"
    if position.size:
        assert account.hedges == (position.side is not PositionSide.NET), f"{name} in wrong mode"
    if position.side is PositionSide.LONG:
        assert position.size >= 0, f"{name} is short"
    if position.side is PositionSide.SHORT:
        assert position.size <= 0, f"{name} is long"


def _check_clearing(state: State) -> None:
    """What clearing has paid out is what open positions owe: minus the sum of their costs."""
    owed = dict.fromkeys(state.funds, 0)
    for market in state.markets:
        instrument = market.instrument
        costs = market.history_cost + sum(p.cost for p in market.holders.values())
        owed[instrument.settle] += costs
        if instrument.is_spot:
            owed[instrument.base] -= int(market.history_size) * instrument.base_units
    for asset, funds in state.funds.items():
        paid = funds.clearing.balance
        assert paid == -owed[asset], f"{asset} clearing holds {paid}, positions cost {owed[asset]}"
    for market in state.markets:
        balance = market.insurance.balance
        symbol = market.instrument.symbol
        assert balance >= 0 or state.house_account, f"the insurance fund of {symbol} is in debt"


def _positions(account: Account, market: Market) -> list[Position]:
    """Every position that the account ever had in a market, open or not."""
    if market.instrument.is_spot:
        return [p for symbol, p in account.spot.items() if symbol == market.instrument.symbol]
    pool = account.pools.get(market.instrument.settle)
    found = [] if pool is None else list(pool.listed)
    return [position for position in found if position.instrument is market.instrument]


def _check_rooms(state: State, account: Account) -> None:
    """The room that a pool is said to have is no more than it has."""
    for pool in account.pools.values():
        if pool.room_at == state.marks.changes and pool.room >= 0:
            least = min((position.carried for position in pool.listed), default=RATE_ONE)
            room = state.margin(pool).available * int(least)
            assert int(pool.room) <= room, (
                f"{account.name} has room for {room}, less than {pool.room}"
            )


def _check_orders(state: State, account: Account) -> None:
    """Every open order rests in the book, and the sums of open orders are right."""
    for order in account.orders.listed():
        assert order.row != NONE, f"order {order.order_id} does not rest"
        assert order.held == order.open, f"order {order.order_id} is miscounted"
    counted = 0
    for market in state.markets:
        for position in _positions(account, market):
            orders = [o for o in account.orders.listed() if o.position is position]
            counted += len(orders)
            exits = [w for w in account.waiting.values() if w.is_exit and w.position is position]
            assert len(exits) == position.exits, f"{account.name} has miscounted exits"
            if isinstance(position, SpotPosition):
                _check_reserves(position, orders)
            else:
                _check_sums(position, orders)
    assert counted == len(account.orders), f"{account.name} has orders without a position"
    _check_names(account)


def _check_names(account: Account) -> None:
    """Refs, groups and ends are those of the orders that rest or wait, and of no others."""
    account.orders.check()
    named = {w.command.ref: w for w in account.waiting.values() if w.command.ref}
    assert account.waiting_refs == named, f"{account.name} has refs that name nothing"
    twice = [ref for ref in named if account.orders.named(ref) is not None]
    assert not twice, f"{account.name} has refs that name two orders"
    tied = [(o.order_id, o.attached) for o in account.orders.listed()]
    tied += [(w.order_id, w.attached) for w in account.waiting.values()]
    groups: dict[int, list[int]] = {}
    for order_id, attached in tied:
        if attached is not None and attached.group:
            groups.setdefault(attached.group, []).append(order_id)
        ends = attached is not None and attached.expires_at > 0
        due = attached is not None and attached.due is not None
        assert ends == due, f"order {order_id} has no end set"
    found = {group: sorted(members) for group, members in account.groups.items()}
    assert found == {group: sorted(members) for group, members in groups.items()}, (
        f"{account.name} has groups that are not its orders'"
    )


def _check_reserves(position: SpotPosition, orders: list[Order]) -> None:
    """What stands aside is what the open orders may have to pay."""
    for reserve, buy in ((position.bucket, True), (position.base_reserve, False)):
        needed = sum(position.committed(o, o.open) for o in orders if o.buy is buy)
        held = f"{reserve.name} holds {reserve.balance}"
        assert reserve.balance == needed, f"{held}, orders need {needed}"


def _check_sums(position: Position, orders: list[Order]) -> None:
    for order in orders:
        if order.cost is None:
            worth = magnitude(position.instrument.value(order.price, order.open))
            assert order.held_value == worth, f"order {order.order_id} is misvalued"
    buys = [o for o in orders if o.buy and not o.reduce_only]
    sells = [o for o in orders if not o.buy and not o.reduce_only]
    closing = sum(o.open for o in orders if o.reduce_only)
    assert position.buy_lots == sum(o.open for o in buys), "open buys are miscounted"
    assert position.buy_value == sum(o.held_value for o in buys), "open buys are misvalued"
    assert position.sell_lots == sum(o.open for o in sells), "open sells are miscounted"
    assert position.sell_value == sum(o.held_value for o in sells), "open sells are misvalued"
    losses = [sum(o.cost.held for o in side if o.cost is not None) for side in (buys, sells)]
    assert [position.buy_loss, position.sell_loss] == losses, "open losses are miscounted"
    assert position.reduce_only_lots == closing, "reduce-only orders are miscounted"
    assert closing <= magnitude(position.size), "reduce-only orders exceed the position"


def _check_margin(state: State, account: Account) -> None:
    """Every scope with a position is safe, and none without one is in debt."""
    for pool in account.pools.values():
        for position in pool.listed:
            if position.isolated:
                _check_scope(Scope(state, pool, position))
            if not pool.is_house and not (position.isolated and position.size):
                assert position.bucket.balance == 0, f"{account.name} has an idle bucket"
        _check_scope(Scope(state, pool, None))


def _check_scope(scope: Scope) -> None:
    """Safe, or in a liquidation that goes on later; without positions, not in debt."""
    name = f"{scope.pool.account.name} {scope.symbol or scope.pool.asset}"
    if scope.is_frozen():
        return
    if not scope.is_open():
        assert scope.equity() >= 0, f"{name} is in debt"
        assert not scope.distress.failing, f"{name} has nothing left to liquidate"
    elif scope.distress.failing:
        assert scope.distress.paused_until > scope.state.now, f"{name} is due for liquidation"
    else:
        assert scope.is_safe(), f"{name} is below maintenance margin"

"""The invariants notice when something is broken: each is broken here once, by hand."""

import pytest

from exchange.core.accounts import Position
from exchange.core.margin import find_room
from exchange.core.state import State
from tests.stage import DOLLAR, Stage


def stage() -> tuple[Stage, State, Position]:
    """Ann is long in cross and bob short in isolated margin; ann has open orders."""
    it = Stage()
    it.trader("ann", "bob", deposit=900)
    it.mark("BTC", 100)
    it.isolate("bob", "BTC")
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.place("ann", "BTC", 5, 90)
    it.place("ann", "BTC", -4, 110, reduce_only=True)
    state = it.venue._state
    return it, state, held(state, "ann")


def held(state: State, name: str) -> Position:
    return next(p for p in state.market_of["BTC"].holders.values() if p.pool.account.name == name)


def test_money_out_of_nowhere_is_noticed() -> None:
    it, _, position = stage()
    position.pool.wallet.balance += 1

    with pytest.raises(AssertionError, match="USD is off by 1"):
        it.venue.check()
    with pytest.raises(AssertionError, match="off by 1"):
        it.venue.check_money()


def test_money_paid_on_no_position_is_noticed() -> None:
    it, state, position = stage()
    position.pool.wallet.balance += 1
    state.funds["USD"].clearing.balance -= 1

    with pytest.raises(AssertionError, match="clearing holds"):
        it.venue.check()


def test_a_fund_in_debt_is_noticed() -> None:
    it, state, position = stage()
    position.pool.wallet.balance += 1
    state.funds["USD"].insurance.balance -= 1

    with pytest.raises(AssertionError, match="insurance fund of BTC is in debt"):
        it.venue.check()


def test_a_lot_out_of_nowhere_is_noticed() -> None:
    it, _, position = stage()
    position.size += 1

    with pytest.raises(AssertionError, match="BTC positions sum to 1"):
        it.venue.check()


def test_a_position_that_is_mislaid_is_noticed() -> None:
    it, state, position = stage()
    market = state.market_of["BTC"]
    del market.holders[position.holder]
    market.history_size += 10
    market.history_cost += position.cost

    with pytest.raises(AssertionError, match="ann BTC is mislaid"):
        it.venue.check()


def test_an_unwatched_position_is_noticed() -> None:
    it, state, position = stage()
    it.look()
    state.monitor.unwatch(position)

    with pytest.raises(AssertionError, match="ann BTC is not watched"):
        it.venue.check()


def test_a_touched_pool_that_nobody_looked_at_is_noticed() -> None:
    it, state, position = stage()
    state.touch(position.pool)

    with pytest.raises(AssertionError, match="touched and not looked at"):
        it.venue.check()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("buy_lots", "open buys are miscounted"),
        ("buy_value", "open buys are misvalued"),
        ("sell_lots", "open sells are miscounted"),
        ("sell_value", "open sells are misvalued"),
        ("buy_loss", "open losses are miscounted"),
        ("sell_loss", "open losses are miscounted"),
        ("reduce_only_lots", "reduce-only orders are miscounted"),
    ],
)
def test_open_orders_that_are_miscounted_are_noticed(field: str, message: str) -> None:
    it, _, position = stage()
    setattr(position, field, getattr(position, field) + 1)

    with pytest.raises(AssertionError, match=message):
        it.venue.check()


def test_more_room_than_a_pool_has_is_noticed() -> None:
    it, state, position = stage()
    find_room(position.pool, state.marks)
    position.pool.room += 1_000 * DOLLAR

    with pytest.raises(AssertionError, match="ann has room for"):
        it.venue.check()


def test_an_order_that_is_held_at_anothers_value_is_noticed() -> None:
    it, _, position = stage()
    order = position.pool.account.orders.listed()[0]
    order.held_value += 1
    position.buy_value += 1

    with pytest.raises(AssertionError, match=f"order {order.order_id} is misvalued"):
        it.venue.check()


def test_an_order_that_is_only_in_the_account_is_noticed() -> None:
    it, state, position = stage()
    order = position.pool.account.orders.listed()[0]
    state.market_of["BTC"].book.remove(order.row, order)

    with pytest.raises(AssertionError):
        it.venue.check()


def test_a_cross_account_below_maintenance_margin_is_noticed() -> None:
    it, state, _ = stage()
    state.marks.set(0, 10_00)

    with pytest.raises(AssertionError, match="ann USD is below maintenance margin"):
        it.venue.check()


def test_an_isolated_position_below_maintenance_margin_is_noticed() -> None:
    it, state, _ = stage()
    state.marks.set(0, 120_00)

    with pytest.raises(AssertionError, match="bob BTC is below maintenance margin"):
        it.venue.check()


def test_money_left_in_an_idle_bucket_is_noticed() -> None:
    it, _, position = stage()
    position.pool.wallet.balance -= 1
    position.bucket.balance += 1

    with pytest.raises(AssertionError, match="ann has an idle bucket"):
        it.venue.check()


def test_an_account_in_debt_is_noticed() -> None:
    it = Stage()
    it.trader("cat", deposit=1)
    (pool,) = it.venue._state.account_of["cat"].pools.values()
    pool.wallet.balance -= 200
    it.venue._state.ledger.purses[0].balance += 200

    with pytest.raises(AssertionError, match="cat USD is in debt"):
        it.venue.check()


def test_a_venue_that_is_whole_is_not_complained_about() -> None:
    it, _, _ = stage()

    it.venue.check()
    it.venue.check_money()


def test_an_exit_that_no_position_counts_is_noticed() -> None:
    it, _, position = stage()
    position.exits += 1

    with pytest.raises(AssertionError, match="ann has miscounted exits"):
        it.venue.check()

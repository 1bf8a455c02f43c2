"""What a cheap bound lets pass stands the exact look that it spares, were there no unit more."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from exchange.core.accounts import Pool, Position
from exchange.core.admission import closing_size, most_taken, trial_of, unaffordable
from exchange.core.book import Order
from exchange.core.kinds import TimeInForce
from exchange.core.liquidation import rests
from exchange.core.policies import SelfTrade
from exchange.core.state import State
from exchange.core.units import RATE_ONE, ceil_div
from exchange.core.venue import Venue
from tests.traffic import FAIR, Traffic


def plain_pools(state: State) -> list[Pool]:
    """Those whose bound is simple enough to be known, each with no unit more than that."""
    found: list[Pool] = []
    for account in state.accounts[1:]:
        for pool in account.pools.values():
            if state.has_to_spare(pool, 0) or pool.is_plain:
                leave(pool, 0)
                found.append(pool)
    return found


def leave(pool: Pool, room: int) -> None:
    """Take from the wallet, or add to it, until the pool has so much room and no unit more."""
    least = min((int(position.carried) for position in pool.listed), default=RATE_ONE)
    pool.wallet.balance += ceil_div(room - pool.room, least)
    pool.room = room


def drawn(random: Random, state: State, position: Position) -> Order:
    """An order that may rest, trade, or meet its owner's own."""
    buy, size = random.random() < 0.5, random.randint(1, 40)
    market = state.markets[position.market]
    price = random.choice((FAIR, FAIR + random.randint(-30, 30), max(1, market.last_price)))
    order = Order(
        0,
        position.pool.account.index,
        position.market,
        buy,
        price,
        size,
        position,
        time_in_force=random.choice(list(TimeInForce)),
        self_trade=random.choice(list(SelfTrade)),
    )
    closing = closing_size(position, size, buy=buy)
    if closing and random.random() < 0.3:
        order.reduce_only, order.size = True, closing
    return order


@contextmanager
def as_before(state: State) -> Iterator[None]:
    """Give every wallet and every room back what it had."""
    pools = [pool for account in state.accounts for pool in account.pools.values()]
    rooms = [(pool, pool.room, pool.room_at) for pool in pools]
    balances = [(purse, purse.balance) for purse in state.ledger.purses]
    yield
    for purse, balance in balances:
        purse.balance = balance
    for pool, room, room_at in rooms:
        pool.room, pool.room_at = room, room_at


@pytest.mark.parametrize("seed", range(24))
def test_no_order_within_the_bound_is_too_dear(seed: int) -> None:
    random, traffic = Random(seed), Traffic(Random(seed))
    venue = Venue(traffic.rulebook)
    state = venue._state
    for command in traffic.commands(venue, 300):
        venue.apply(command)
        with as_before(state):
            for position in [p for pool in plain_pools(state) for p in pool.listed]:
                market, order = state.markets[position.market], drawn(random, state, position)
                if state.mark_of(position) == 0:
                    continue
                leave(position.pool, most_taken(state, market, position, order))

                trial = trial_of(market, position, order)
                assert unaffordable(state, position, order, trial) is None
                leave(position.pool, 0)


@pytest.mark.parametrize("seed", range(24))
def test_no_pool_within_the_bound_would_be_liquidated(seed: int) -> None:
    traffic = Traffic(Random(seed))
    venue = Venue(traffic.rulebook)
    state = venue._state
    for command in traffic.commands(venue, 300):
        venue.apply(command)
        with as_before(state):
            for pool in plain_pools(state):
                assert pool.distress.failing or rests(state, pool, state.cross(pool))

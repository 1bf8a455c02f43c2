"""No order is lost or doubled, and what only reduces never does anything else."""

from random import Random

import pytest

from exchange.core.messages import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
    TradeKind,
)
from exchange.core.venue import Venue
from tests.traffic import Traffic


def open_ids(venue: Venue) -> set[int]:
    state = venue._state
    resting = {order.order_id for a in state.accounts for order in a.orders.listed()}
    return resting.union(*[a.waiting for a in state.accounts])


@pytest.mark.parametrize("seed", range(12))
def test_every_order_ends_exactly_once_or_is_still_open(seed: int) -> None:
    traffic = Traffic(Random(seed))
    venue = Venue(traffic.rulebook)
    alive: set[int] = set()
    seen: set[int] = set()
    for command in traffic.commands(venue, 400):
        for event in venue.apply(command):
            match event:
                case OrderAccepted():
                    assert event.order_id not in seen, "an id was given twice"
                    seen.add(event.order_id)
                    alive.add(event.order_id)
                case OrderTriggered() | OrderAmended():
                    assert event.order_id in alive, "something happened to an order that had ended"
                case OrderFilled(kind=TradeKind.BOOK):
                    assert event.order_id in alive, "an order traded that had ended"
                    if event.open_size == 0:
                        alive.remove(event.order_id)
                case OrderCancelled():
                    alive.remove(event.order_id)
        assert alive == open_ids(venue)


@pytest.mark.parametrize("seed", range(12))
def test_every_reduce_only_order_only_reduces(seed: int) -> None:
    traffic = Traffic(Random(seed))
    venue = Venue(traffic.rulebook)
    closing: set[int] = set()
    held: dict[tuple[str, str, str], int] = {}
    for command in traffic.commands(venue, 400):
        for event in venue.apply(command):
            if isinstance(event, OrderAccepted) and event.reduce_only:
                closing.add(event.order_id)
            if isinstance(event, OrderFilled) and event.kind is not TradeKind.ADL:
                key = event.account, event.symbol, event.position_side
                before = held.get(key, 0)
                if event.order_id in closing and key in held:
                    assert abs(event.position) == abs(before) - event.size, f"{event} increased"
                held[key] = event.position
        for position in positions(venue):
            held[position[0]] = position[1]


def positions(venue: Venue) -> list[tuple[tuple[str, str, str], int]]:
    """What everybody holds, flat positions among it."""
    pools = [pool for account in venue._state.accounts for pool in account.pools.values()]
    return [
        ((pool.account.name, p.instrument.symbol, p.side), p.size)
        for pool in pools
        for p in pool.listed
    ]

"""Spot: what an order needs is there before it rests, and stays there until it trades or ends."""

from exchange.core.accounts import Account, Pool, SpotPosition
from exchange.core.book import Order
from exchange.core.finding import Refusal
from exchange.core.messages import Reject
from exchange.core.state import State
from exchange.core.units import Lots, Money


def reserved(account: Account, pool: Pool) -> Money:
    """What stands aside of a pool's asset for open spot orders."""
    return sum(
        (position.bucket if position.pool is pool else position.base_reserve).balance
        for position in account.spot.values()
        if pool in (position.pool, position.base)
    )


def draws_on(order: Order, pool: Pool) -> bool:
    """Whether an open order holds money of a pool in reserve."""
    position = order.position
    if not isinstance(position, SpotPosition):
        return False
    return (position.pool if order.buy else position.base) is pool


def unaffordable(
    state: State,
    position: SpotPosition,
    order: Order,
    taken: Lots,
    taking: Money,
    resting: Lots,
    instead_of: Order | None,
) -> Refusal | None:
    """Why the wallet cannot pay, or None.

    `taken` would trade at once, for `taking` of quote money, and `resting` would then rest.
    """
    instrument = position.instrument
    pool, asset = position.pool, instrument.settle
    needed = taking + position.committed(order, resting)
    if not order.buy:
        pool, asset = position.base, instrument.base
        needed = (taken + resting) * instrument.base_units
    free = state.margin(pool).withdrawable + (instead_of.held_value if instead_of else 0)
    if needed <= free:
        return None
    found, expected = state.money_text(asset, free), state.money_text(asset, needed)
    return Refusal(
        Reject.INSUFFICIENT_BALANCE, f"free {asset} was {found}, expected {expected} or more"
    )

"""What an account has, holds and has open, straight from the venue's state.

A view tells the same.  It tells at which prices positions end, too, which it has to search for:
too slow for tests that look at everybody after every command.
"""

from exchange.core.accounts import Account, Pool
from exchange.core.messages import AccountView, OrderView, PositionSide
from exchange.core.spot import reserved
from exchange.core.units import Lots, Money
from exchange.core.venue import Venue
from exchange.core.views import _orders

Side = tuple[str, PositionSide]


def money(venue: Venue, name: str, asset: str) -> Money:
    """Its wallet, its buckets, and what stands aside for spot orders."""
    account, pool = _pool(venue, name, asset)
    if pool is None:
        return 0
    buckets = sum(p.bucket.balance for p in pool.listed if p.isolated and p.size)
    return pool.wallet.balance + buckets + reserved(account, pool)


def sizes(venue: Venue, name: str, asset: str) -> dict[Side, Lots]:
    """Open positions that settle in an asset."""
    _, pool = _pool(venue, name, asset)
    if pool is None:
        return {}
    return {(p.instrument.symbol, p.side): p.size for p in pool.listed if p.size}


def orders(venue: Venue, name: str, asset: str) -> list[OrderView]:
    """What rests in the books."""
    return _orders(venue._state, venue._state.account_of[name], asset)


def waiting(venue: Venue, name: str) -> dict[int, Lots]:
    """What waits for its trigger, whatever it settles in."""
    account = venue._state.account_of[name]
    return {w.order_id: w.command.size for w in account.waiting.values()}


def check_view(venue: Venue, view: AccountView) -> None:
    """A view tells the same as what is here."""
    name, asset = view.account, view.asset
    assert view.total - sum(p.unrealised_pnl for p in view.positions) == money(venue, name, asset)
    assert {(p.symbol, p.position_side): p.size for p in view.positions} == sizes(
        venue, name, asset
    )
    assert list(view.orders) == orders(venue, name, asset)
    there = waiting(venue, name)
    assert all(there[w.order_id] == w.size for w in view.waiting)


def _pool(venue: Venue, name: str, asset: str) -> tuple[Account, Pool | None]:
    account = venue._state.account_of[name]
    return account, account.pools.get(asset)

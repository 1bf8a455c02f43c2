"""Cancelling: one order, all of them, and those whose time is over."""

from exchange.core.accounts import Account
from exchange.core.alarms import Alarm, Due
from exchange.core.book import Order
from exchange.core.finding import Refusal, account_named, halted, market_named
from exchange.core.messages import (
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    CancelReason,
    CountdownSet,
    Phase,
    Reject,
)
from exchange.core.resting import cancel, cancel_all
from exchange.core.state import State
from exchange.core.triggers import Waiting
from exchange.core.waiting import cancel_waiting


def find(account: Account, order_id: int, order_ref: int) -> Order | Waiting | Refusal:
    """An open order by the venue's id or, where that is 0, by the client's ref."""
    order = _find_resting(account, order_id, order_ref)
    return _find_waiting(account, order_id, order_ref) if order is None else order


def _find_resting(account: Account, order_id: int, order_ref: int) -> Order | None:
    if order_id:
        return account.orders.of(order_id)
    return account.orders.named(order_ref) if order_ref else None


def _find_waiting(account: Account, order_id: int, order_ref: int) -> Waiting | Refusal:
    waits, refs = account.waiting, account.waiting_refs
    waiting = waits.get(order_id) if order_id else refs.get(order_ref)
    if waiting is not None:
        return waiting
    name = f"order {order_id}" if order_id else f"ref {order_ref}"
    return Refusal(Reject.UNKNOWN_ORDER, f"{name} is not open")


def cancel_one(state: State, command: CancelOrder) -> Refusal | None:
    """Cancel one order, resting or waiting."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    return cancel_found(state, account, command.order_id, command.order_ref)


def cancel_found(state: State, account: Account, order_id: int, order_ref: int) -> Refusal | None:
    """Cancel an order of an account that is named as in `find`, by whichever door that came."""
    order = _find_resting(account, order_id, order_ref)
    if order is None:
        return _cancel_waiting(state, account, order_id, order_ref)
    market = state.markets[order.market]
    if market.phase is Phase.PAUSED:
        return halted(market)
    cancel(state, market, order, CancelReason.CLIENT)
    return None


def _cancel_waiting(
    state: State, account: Account, order_id: int, order_ref: int
) -> Refusal | None:
    """The same of an order that waits, if there is such a one."""
    waiting = _find_waiting(account, order_id, order_ref)
    if isinstance(waiting, Refusal):
        return waiting
    market = state.markets[waiting.position.market]
    if market.phase is Phase.PAUSED:
        return halted(market)
    cancel_waiting(state, waiting, CancelReason.CLIENT)
    return None


def cancel_many(state: State, command: CancelAll) -> Refusal | None:
    """Cancel all orders of an account, or those in one market; none where it is paused."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    market = market_named(state, command.symbol) if command.symbol else None
    if isinstance(market, Refusal):
        return market
    if market is not None and market.phase is Phase.PAUSED:
        return halted(market)
    if market is None and any(m.phase is Phase.PAUSED for m in state.markets):
        for home in state.markets:
            if home.phase is not Phase.PAUSED:
                cancel_all(state, account, home, command.reason)
        return None
    cancel_all(state, account, market, command.reason)
    return None


def cancel_all_after(state: State, command: CancelAllAfter) -> Refusal | None:
    """Set the dead man's switch, set it anew, or switch it off."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    if command.timeout < 0:
        return Refusal(Reject.BAD_EXPIRY, f"timeout was {command.timeout} ns, expected 0 or more")
    if account.countdown is not None:
        state.alarms.drop(account.countdown)
        account.countdown = None
    if command.timeout:
        at = state.now + command.timeout
        account.countdown = Due(at, Alarm.COUNTDOWN, 0, account.index)
        state.alarms.set(account.countdown)
    _announce_countdown(state, account, command.ref)
    return None


def _announce_countdown(state: State, account: Account, ref: int) -> None:
    expires_at = 0 if account.countdown is None else account.countdown.at
    state.emit(CountdownSet(at=state.now, account=account.name, ref=ref, expires_at=expires_at))


def count_down(state: State, account: Account) -> None:
    """The dead man has not moved: all his orders are cancelled, and the switch is off."""
    account.countdown = None
    _announce_countdown(state, account, 0)
    cancel_all(state, account, None, CancelReason.COUNTDOWN)


def expire_order(state: State, account: Account, order_id: int) -> None:
    """A GTD order's time is over, whether it rests or still waits."""
    resting = account.orders.of(order_id)
    attached = account.waiting[order_id].attached if resting is None else resting.attached
    assert attached is not None, "an order that expires was told so"
    attached.due = None
    if resting is None:
        cancel_waiting(state, account.waiting[order_id], CancelReason.EXPIRED)
    else:
        cancel(state, state.markets[resting.market], resting, CancelReason.EXPIRED)

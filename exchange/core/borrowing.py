"""The unified account: going over to it, and interest on balances below zero."""

from typing import Final

from exchange.core.accounts import Account, Pool
from exchange.core.alarms import Alarm, Due
from exchange.core.collateral import stand_alone
from exchange.core.finding import Refusal, account_named
from exchange.core.ledger import Reason, transfer
from exchange.core.messages import (
    AccountMode,
    AccountModeChanged,
    InterestPaid,
    Reject,
    SetAccountMode,
)
from exchange.core.state import State
from exchange.core.units import RATE_ONE, SECOND, Nanos, ceil_div

HOUR: Final = 3600 * SECOND


def set_account_mode(state: State, command: SetAccountMode) -> Refusal | None:
    """Let an account's assets stand together, or each alone; either must have margin enough."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    unified = command.mode is AccountMode.UNIFIED
    refusal = _not_offered(state, unified=unified)
    if refusal is None and unified != account.is_unified:
        refusal = _unite(state, account) if unified else _part(state, account)
    if refusal is not None:
        return refusal
    for pool in account.pools.values():
        state.touch(pool)
    state.emit(
        AccountModeChanged(
            at=state.now, account=command.account, ref=command.ref, mode=command.mode
        )
    )
    return None


def _not_offered(state: State, *, unified: bool) -> Refusal | None:
    rules, title = state.collateral, state.rulebook.title
    if unified and not rules.currency:
        return Refusal(Reject.NOT_OFFERED, f"{title} has no unified account")
    if unified and rules.currency not in state.funds:
        return Refusal(Reject.UNKNOWN_INSTRUMENT, f"no instrument settles in {rules.currency}")
    if not unified and rules.currency and not rules.optional:
        return Refusal(Reject.NOT_OFFERED, f"{title} has unified accounts only")
    return None


def _unite(state: State, account: Account) -> Refusal | None:
    if any(pool.is_failing for pool in account.pools.values()):
        return Refusal(Reject.OPEN_POSITIONS, "the account was being liquidated")
    refusal = _in_portfolio(account)
    if refusal is not None:
        return refusal
    state.unify(account)
    lead = account.pools[state.collateral.currency]
    whole = state.whole(lead)
    if whole.equity >= whole.initial:
        return None
    stand_alone(account)
    return _short(state, lead, whole.equity, whole.initial)


def _in_portfolio(account: Account) -> Refusal | None:
    """The terms of portfolio margin are others for one asset and for several."""
    for pool in account.pools.values():
        if pool.portfolio is not None:
            return Refusal(
                Reject.NOT_OFFERED, f"{pool.asset} was in portfolio margin, expected cross margin"
            )
    return None


def _part(state: State, account: Account) -> Refusal | None:
    lead = account.pools[state.collateral.currency]
    if lead.is_failing:
        return Refusal(Reject.OPEN_POSITIONS, "the account was being liquidated")
    refusal = _in_portfolio(account)
    if refusal is not None:
        return refusal
    stand_alone(account)
    for pool in account.pools.values():
        margin = state.margin(pool)
        if min(margin.wallet, margin.available) < 0:
            state.unify(account)
            return _short(state, pool, margin.equity, max(margin.initial, 0))
    for pair in lead.guards.values():
        for guard in pair:
            state.monitor.unwatch(guard)
    lead.guards = {}
    return None


def _short(state: State, pool: Pool, found: int, expected: int) -> Refusal:
    has, needs = state.money_text(pool.asset, found), state.money_text(pool.asset, expected)
    return Refusal(
        Reject.INSUFFICIENT_MARGIN, f"{pool.asset} equity was {has}, expected {needs} or more"
    )


def expect_interest(state: State, lead: Pool) -> None:
    """Let the next hour's interest come, where an account owes what costs some."""
    assets = state.collateral.assets
    if state.collateral.is_interest_due or not any(
        pool.wallet.balance < 0 and assets[pool.asset].interest for pool in lead.members
    ):
        return
    state.collateral.is_interest_due = True
    state.alarms.set(Due(next_hour(state.now), Alarm.INTEREST, 0))


def next_hour(now: Nanos) -> Nanos:
    """The next whole hour."""
    return (now // HOUR + 1) * HOUR


def charge_interest(state: State) -> None:
    """An hour is over: whoever owes pays for it, rounded up to a unit."""
    state.collateral.is_interest_due = False
    for account in state.accounts:
        if account.is_unified:
            for pool in account.pools[state.collateral.currency].members:
                _charge(state, pool)


def _charge(state: State, pool: Pool) -> None:
    borrowed, rate = -pool.wallet.balance, state.collateral.assets[pool.asset].interest
    amount = ceil_div(borrowed * rate, RATE_ONE)
    if borrowed <= 0 or amount == 0:
        return
    transfer(pool.wallet, state.funds[pool.asset].interest, amount, Reason.INTEREST)
    state.touch(pool)
    state.emit(
        InterestPaid(
            at=state.now,
            account=pool.account.name,
            asset=pool.asset,
            borrowed=borrowed,
            rate=rate,
            amount=amount,
            wallet=pool.wallet.balance,
        )
    )

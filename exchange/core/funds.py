"""Money in and out: who may bring it, and how much may leave."""

from exchange.core.finding import Refusal, account_named
from exchange.core.ledger import FUND, Reason, transfer
from exchange.core.messages import (
    AccountOpened,
    Deposit,
    Deposited,
    OpenAccount,
    Reject,
    Withdraw,
    Withdrawn,
)
from exchange.core.state import VENUE_ACCOUNTS, State
from exchange.core.units import Money


def open_account(state: State, command: OpenAccount) -> Refusal | None:
    """Admit a trader."""
    name = command.account
    if name in VENUE_ACCOUNTS or name.startswith(FUND) or not name:
        return Refusal(Reject.RESERVED_ACCOUNT, f"account was {name!r}, which is reserved")
    if name in state.account_of:
        return Refusal(Reject.ACCOUNT_EXISTS, f"account {name!r} is open already")
    currency = state.collateral.currency
    if currency and not state.collateral.optional and currency not in state.funds:
        return Refusal(Reject.UNKNOWN_INSTRUMENT, f"no instrument settles in {currency}")
    state.open_account(name)
    state.emit(AccountOpened(at=state.now, account=name))
    return None


def deposit(state: State, command: Deposit) -> Refusal | None:
    """Bring money in from outside."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    refusal = _bad_amount(state, command.asset, command.amount)
    if refusal is not None:
        return refusal
    pool = state.pool(account, command.asset)
    outside = state.funds[command.asset].outside
    transfer(outside, pool.wallet, command.amount, Reason.DEPOSIT)
    state.touch(pool)
    state.emit(
        Deposited(
            at=state.now,
            account=command.account,
            ref=command.ref,
            asset=command.asset,
            amount=command.amount,
            wallet=pool.wallet.balance,
        )
    )
    return None


def withdraw(state: State, command: Withdraw) -> Refusal | None:
    """Take money out, as far as it is free of margin."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    refusal = _bad_amount(state, command.asset, command.amount)
    if refusal is not None:
        return refusal
    pool = account.pools.get(command.asset)
    free = state.margin(pool).withdrawable if pool is not None else 0
    if pool is None or command.amount > free:
        detail = f"amount was {command.amount} units, expected {free} at most"
        return Refusal(Reject.INSUFFICIENT_MARGIN, detail)
    outside = state.funds[command.asset].outside
    transfer(pool.wallet, outside, command.amount, Reason.WITHDRAWAL)
    state.touch(pool)
    state.emit(
        Withdrawn(
            at=state.now,
            account=command.account,
            ref=command.ref,
            asset=command.asset,
            amount=command.amount,
            wallet=pool.wallet.balance,
        )
    )
    return None


def _bad_amount(state: State, asset: str, amount: Money) -> Refusal | None:
    if asset not in state.funds:
        return Refusal(Reject.UNKNOWN_INSTRUMENT, f"no instrument settles in {asset!r}")
    if amount <= 0:
        return Refusal(Reject.AMOUNT_NOT_POSITIVE, f"amount was {amount} units, expected 1 or more")
    return None

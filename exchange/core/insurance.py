"""The insurance fund: what it takes in, and what it pays for."""

from exchange.core.accounts import STALE, Pool
from exchange.core.ledger import Reason, transfer
from exchange.core.messages import (
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LossUncovered,
)
from exchange.core.policies import FeeCap, Leftover
from exchange.core.scope import Scope, Stake
from exchange.core.socialise import share_out
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, ceil_div, magnitude


def spendable(state: State, market: Market) -> Money:
    """What a contract's fund may pay now; losses of the venue's own positions are its losses."""
    most = state.reserves.spendable(market.insurance, state.now)
    if state.house_account is None:
        return most
    pool = state.pool(state.house_account, market.instrument.settle)
    own = next((p for p in pool.listed if p.bucket is market.insurance), None)
    if own is None and market.insurance is not pool.wallet:
        return most
    return max(0, min(most, Scope(state, pool, own).equity()))


def charge(stake: Stake, market: Market, traded: Money, closed: Lots) -> None:
    """The liquidation fee on what was closed in the book; never more than its cap."""
    scope, state = stake.scope, stake.scope.state
    fee = ceil_div(traded * scope.fee_rate(), RATE_ONE)
    cap = scope.backing(market.instrument.settle)
    if state.rulebook.liquidation.fee_cap is FeeCap.LEFTOVER:
        cap = min(cap, stake.left_of(closed))
    elif state.rulebook.liquidation.fee_cap is FeeCap.EASED:
        theirs = ceil_div((stake.needed - stake.equity) * closed, magnitude(stake.sides.size))
        cap = min(cap, (stake.eased() - theirs) * state.liquidation_fee.cap_share // RATE_ONE)
    fee = max(0, min(fee, cap))
    if fee == 0:
        return
    _move(scope, market, fee, Reason.LIQUIDATION_FEE)
    state.emit(
        LiquidationFeeCharged(
            at=state.now,
            account=scope.pool.account.name,
            symbol=market.instrument.symbol,
            asset=market.instrument.settle,
            notional=traded,
            fee=fee,
            insurance_fund=market.insurance.balance,
        )
    )


def take_leftover(scope: Scope, market: Market, leftover: Money) -> None:
    """What closing a position whole has left of its backing, where the rulebook gives it away.

    What the venue's own position leaves is the fund's already.
    """
    state = scope.state
    amount = min(leftover, scope.backing(market.instrument.settle))
    if (
        scope.pool.is_house
        or state.rulebook.liquidation.leftover is not Leftover.FUND
        or amount <= 0
    ):
        return
    _give(scope, market, amount)


def _give(scope: Scope, market: Market, amount: Money) -> None:
    state = scope.state
    _move(scope, market, amount, Reason.LEFTOVER)
    state.emit(
        LeftoverTaken(
            at=state.now,
            account=scope.pool.account.name,
            symbol=market.instrument.symbol,
            asset=market.instrument.settle,
            amount=amount,
            insurance_fund=market.insurance.balance,
        )
    )


def take_rest(scope: Scope, market: Market) -> None:
    """All that is left in a scope that the venue has taken over."""
    amount = scope.backing(market.instrument.settle)
    if amount > 0:
        _give(scope, market, amount)


def _move(scope: Scope, market: Market, amount: Money, reason: Reason) -> None:
    """From what stands behind a scope into the fund."""
    state = scope.state
    purse = scope.purse_of(market.instrument.settle)
    transfer(purse, market.insurance, amount, reason)
    scope.pool.room_at = STALE
    state.reserves.note(market.insurance, state.now)


def cover(scope: Scope, market: Market | None = None) -> None:
    """Bring a negative equity back to zero: from the fund, then from others, then as uncovered.

    While positions are left, only the fund pays.  Without a `market`, it is the fund of the first
    contract that the account has traded.
    """
    if market is None and scope.is_unified:
        _cover_debts(scope)
        return
    market = market or _first_market(scope)
    if market is not None:
        _cover(scope, market, -scope.backing(market.instrument.settle))


def make_good(stake: Stake, market: Market, closed: Lots) -> None:
    """Let the fund pay what closing some of a position cost beyond what stood behind it.

    Where all of the equity stands behind every position, that is what the scope owes.  By
    maintenance margin it is what the position had too little of, though there is equity behind
    others: dYdX's fund pays the distance of each fill from the bankruptcy price, and no more
    (GetLiquidationInsuranceFundDelta in its code).
    """
    if stake.shares:
        _cover(stake.scope, market, -stake.left_of(closed) if closed else 0)
    else:
        cover(stake.scope, market)


def _cover_debts(scope: Scope) -> None:
    """What a unified account owes, when it has nothing left to repay it with: asset by asset."""
    if scope.is_safe():
        return
    for pool in scope.debts():
        market = _first_market_in(scope.state, pool)
        if market is not None:
            _cover(scope, market, -pool.wallet.balance)


def _cover(scope: Scope, market: Market, debt: Money) -> None:
    if debt <= 0:
        return
    state, asset = scope.state, market.instrument.settle
    if scope.is_unified:
        state.touch(scope.pool)  # what it owes now may be within its limit, or beyond
    # The venue's own account is the fund: where it fails, at an expiry, nobody stands behind it.
    paid = 0 if scope.pool.is_house else min(debt, spendable(state, market))
    if paid:
        purse = scope.purse_of(asset)
        transfer(market.insurance, purse, paid, Reason.INSURANCE)
        state.reserves.note(market.insurance, state.now)
        state.emit(
            InsuranceFundPaid(
                at=state.now,
                account=scope.pool.account.name,
                symbol=scope.symbol,
                asset=asset,
                amount=paid,
                insurance_fund=market.insurance.balance,
            )
        )
    if debt > paid and not scope.positions():
        _leave_uncovered(scope, market, share_out(scope, market, debt - paid))


def _first_market(scope: Scope) -> Market | None:
    if scope.isolated is not None:
        return scope.state.markets[scope.isolated.instrument.index]
    return _first_market_in(scope.state, scope.pool)


def _first_market_in(state: State, pool: Pool) -> Market | None:
    """The first contract of an asset that the account has traded; any contract else."""
    # A refused order leaves a position behind that was never held, and must change nothing.
    held = next((p for p in pool.listed if p.has_traded), None)
    if held is not None:
        return state.markets[held.instrument.index]
    others = [m for m in state.markets if m.instrument.settle == pool.asset]
    return others[0] if others else None


def _leave_uncovered(scope: Scope, market: Market, amount: Money) -> None:
    if amount == 0:
        return
    state, asset = scope.state, market.instrument.settle
    transfer(market.funds.uncovered, scope.purse_of(asset), amount, Reason.UNCOVERED)
    state.emit(
        LossUncovered(
            at=state.now,
            account=scope.pool.account.name,
            symbol=scope.symbol,
            asset=asset,
            amount=amount,
        )
    )

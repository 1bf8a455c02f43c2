"""What a trade does to an account: position, realised PnL, fee, and isolated margin.

Cross positions settle with the wallet.  An isolated position takes its margin from the wallet when
it opens, settles with its bucket, and gives the bucket's share back when it closes; in liquidation
the bucket gives nothing back until the end.  It never takes what cross positions need to be safe.
A spot trade moves base and quote between wallets.
"""

from mypy_extensions import i64

from exchange.core.accounts import NO_ROOM, STALE, Pool, Position, SpotPosition
from exchange.core.ledger import Reason, transfer
from exchange.core.margin import taken_by
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, Rate, ceil_div, fee_of, magnitude, times


def settle_history(market: Market, lots: i64, value: Money) -> None:
    """Let history take `lots` (signed) for `value`; it has no money, only a tally."""
    before = max(market.history_size, 0)
    market.history_size += lots
    market.open_interest += max(market.history_size, 0) - before
    market.history_cost += value


def settle(
    state: State, market: Market, position: Position, lots: i64, value: Money, fee_rate: i64
) -> tuple[Money, Money]:
    """Take `lots` (signed) for `value` into a position, for a fee of `fee_rate` of the notional.

    Returns the PnL this realises and the fee, which is in `fee_asset`.  Fees round up, so that a
    fee is never less and a rebate never more than its rate.
    """
    if isinstance(position, SpotPosition):
        return 0, _settle_spot(state, market, position, lots, value, fee_rate)
    held, pool = position.size, position.pool
    realised = position.trade(lots, value)
    notional = value if value >= 0 else -value
    fee = fee_of(notional, fee_rate)
    if position.isolated:
        _settle_alone(state, market, position, held, lots, value, realised, fee)
        pool.room_at = STALE
    else:
        market.funds.settle(pool.wallet, realised, fee)
        taken = taken_by(position, lots if lots > 0 else -lots, notional, fee, buy=lots > 0)
        if taken < pool.room:
            pool.room -= taken
        else:
            pool.room = NO_ROOM
    after = held + lots
    market.open_interest += max(after, 0) - max(held, 0)
    if held == 0 or after == 0 or market.instrument.crowded_to:
        note_interest(state, market, position, held)
    state.look_at(pool)
    return realised, fee


def fee_asset(market: Market, lots: Lots) -> str:
    """What the fee on a trade of `lots` (signed) is taken in; empty: the settlement asset."""
    if not market.instrument.is_spot:
        return ""
    return market.instrument.base if lots > 0 else market.instrument.settle


def note_interest(state: State, market: Market, position: Position, held: i64) -> None:
    """Keep the list of open positions, and what hangs on open interest, true after one changed.

    It was `held` before.
    """
    if held == 0:
        market.holders[position.holder] = position
    elif position.size == 0:
        del market.holders[position.holder]
    market.instrument.crowd(state.mark_of(position), market.open_interest)


def _settle_alone(
    state: State,
    market: Market,
    position: Position,
    held: Lots,
    lots: Lots,
    value: Money,
    realised: Money,
    fee: Money,
) -> None:
    """Settle with the bucket; the fee comes from the wallet, as far as that can spare it."""
    transfer(market.funds.clearing, position.bucket, realised, Reason.REALISED_PNL)
    if not position.pool.is_house:
        _move_bucket(state, position, held, lots, value, realised)
    own = max(0, fee - _spare(state, position.pool))
    transfer(position.bucket, market.funds.fees, own, Reason.TRADING_FEE)
    transfer(position.pool.wallet, market.funds.fees, fee - own, Reason.TRADING_FEE)


def _move_bucket(
    state: State, position: Position, held: Lots, lots: Lots, value: Money, realised: Money
) -> None:
    """Give back the part of the bucket that `lots` close, with its PnL; fund what they open.

    `held` was the position before; `value` is that of all the lots.
    """
    closing = min(magnitude(lots), magnitude(held)) if (lots > 0) != (held > 0) else 0
    opening = magnitude(lots) - closing
    wallet, bucket = position.pool.wallet, position.bucket.balance
    if closing and not position.distress.failing:
        share = (bucket - realised) * closing // abs(held) + realised
        # A debt stays in the bucket: the wallet does not answer for it, the waterfall does.
        released = max(min(share, bucket), 0)
        transfer(position.bucket, wallet, released, Reason.ISOLATED_MARGIN)
    if opening:
        opened = times(magnitude(value), opening) // magnitude(lots)
        needed = position.instrument.isolated_margin(opened, opening, position.leverage)
        granted = min(needed, _spare(state, position.pool))
        transfer(wallet, position.bucket, granted, Reason.ISOLATED_MARGIN)


def _spare(state: State, pool: Pool) -> Money:
    """What the wallet can give without putting cross positions into liquidation.

    A resting order was affordable when it was placed; cross positions may have lost since.
    """
    margin = state.margin(pool) if pool.is_unified else state.cross(pool)
    return margin.spare(state.lines)


def _settle_spot(
    state: State, market: Market, position: SpotPosition, lots: Lots, value: Money, fee_rate: Rate
) -> Money:
    """Quote money one way, base the other; the fee, which this returns, is of what is received."""
    instrument = market.instrument
    quote, base = market.funds, state.funds[instrument.base]
    units = lots * instrument.base_units
    transfer(position.pool.wallet, quote.clearing, value, Reason.SPOT_TRADE)
    transfer(base.clearing, position.base.wallet, units, Reason.SPOT_TRADE)
    if lots > 0:
        fee = ceil_div(units * fee_rate, RATE_ONE)
        transfer(position.base.wallet, base.fees, fee, Reason.TRADING_FEE)
    else:
        fee = ceil_div(-value * fee_rate, RATE_ONE)
        transfer(position.pool.wallet, quote.fees, fee, Reason.TRADING_FEE)
    state.touch(position.pool)
    state.touch(position.base)
    return fee
